"""A Postgres server for the length of a block."""

import asyncio
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import asyncpg

from cluster.embedded.guardian import guarded_folder
from cluster.embedded.postgres import embedded_postgres

# They guard against a crash of the machine, after which nobody reads these data; those of a killed
# server are whole without them. With them the tests wait for the disk most of their time.
_FOR_THE_MACHINE = ("fsync", "full_page_writes")
_MEMORY = Path("/dev/shm")
_ROOM = 2 << 30
"""Its data with the log of writes and some databases at once have a quarter of this."""


@contextmanager
def temporary_postgres() -> Iterator[str]:
    """Yields the URL of a Postgres server on new data, which are removed at the end."""
    with (
        guarded_folder("imggen-postgres-", in_memory()) as folder,
        embedded_postgres(folder / "data") as url,
    ):
        asyncio.run(forget_the_disk(url))
        yield url


def in_memory() -> Path | None:
    """Returns a folder whose files are in memory; None where there is none with enough room.

    A database per test is hundreds of files that are written and removed at once. Containers often
    have 64 MB there.
    """
    if not os.access(_MEMORY, os.W_OK) or shutil.disk_usage(_MEMORY).free < _ROOM:
        return None
    return _MEMORY


async def forget_the_disk(url: str) -> None:
    """Has a server write from now on without waiting for the disk."""
    connection = await asyncpg.connect(url)
    try:
        for name in _FOR_THE_MACHINE:
            await connection.execute(f"ALTER SYSTEM SET {name} = off")
        await connection.execute("SELECT pg_reload_conf()")
    finally:
        await connection.close()
