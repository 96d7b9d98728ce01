"""Settings and fixtures of every suite."""

import signal
from collections.abc import Iterator

import pytest
from hypothesis import settings

from tests.wire.server import WireServer

# A shell's background job ignores Ctrl-C, and so would the processes that tests interrupt.
signal.signal(signal.SIGINT, signal.default_int_handler)

# A slow machine is no bug: no test asserts on time, and neither should Hypothesis.
settings.register_profile("imggen", deadline=None)
settings.load_profile("imggen")


@pytest.fixture
def wire() -> Iterator[WireServer]:
    """Yields a stand-in for OpenAI's images API, with good answers until a test scripts others."""
    with WireServer() as server:
        yield server
