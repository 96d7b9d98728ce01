"""Fixtures of the fault tests."""

import asyncio
from collections.abc import Iterator

import pytest

from tests.faults.environment import postgres
from tests.temporary_postgres import forget_the_disk, in_memory


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    """Yields the URL of a Postgres with a template of a migrated database.

    `python -m tests.faults` has one that waits for the disk, as in production.
    """
    with postgres(in_memory()) as url:
        asyncio.run(forget_the_disk(url))
        yield url
