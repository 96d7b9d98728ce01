"""Signals: NOTIFY as a hint that something has changed. A safety poll covers a lost one.

A commit that notifies takes a global lock, so signals are sent after their transaction,
coalesced, in separate statements.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager, suppress
from typing import Any

import asyncpg

from server.databases import Address
from server.domain.ids import JobId
from server.domain.states import Lane
from server.errors import Unavailable
from server.pace import Pace
from server.store.causes import DatabaseAway, Meaning, cause_of, said_of
from server.store.database import Database, unavailable_when_away
from server.store.pooling import lasting_session

WAKE = "imggen_wake"
"""The channel of lanes that have new jobs, for workers."""

CHANGED = "imggen_changed"
"""The channel of jobs that have changed, for gateways."""

# The change itself is on disk already; the hint need not wait for the disk.
_NOTIFY = "SELECT set_config('synchronous_commit', 'off', true), pg_notify($1, $2)"
_MESSAGES_A_PAYLOAD = 200  # an id and its comma have 37 bytes; a payload may have 8,000
_PAUSE_S = 0.005
_AT_ONCE = 4
"""A job that ends tells its last stages first: none of its signals waits for the one before."""
_RECONNECT_S = 0.5
_PROBE_S = 3.0
"""How often a listening connection must answer, and within what time."""
_log = logging.getLogger(__name__)


class Signals:
    """Sends messages, many in one NOTIFY; those said while a send runs go out with the next."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._pending: dict[str, set[str]] = {WAKE: set(), CHANGED: set()}
        self._waiting = asyncio.Event()

    def say(self, channel: str, message: str) -> None:
        """Queues a message for a channel; it goes out in the background."""
        self._pending[channel].add(message)
        self._waiting.set()

    def wake(self, lanes: Iterable[Lane] = Lane) -> None:
        """Tells workers that lanes may have jobs to claim; all lanes by default."""
        for lane in lanes:
            self.say(WAKE, lane)

    def tell(self, jobs: Iterable[JobId]) -> None:
        """Tells gateways that jobs have changed."""
        for job in jobs:
            self.say(CHANGED, str(job))

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Sends in the background while entered, then sends the rest."""
        task = asyncio.create_task(self._run(), name="signals")
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
            await self._send()

    async def _run(self) -> None:
        # Under load this gathers more messages into each send; an idle system does not wait.
        pace = Pace(_PAUSE_S, _AT_ONCE)
        while True:
            await self._waiting.wait()
            self._waiting.clear()
            await self._send()
            await asyncio.sleep(pace.pause())

    async def _send(self) -> None:
        for channel, messages in self._pending.items():
            while messages:
                some = [messages.pop() for _ in range(min(len(messages), _MESSAGES_A_PAYLOAD))]
                try:
                    await self._database.execute(_NOTIFY, channel, ",".join(some))
                except Unavailable as error:
                    fields = {"channel": channel, "messages": len(some), "error": said_of(error)}
                    _log.warning("signal lost", extra=fields)
                except Exception:
                    # If this task ended, nothing would be told any more.
                    _log.exception("signal lost", extra={"channel": channel, "messages": len(some)})


class Listener:
    """Hears signals on a connection outside the pool, and reconnects when it breaks.

    It is probed every few seconds, since a firewall that forgets a connection tells neither side.
    A process has one; subscriptions are made before it runs.
    """

    def __init__(
        self,
        where: str | Address,
        *,
        silent: Callable[[str], Awaitable[None]] | None = None,
        probe_s: float = _PROBE_S,
    ) -> None:
        """Takes what is told of a connection that nobody answers: others may be as dead."""
        self._address = Address.of(where)
        self._silent = silent
        self._probe_s = probe_s
        self._listened = False
        self._hear: dict[str, list[Callable[[str], None]]] = {}
        self._gaps: list[Callable[[], None]] = []
        self.count_break: Callable[[str], None] = lambda _why: None
        """Takes why the connection was lost, each time."""

    def subscribe(self, channel: str, hear: Callable[[str], None], gap: Callable[[], None]) -> None:
        """Calls `hear` with each message of a channel.

        `gap` is called after every (re)connection, since messages sent before it are missed.
        """
        self._hear.setdefault(channel, []).append(hear)
        self._gaps.append(gap)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Listens in the background while entered; raises UnfitPooler where it never could."""
        with suppress(DatabaseAway, asyncpg.PostgresError), unavailable_when_away():
            session = await lasting_session(self._address, timeout=self._probe_s)
            await session.close(timeout=self._probe_s)
        listening = asyncio.Event()
        task = asyncio.create_task(self._run(listening), name="listener")
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(5):
                    await listening.wait()
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def _run(self, listening: asyncio.Event) -> None:
        while True:
            try:
                await self._listen(listening)
            except Exception as error:
                # If this task ended, nothing would be heard any more.
                await self._lost(error)
            await asyncio.sleep(_RECONNECT_S)

    async def _lost(self, error: Exception) -> None:
        cause = cause_of(error)
        fault = error if cause.meaning is Meaning.FAULT else None
        _log.warning("listener disconnected", extra={"error": str(cause)}, exc_info=fault)
        self.count_break(cause.words)
        if isinstance(error, TimeoutError) and self._listened and self._silent is not None:
            await self._silent("no answer to a probe")

    async def _listen(self, listening: asyncio.Event) -> None:
        broken, self._listened = asyncio.Event(), False
        connection = await lasting_session(self._address, timeout=self._probe_s)
        try:
            connection.add_termination_listener(lambda _: broken.set())
            for channel in self._hear:
                await connection.add_listener(channel, self._deliver)
            listening.set()
            self._listened = True
            for gap in self._gaps:
                gap()
            while not await self._broken_soon(broken):
                await connection.execute("SELECT pg_listening_channels()")
            raise ConnectionResetError("the server closed it")
        finally:
            connection.terminate()

    async def _broken_soon(self, broken: asyncio.Event) -> bool:
        """Waits until the next probe; returns whether the connection broke meanwhile."""
        with suppress(TimeoutError):
            async with asyncio.timeout(self._probe_s):
                await broken.wait()
        return broken.is_set()

    def _deliver(self, _connection: Any, _pid: int, channel: str, payload: Any) -> None:
        for message in str(payload).split(","):
            for hear in self._hear[channel]:
                try:
                    hear(message)
                except Exception:
                    # Anyone with the database can send a malformed one; the others must be heard.
                    _log.exception("signal not heard", extra={"channel": channel})
