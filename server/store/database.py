"""The connection to Postgres: a pool that raises imggen's errors."""

import asyncio
import json
import logging
import random
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from time import monotonic
from typing import Any, Protocol
from weakref import WeakSet

import asyncpg

from server.causes import CannotStart
from server.clock import DatabaseClock
from server.database_urls import read_url
from server.databases import Address
from server.errors import ImggenError
from server.store import causes
from server.store.causes import Again, DatabaseAway, Meaning, cause_of
from server.store.connections import is_closed, learn_time, roll_back, whole
from server.store.encoding import require_utf8
from server.store.pooling import Mode, compare, passed, pooler_of, prepare
from server.store.session import session_settings

Record = asyncpg.Record

UNFIT = (asyncpg.DataError, asyncpg.IntegrityConstraintViolationError)
"""What asyncpg raises when a row does not fit its table or a value its type."""

_TRIES = 4
_PAUSE_S = 0.02
_SILENT_S = 2.0
"""After so long a caller that gives up may have met a connection that nobody answers."""
_CANCEL_S = 1.0
_EXPIRES_EVERY_S = 1.0
_CLOSE_S = 10.0
_log = logging.getLogger(__name__)

# Locks of a session, which end with it; locks of two numbers are separate from migrations' lock.
_LOCK_ALONE = "SELECT pg_try_advisory_lock(5017, hashtext($1))"
_UNLOCK_ALONE = "SELECT pg_advisory_unlock(5017, hashtext($1))"
# The same locks, of a transaction: where sessions are shared, another one would have them.
_LOCK_ALONE_SHARED = "SELECT pg_try_advisory_xact_lock(5017, hashtext($1))"
# Of this transaction alone, which rests while others work; not all versions have the second.
_REST = """
SELECT set_config(name, '0', true) FROM pg_settings
WHERE name IN ('idle_in_transaction_session_timeout', 'transaction_timeout')
"""


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
    """Raises DatabaseAway for the errors of a database that cannot be used, by what they mean.

    All other errors leave without the row or the value that they quote.
    """
    try:
        yield
    except Exception as error:
        found = _raised(error)
        if found is error:
            raise
        raise found from error


def _raised(error: Exception) -> Exception:
    """Returns what is raised for an error: itself, without what it quotes, if it is a fault."""
    if isinstance(error, ImggenError | CannotStart):
        return error  # of what is done with the connection, or asked of it
    cause = cause_of(error)
    match cause.meaning:
        case Meaning.AGAIN:
            return Again(cause)
        case Meaning.AWAY | Meaning.SETTING:
            return DatabaseAway(cause)
        case Meaning.FAULT:
            return _without_row(error)


def _without_row(error: Exception) -> Exception:
    if isinstance(error, asyncpg.DataError):
        # An argument that does not fit its type.
        error.args = (str(error.args[0]).partition(": ")[0],)
    if isinstance(error, asyncpg.DataError | asyncpg.PostgresError):
        error.detail = None  # it may be a whole row, and tracebacks are logged
    return error


