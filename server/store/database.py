"""The connection to Postgres: a pool that raises imggen's errors."""

import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import timedelta
from typing import Any, Protocol

import asyncpg

from imggen.v1.errors_pb2 import ErrorReason
from server.database_urls import read_url
from server.errors import Unavailable
from server.store.encoding import require_utf8

Record = asyncpg.Record

AWAY = (
    OSError,
    TimeoutError,
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # 0.32 raises it when a connection breaks during a statement
    asyncpg.exceptions.OperatorInterventionError,  # shutdown and crash of the server
    asyncpg.exceptions.InsufficientResourcesError,  # too many connections among them
)
"""What asyncpg raises when the database is away, and not for a wrong statement."""

UNFIT = (asyncpg.DataError, asyncpg.IntegrityConstraintViolationError)
"""What asyncpg raises when a row does not fit its table or a value its type."""

# Locks of a session, which end with it; locks of two numbers are separate from migrations' lock.
_LOCK_ALONE = "SELECT pg_try_advisory_lock(5017, hashtext($1))"
_UNLOCK_ALONE = "SELECT pg_advisory_unlock(5017, hashtext($1))"


class Executor(Protocol):
    """Runs statements, on the pool or inside a transaction."""

    async def fetch(self, query: str, *args: Any) -> list[Record]:
        """Runs a statement and returns its rows."""
        ...

    async def fetchrow(self, query: str, *args: Any) -> Record | None:
        """Runs a statement and returns its first row."""
        ...

    async def execute(self, query: str, *args: Any) -> str:
        """Runs a statement and returns its command tag."""
        ...


@contextmanager
def unavailable_when_away() -> Iterator[None]:
    """Raises Unavailable for the errors of an absent database, and for a deadlock.

    All other errors leave without the row or the value that they quote.
    """
    try:
        yield
    except asyncpg.DataError as error:
        # An argument that does not fit its type: an InterfaceError too, but a bug of the caller.
        error.args = (str(error.args[0]).partition(": ")[0],)
        error.detail = None
        raise
    except asyncpg.DeadlockDetectedError as error:
        raise Unavailable(
            "the call met another one in the database, which went first; repeat the call",
            ErrorReason.ERROR_REASON_DATABASE_UNAVAILABLE,
            retry_after=timedelta(seconds=1),
        ) from error
    except AWAY as error:
        raise Unavailable(
            "the database is away for the moment; repeat the call",
            ErrorReason.ERROR_REASON_DATABASE_UNAVAILABLE,
            retry_after=timedelta(seconds=1),
        ) from error
    except asyncpg.PostgresError as error:
        # It may be a whole row, and tracebacks are logged.
        error.detail = None
        raise


class Database:
    """A pool of connections; outside a transaction every statement commits by itself."""

    def __init__(self, pool: "asyncpg.Pool[Record]") -> None:
        self._pool = pool

    async def fetch(self, query: str, *args: Any) -> list[Record]:
        """Runs a statement and returns its rows."""
        with unavailable_when_away():
            return await self._pool.fetch(query, *args)

    async def fetchrow(self, query: str, *args: Any) -> Record | None:
        """Runs a statement and returns its first row."""
        with unavailable_when_away():
            return await self._pool.fetchrow(query, *args)

    async def execute(self, query: str, *args: Any) -> str:
        """Runs a statement and returns its command tag."""
        with unavailable_when_away():
            return await self._pool.execute(query, *args)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Executor]:
        """Yields a connection inside a transaction that an error rolls back."""
        with unavailable_when_away():
            async with self._pool.acquire() as connection, connection.transaction():
                yield connection

    @asynccontextmanager
    async def alone(self, what: str) -> AsyncIterator[Executor | None]:
        """Yields a separate connection to one process at a time; None while another has it.

        Every statement on it commits by itself.
        """
        with unavailable_when_away():
            async with self._pool.acquire() as connection:
                if not await connection.fetchval(_LOCK_ALONE, what):
                    yield None
                    return
                try:
                    yield connection
                finally:
                    await connection.execute(_UNLOCK_ALONE, what)

    async def ping(self) -> None:
        """Returns when the database answers; raises Unavailable when it is away."""
        await self.execute("SELECT 1")

    def idle(self) -> tuple[int, int]:
        """Returns the number of idle connections, and of all."""
        return self._pool.get_idle_size(), self._pool.get_size()


@asynccontextmanager
async def open_database(
    url: str,
    *,
    min_size: int = 1,
    max_size: int = 10,
    timeout: float = 10.0,
    synchronous_commit: bool = True,
) -> AsyncIterator[Database]:
    """Opens a pool and closes it at the end.

    `timeout` bounds a statement and the wait for its answer, in seconds. Without
    `synchronous_commit` a crash of the database may lose the latest writes, which is
    acceptable for progress only. Raises Unavailable when the database cannot be reached,
    WrongEncoding for one that cannot hold all texts, and ValueError for a URL that is none.
    """
    place = read_url(url)
    with unavailable_when_away():
        place.check_files()
        pool = await asyncpg.create_pool(
            place.url,
            timeout=place.timeout,
            min_size=min_size,
            max_size=max_size,
            command_timeout=timeout,
            init=_prepare,
            reset=_keep,
            # JIT costs more than these statements take. A bitmap scan collects all rows of a filter
            # before it sorts them, where a list reads the first ones by an index in its order; the
            # planner chooses it for filters that usually find few.
            server_settings={
                "jit": "off",
                "enable_bitmapscan": "off",
                # It is the best plan while a table is small, and kept while the table grows: the
                # queue is empty whenever an idle worker plans its claim.
                "enable_seqscan": "off",
                "timezone": "UTC",  # a day of a budget is a day in UTC
                "synchronous_commit": "on" if synchronous_commit else "off",
            },
        )
    try:
        yield Database(pool)
    finally:
        await pool.close()


async def _keep(connection: "asyncpg.Connection[Record]") -> None:
    """Saves the round trip that resets a session, since no statement leaves state in one."""


async def _prepare(connection: "asyncpg.Connection[Record]") -> None:
    await require_utf8(connection)
    await connection.set_type_codec(
        "jsonb", encoder=json.dumps, decoder=json.loads, schema="pg_catalog"
    )
