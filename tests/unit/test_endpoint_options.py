"""The options of the gRPC server: one that gRPC does not know is ignored without a word."""

from pathlib import Path

import pytest
from grpc._cython import cygrpc

from server.endpoint import _options
from server.settings import GatewaySettings


@pytest.mark.parametrize("name", [name for name, _ in _options(GatewaySettings())])
def test_every_option_is_one_that_grpc_knows(name: str) -> None:
    assert name.encode() in Path(cygrpc.__file__).read_bytes()