class Database:
    """A pool of connections; outside a transaction every statement commits by itself.

    A statement that met another one is repeated. Connections that nobody answers are given up, and
    with one of them all that are idle, since a firewall or a failover leaves none of them alive.
    """

    def __init__(
        self,
        pool: "asyncpg.Pool[Record]",
        opened: "WeakSet[asyncpg.Connection[Record]] | None" = None,
        pooler: Mode = "",
        clock: DatabaseClock | None = None,
    ) -> None:
        self._pool = pool
        self._opened = WeakSet[Any]() if opened is None else opened
        self._expired_at = float("-inf")
        self.clock = clock or DatabaseClock()
        """The time of the database."""
        self.pooler = pooler
        """The mode of the pooler between this pool and Postgres; empty for none."""
        self.lacks_room = False
        """Whether a write was refused for a full disk, until one is proved to have room."""
        self.count_expiry: Callable[[str], None] = lambda _why: None
        """Takes why connections were given up, each time."""

    async def fetch(self, query: str, *args: Any) -> list[Record]:
        """Runs a statement and returns its rows."""
        rows: list[Record] = await self._run("fetch", query, args)
        return rows

    async def fetchrow(self, query: str, *args: Any) -> Record | None:
        """Runs a statement and returns its first row."""
        row: Record | None = await self._run("fetchrow", query, args)
        return row

    async def execute(self, query: str, *args: Any) -> str:
        """Runs a statement and returns its command tag."""
        tag: str = await self._run("execute", query, args)
        return tag

    async def _run(self, how: str, query: str, args: tuple[Any, ...]) -> Any:
        for left in reversed(range(_TRIES)):
            try:
                async with self._pool.acquire() as connection:
                    began = monotonic()
                    try:
                        return await getattr(connection, how)(query, *args)
                    except BaseException as error:
                        await self._give_up_if_silent(connection, error, began)
                        raise
            except Exception as error:
                found = await self._met(error)
                if found is error:
                    raise
                if not left or not isinstance(found, Again):
                    raise found from error
            await asyncio.sleep(random.uniform(0, _PAUSE_S * 2 ** (_TRIES - left)))
        raise AssertionError("the last try returns or raises")

    async def _met(self, error: Exception) -> Exception:
        """Returns what is raised for an error, after what it says of the other connections."""
        found = _raised(error)
        match found.cause.sqlstate if isinstance(found, DatabaseAway) else "":
            case causes.READ_ONLY:
                # After a failover a name or another host of the URL leads to the one that writes.
                await self._expire_again("it is read-only")
            case causes.DISK_FULL:
                self.lacks_room = True
        return found

    async def _give_up_if_silent(self, connection: Any, error: BaseException, began: float) -> None:
        """Closes a connection on which an answer did not come, so that nobody waits for it again.

        A caller that gives up sooner ends its statement, and keeps the connection.
        """
        if not isinstance(error, TimeoutError | asyncio.CancelledError) or is_closed(connection):
            return
        # What asyncpg asks before it hands out a connection: is an answer outstanding?
        protocol = connection._protocol
        if monotonic() - began < _SILENT_S or not protocol._is_cancelling():
            return
        try:
            # A server that is there ends the statement; asyncpg closes the connection otherwise.
            await asyncio.shield(protocol._wait_for_cancellation(_CANCEL_S))
        except Exception:
            if not is_closed(connection):
                connection.terminate()
            await self._expire_again("no answer in time")

    async def _expire_again(self, why: str) -> None:
        """Gives up the connections that many calls find bad, once a second at most."""
        if monotonic() - self._expired_at >= _EXPIRES_EVERY_S:
            await self.expire(why)

    async def expire(self, why: str) -> None:
        """Gives up the connections of the pool: idle ones at once, used ones after their use.

        What is asked next opens new ones.
        """
        self._expired_at = monotonic()
        # An idle one has no user, and would be closed only after a word with its server.
        opened: list[Any] = list(self._opened)
        idle = [one for one in opened if not one.is_closed() and one._proxy is None]
        await self._pool.expire_connections()
        for one in idle:
            one.terminate()
        self.count_expiry(why)
        _log.warning("connections given up", extra={"why": why, "idle": len(idle)})

    @asynccontextmanager
    async def _held(self) -> AsyncIterator[Any]:
        """Yields a connection; what its user raises is raised by what it means."""
        failed: BaseException | None = None
        try:
            async with self._pool.acquire() as connection:
                try:
                    yield connection
                except BaseException as error:
                    failed = error
                    raise
        except Exception as error:
            # What its user raised goes before that a broken connection cannot be given back.
            first = failed or error
            found = await self._met(first) if isinstance(first, Exception) else first
            if isinstance(found, Again):
                found.whole = True
            if found is error:
                raise
            raise found from error

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Executor]:
        """Yields a connection inside a transaction that an error rolls back."""
        async with self._held() as connection:
            began = monotonic()
            # Said here too, since a session behind a pooler may have another one.
            transaction = connection.transaction(isolation="read_committed")
            try:
                await transaction.start()
                yield connection
                await transaction.commit()
            except BaseException as error:
                await self._give_up_if_silent(connection, error, began)
                await roll_back(connection, transaction)
                raise

    @asynccontextmanager
    async def alone(self, what: str) -> AsyncIterator[Executor | None]:
        """Yields a separate connection to one process at a time; None while another has it.

        Every statement on it commits by itself.
        """
        if self.pooler == "transaction":
            async with self._alone_by_transaction(what) as executor:
                yield executor
            return
        async with self._held() as connection:
            began = monotonic()
            if not await whole(connection, connection.fetchval(_LOCK_ALONE, what)):
                yield None
                return
            try:
                yield connection
            except BaseException as error:
                await self._give_up_if_silent(connection, error, began)
                raise
            finally:
                if not is_closed(connection):  # else its end has freed the lock
                    await whole(connection, connection.execute(_UNLOCK_ALONE, what))

    @asynccontextmanager
    async def _alone_by_transaction(self, what: str) -> AsyncIterator[Executor | None]:
        """Yields the pool while a transaction, which has neither an id nor a snapshot, locks."""
        async with self.transaction() as lock:
            await lock.fetch(_REST)
            row = await lock.fetchrow(_LOCK_ALONE_SHARED, what)
            yield self if row and row[0] else None

    async def ping(self) -> None:
        """Returns when the database answers; raises DatabaseAway when it is away."""
        await self.execute("SELECT 1")

    async def ask_time(self) -> None:
        """Sets the clock by the database's; raises DatabaseAway when it is away."""
        async with self._held() as connection:
            began = monotonic()
            try:
                await learn_time(connection, self.clock)
            except BaseException as error:
                await self._give_up_if_silent(connection, error, began)
                raise

    def idle(self) -> tuple[int, int]:
        """Returns the number of idle connections, and of all."""
        return self._pool.get_idle_size(), self._pool.get_size()


