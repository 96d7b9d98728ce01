"""Migrations: bring a database to the schema of this version."""

import asyncio
from collections.abc import Callable
from importlib.resources import files

from server.causes import CannotStart
from server.databases import Address
from server.store.database import Executor, unavailable_when_away
from server.store.encoding import require_utf8
from server.store.opening import connected, needing_database, require_one_database
from server.store.pooling import lasting_session, pooler_of

# Any number, as long as all versions of imggen use the same.
_LOCK = 0x1399E4
_PAUSE_S = 2.0


async def migrate(where: str | Address) -> list[str]:
    """Applies the migrations that the database lacks, in order, and returns their names.

    Many processes may call it at once: an advisory lock lets one apply them while the
    others wait. Each migration commits together with the row that says it was applied. Raises
    UnfitPooler where the lock would stay in a pooler, and CannotStart where the
    two URLs of the address lead to different databases.
    """
    address = Address.of(where)
    await require_one_database(address)
    with unavailable_when_away():
        if address.pooler == "session":
            await pooler_of(address)
        connection = await lasting_session(address)
    try:
        await require_utf8(connection)
        await connection.execute("SELECT pg_advisory_lock($1)", _LOCK)
        await connection.execute(
            "CREATE TABLE IF NOT EXISTS migrations"
            " (name text PRIMARY KEY, applied_at timestamptz NOT NULL DEFAULT now())"
        )
        done = {row["name"] for row in await connection.fetch("SELECT name FROM migrations")}
        missing = [name for name in names() if name not in done]
        for name in missing:
            async with connection.transaction():
                await connection.execute((files(__package__) / "migrations" / name).read_text())
                await connection.execute("INSERT INTO migrations (name) VALUES ($1)", name)
        return missing
    finally:
        await connection.close()


async def until_migrated(where: str | Address, say: Callable[[str], None]) -> None:
    """Returns once another process has applied all migrations of this version.

    Meanwhile `say` is given what is waited for, when that changes; a database that is away is
    waited for, too. Raises CannotStart for one that only a changed setting makes usable.
    """
    said = ""
    address = Address.of(where)
    while lacks := await _lacks(address.session_url, address.session_setting):
        if lacks != said:
            say(lacks)
        said = lacks
        await asyncio.sleep(_PAUSE_S)


async def _lacks(url: str, setting: str) -> str:
    """Returns why a database cannot be used yet; empty if it can."""
    try:
        with needing_database(url, setting):
            async with connected(url) as connection:
                lacking = await missing(connection)
    except CannotStart as error:
        if error.lasting:
            raise
        return str(error)
    return f"the database lacks {', '.join(lacking)}" if lacking else ""


async def missing(database: Executor) -> list[str]:
    """Returns the names of the migrations that a database lacks, in order."""
    table = await database.fetchrow("SELECT to_regclass('migrations') IS NULL AS lacks")
    if table is None or table["lacks"]:
        return names()
    done = {row["name"] for row in await database.fetch("SELECT name FROM migrations")}
    return [name for name in names() if name not in done]


def names() -> list[str]:
    """Returns the names of all migrations in the order they apply."""
    folder = files(__package__) / "migrations"
    return sorted(entry.name for entry in folder.iterdir() if entry.name.endswith(".sql"))
