"""The options of the gRPC server: gRPC silently ignores one that it does not know."""

from importlib.util import find_spec
from pathlib import Path

import pytest

from server.edge.endpoint import _options
from server.settings import GatewaySettings


@pytest.mark.parametrize("name", [name for name, _ in _options(GatewaySettings())])
def test_every_option_is_one_that_grpc_knows(name: str) -> None:
    library = find_spec("grpc._cython.cygrpc")
    assert library is not None
    assert library.origin is not None
    assert name.encode() in Path(library.origin).read_bytes()
