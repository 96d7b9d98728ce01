"""Settings and fixtures of every suite."""

import os
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


@pytest.fixture(autouse=True)
def own_settings(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Hides the environment's settings, but for tests of `local`, whose settings they are.

    Otherwise those of the shell, or of a system that runs for the session, would be those of every
    gateway and worker that a test opens in its own process.
    """
    if "local" in request.fixturenames or "live" in request.keywords:
        return
    for name in [name for name in os.environ if name.startswith("IMGGEN_")]:
        monkeypatch.delenv(name)


@pytest.fixture
def wire() -> Iterator[WireServer]:
    """Yields a stand-in for OpenAI's images API, with good answers until a test scripts others."""
    with WireServer() as server:
        yield server
