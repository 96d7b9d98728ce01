import pytest

from server.safety.folding import Folding, load_folding
from server.safety.gate import TextGate, load_gate
from server.safety.lists import Lists, load_lists


@pytest.fixture(scope="session")
def folding() -> Folding:
    return load_folding()


@pytest.fixture(scope="session")
def lists(folding: Folding) -> Lists:
    return load_lists(folding)


@pytest.fixture(scope="session")
def gate() -> TextGate:
    return load_gate()