@asynccontextmanager
async def open_database(
    where: str | Address,
    *,
    min_size: int = 1,
    max_size: int = 10,
    timeout: float = 10.0,
    synchronous_commit: bool = True,
    clock: DatabaseClock | None = None,
    warns: bool = True,
) -> AsyncIterator[Database]:
    """Opens a pool and closes it at the end.

    `timeout` bounds a statement and the wait for its answer, in seconds. Without
    `synchronous_commit` a crash of the database may lose the latest writes, which is
    acceptable for progress only; behind a pooler in transaction mode it loses none. What a pooler
    lacks is logged, if it `warns`. Raises
    DatabaseAway when the database cannot be reached, UnfitPooler, WrongEncoding for one that
    cannot hold all texts, and ValueError for a URL that is none.
    """
    address = Address.of(where)
    place = read_url(address.url)
    opened = WeakSet[Any]()
    settings = session_settings(timeout=timeout, synchronous_commit=synchronous_commit)

    async def begin(connection: "asyncpg.Connection[Record]") -> None:
        await prepare(connection, pooler, settings)
        await require_utf8(connection)
        await connection.set_type_codec(
            "jsonb", encoder=json.dumps, decoder=json.loads, schema="pg_catalog"
        )
        opened.add(connection)

    async def connect(*_url: Any, **options: Any) -> Any:
        return await asyncpg.connect(place.dial(), **options)

    with unavailable_when_away():
        place.check_files()
        pooler = await pooler_of(address, warns=warns)
        pool = await asyncpg.create_pool(
            place.url,
            connect=connect,
            timeout=place.timeout,
            min_size=min_size,
            # Two have locks of `alone`, to sweep and to alert, while others work.
            max_size=max(max_size, 3) if pooler == "transaction" else max_size,
            command_timeout=timeout,
            init=begin,
            reset=_keep,
            server_settings=passed(pooler, settings),
            statement_cache_size=0 if pooler == "transaction" else 100,
        )
    try:
        if pooler == "transaction":
            with unavailable_when_away():
                async with pool.acquire() as connection:
                    await compare(connection, settings, warns=warns)
        database = Database(pool, opened, pooler, clock)
        await database.ask_time()
        yield database
    finally:
        await _close(pool)


async def _close(pool: "asyncpg.Pool[Record]") -> None:
    """Closes a pool; connections that nobody answers are dropped."""
    try:
        async with asyncio.timeout(_CLOSE_S):
            await pool.close()
    except TimeoutError:
        pool.terminate()


async def _keep(connection: "asyncpg.Connection[Record]") -> None:
    """Saves the round trip that resets a session, since no statement leaves state in one."""
