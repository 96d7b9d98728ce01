"""A test's settings are its own: neither the shell's nor those of a system beside it."""

from collections.abc import Iterator

import pytest

from server.settings import GatewaySettings


@pytest.fixture(scope="module")
def beside() -> Iterator[None]:
    """Sets the environment for longer than a test, as a system for the session does."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("IMGGEN_IMAGE_SAFETY", "openai")
        yield


@pytest.mark.usefixtures("beside")
def test_the_settings_of_a_system_beside_a_test_are_not_the_tests() -> None:
    assert GatewaySettings().image_safety == "none"
