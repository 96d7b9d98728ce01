"""Fixtures of the fault tests."""

from collections.abc import Iterator

import pytest

from tests.faults.environment import postgres


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    """Yields the URL of a Postgres with a template of a migrated database."""
    with postgres() as url:
        yield url
