"""The connection to Postgres: a pool that raises imggen's errors."""

import json
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from datetime import timedelta
from typing import Any, Protocol

import asyncpg

from imggen.v1.errors_pb2 import ErrorReason
from server.databases import Address
from server.errors import Unavailable
from server.store.pooling import PASSED, Mode, compare, leave_settings, pooler_of, set_all

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

REFUSED = (asyncpg.InvalidAuthorizationSpecificationError, asyncpg.InvalidCatalogNameError)
"""What asyncpg raises for a wrong user, password or name of a database."""

# Locks of a session, which end with it; locks of two numbers are separate from migrations' lock.
_LOCK_ALONE = "SELECT pg_try_advisory_lock(5017, hashtext($1))"
_UNLOCK_ALONE = "SELECT pg_advisory_unlock(5017, hashtext($1))"
# The same locks, of a transaction: where sessions are shared, another one would have them.
_LOCK_ALONE_SHARED = "SELECT pg_try_advisory_xact_lock(5017, hashtext($1))"


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

    def __init__(self, pool: "asyncpg.Pool[Record]", pooler: Mode = "") -> None:
        self._pool = pool
        self.pooler = pooler
        """The mode of the pooler between this pool and Postgres; empty for none."""

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
        if self.pooler == "transaction":
            async with self._alone_by_transaction(what) as executor:
                yield executor
            return
        with unavailable_when_away():
            async with self._pool.acquire() as connection:
                if not await connection.fetchval(_LOCK_ALONE, what):
                    yield None
                    return
                try:
                    yield connection
                finally:
                    await connection.execute(_UNLOCK_ALONE, what)

    @asynccontextmanager
    async def _alone_by_transaction(self, what: str) -> AsyncIterator[Executor | None]:
        """Yields the pool while a transaction, which has neither an id nor a snapshot, locks."""
        async with self.transaction() as lock:
            row = await lock.fetchrow(_LOCK_ALONE_SHARED, what)
            yield self if row and row[0] else None

    async def ping(self) -> None:
        """Returns when the database answers; raises Unavailable when it is away."""
        await self.execute("SELECT 1")

    def idle(self) -> tuple[int, int]:
        """Returns the number of idle connections, and of all."""
        return self._pool.get_idle_size(), self._pool.get_size()


# JIT costs more than these statements take. A bitmap scan collects all rows of a filter before it
# sorts them, where a list reads the first ones by an index in its order; the planner chooses it for
# filters that usually find few. A sequential scan is the best plan while a table is small, and kept
# while the table grows: the queue is empty whenever an idle worker plans its claim.
SESSION: Mapping[str, str] = {"jit": "off", "enable_bitmapscan": "off", "enable_seqscan": "off"}
"""The settings of a session for speed, which a pooler may not pass."""


@asynccontextmanager
async def open_database(
    where: str | Address,
    *,
    min_size: int = 1,
    max_size: int = 10,
    timeout: float = 10.0,
    synchronous_commit: bool = True,
) -> AsyncIterator[Database]:
    """Opens a pool and closes it at the end.

    `timeout` bounds a statement and the wait for its answer, in seconds. Without
    `synchronous_commit` a crash of the database may lose the latest writes, which is
    acceptable for progress only; behind a pooler in transaction mode it loses none. Raises
    Unavailable when the database cannot be reached, and UnfitPooler.
    """
    address = Address.of(where)
    settings = {**SESSION, "synchronous_commit": "on" if synchronous_commit else "off"}
    with unavailable_when_away():
        pooler = await pooler_of(address)
        pool = await asyncpg.create_pool(
            address.url,
            min_size=min_size,
            # One has the lock of `alone`, while others work.
            max_size=max(max_size, 2) if pooler == "transaction" else max_size,
            command_timeout=timeout,
            init=_preparing(pooler, settings),
            reset=_keep,
            server_settings={**PASSED} if pooler else {**PASSED, **settings},
            statement_cache_size=0 if pooler == "transaction" else 100,
        )
    try:
        if pooler == "transaction":
            with unavailable_when_away():
                async with pool.acquire() as connection:
                    await compare(connection, SESSION)
        yield Database(pool, pooler)
    finally:
        await pool.close()


async def _keep(connection: "asyncpg.Connection[Record]") -> None:
    """Saves the round trip that resets a session, since no statement leaves state in one."""


def _preparing(
    pooler: Mode, settings: Mapping[str, str]
) -> Callable[["asyncpg.Connection[Record]"], Coroutine[Any, Any, None]]:
    """Returns what prepares each new connection."""

    async def prepare(connection: "asyncpg.Connection[Record]") -> None:
        await connection.set_type_codec(
            "jsonb", encoder=json.dumps, decoder=json.loads, schema="pg_catalog"
        )
        if pooler == "session":
            await set_all(connection, settings)
        elif pooler == "transaction":
            leave_settings(connection)

    return prepare
