"""The first connection of a process: what is wrong with the database is said before anything runs.

What only a changed setting can mend ends the start; a database that is away is waited for.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from secrets import randbits

import asyncpg

from server.causes import CannotStart, cause_of, is_lasting
from server.database_urls import read_url
from server.databases import DIRECT_URL, URL, Address
from server.store.causes import DatabaseAway, Meaning
from server.store.database import Record, unavailable_when_away
from server.store.encoding import WrongEncoding, require_utf8

_PAUSE_S = 1.0
_log = logging.getLogger(__name__)

_OF_THE_URL = ("22023", "42704", "55P02")
"""SQLSTATEs of a parameter in the URL that the server refuses; no statement of imggen has one."""


@asynccontextmanager
async def connected(url: str) -> AsyncIterator["asyncpg.Connection[Record]"]:
    """Yields a connection outside the pool; raises Unavailable, WrongEncoding and PostgresError."""
    place = read_url(url)
    with unavailable_when_away():
        place.check_files()
        # A pooler knows neither named statements nor settings of a session.
        connection = await asyncpg.connect(
            place.dial(), timeout=place.timeout, statement_cache_size=0
        )
        try:
            await require_utf8(connection)
            yield connection
        finally:
            await connection.close()


async def until_open(where: str | Address, wait_s: float | None = None) -> None:
    """Returns once the database takes connections; the log says what it is waited for.

    It is waited for `wait_s` seconds, by default for any time. Raises CannotStart, at once for what
    waiting does not mend.
    """
    address = Address.of(where)
    _tell(address.url, URL)
    if address.direct_url:
        _tell(address.direct_url, DIRECT_URL)
    clock = asyncio.get_running_loop().time
    until = None if wait_s is None else clock() + wait_s
    said = ""
    while True:
        try:
            await _open(address.url, URL)
            if address.direct_url:
                await _open(address.direct_url, DIRECT_URL)
            await require_one_database(address)
            return
        except CannotStart as error:
            if error.lasting or (until is not None and clock() + _PAUSE_S > until):
                raise
            if str(error) != said:
                said = str(error)
                _log.warning("waiting for the database", extra={"error": said})
        await asyncio.sleep(_PAUSE_S)


async def _open(url: str, setting: str) -> None:
    with needing_database(url, setting):
        async with connected(url):
            pass


async def require_one_database(address: Address) -> None:
    """Raises CannotStart where the two URLs of an address lead to different databases.

    A lock tells it, through any pooler: those of other databases, and of other servers, are
    in nobody's way.
    """
    if not address.direct_url:
        return
    key = randbits(63)
    with needing_database(address.session_url, address.session_setting):
        async with (
            connected(address.url) as one,
            connected(address.direct_url) as other,
            one.transaction(),
        ):
            await one.execute("SELECT pg_advisory_xact_lock($1)", key)
            apart = await other.fetchval("SELECT pg_try_advisory_xact_lock($1)", key)
    if apart:
        direct, where = read_url(address.direct_url).where, read_url(address.url).where
        raise CannotStart(
            f"{DIRECT_URL} leads to {direct}, and {URL} to another database, {where}; give both "
            "the same one",
            lasting=True,
        )


@contextmanager
def needing_database(url: str, setting: str = URL) -> Iterator[None]:
    """Raises CannotStart, which names the database and the cause, when it cannot be used."""
    try:
        where = read_url(url).where
    except ValueError as error:
        raise CannotStart(f"{setting}: {error}", lasting=True) from None
    try:
        yield
    except WrongEncoding as error:
        raise CannotStart(f"cannot use {where}: {error}", lasting=True) from error
    except (DatabaseAway, asyncpg.PostgresError) as error:
        if not isinstance(error, DatabaseAway) and error.sqlstate not in _OF_THE_URL:
            raise
        cause = cause_of(error)
        if _is_lasting(error):
            raise CannotStart(
                f"cannot use {where} ({cause}); correct {setting}", lasting=True
            ) from error
        raise CannotStart(
            f"cannot reach {where} ({cause}); start Postgres or set {setting}", lasting=False
        ) from error


def _is_lasting(error: DatabaseAway | asyncpg.PostgresError) -> bool:
    """Returns whether only a changed setting helps."""
    if isinstance(error, asyncpg.PostgresError):
        return True  # of a parameter in the URL
    if error.cause.sqlstate:
        return error.cause.meaning is Meaning.SETTING
    return is_lasting(error)


def _tell(url: str, setting: str) -> None:
    """Logs what the environment adds to the URL of a setting, and what of it has no effect."""
    place = read_url(url)
    about = {"setting": setting, "database": place.where}
    if place.taken:
        fields = {"variables": list(place.taken), **about}
        _log.warning("environment adds to the URL of the database", extra=fields)
    if place.dropped:
        fields = {"parameters": list(place.dropped), **about}
        _log.warning("parameters of the URL of the database without effect", extra=fields)
