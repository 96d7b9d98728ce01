"""Watch loops: all watches of one kind, and the task that reads what has changed for them.

A signal is a hint that something has changed; a safety poll covers a lost one. Changes are read
together, and each watch keeps only its newest snapshot, never a backlog.
"""

import asyncio
import logging
from abc import ABC, abstractmethod
from collections.abc import (
    AsyncGenerator,
    AsyncIterator,
    Awaitable,
    Callable,
    Collection,
    Hashable,
    Iterator,
    Sequence,
)
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from typing import Any, Generic, Protocol, TypeVar

from server.errors import Unavailable
from server.pace import Pace
from server.store.causes import said_of

POLL_S = 2.0
SILENCE_S = 10.0
"""After how much silence a watch repeats its snapshot, where no setting says otherwise."""

_log = logging.getLogger(__name__)


class Ends(Protocol):
    """A snapshot that can be the last one."""

    @property
    def ended(self) -> bool:
        """Whether it is the last snapshot."""
        ...


AnySnapshot = TypeVar("AnySnapshot", bound=Ends)


class Watch(Generic[AnySnapshot]):
    """One watcher, with the newest snapshot that it has not seen.

    What is watched may stay as it is for hours, and proxies cut a stream that says nothing for a
    minute or less, so the last snapshot is repeated after `silence_s` without another.
    """

    def __init__(self, silence_s: float = SILENCE_S) -> None:
        self.unseen: AnySnapshot | None = None
        """The newest snapshot, until it is yielded."""
        self._silence_s = silence_s
        self._last: AnySnapshot | None = None
        self._changed = asyncio.Event()

    def show(self, snapshot: AnySnapshot) -> None:
        """Keeps a snapshot, in place of one that was not yielded yet."""
        self.unseen = snapshot
        self._changed.set()

    async def snapshots(self) -> AsyncGenerator[AnySnapshot, None]:
        """Yields snapshots until what is watched has ended."""
        while True:
            snapshot = await self._next()
            if snapshot is None:
                continue
            self._last = snapshot
            yield snapshot
            if snapshot.ended:
                return

    async def _next(self) -> AnySnapshot | None:
        """Returns the next snapshot, or the last one again; None where there is none yet."""
        try:
            async with asyncio.timeout(self._silence_s):
                await self._changed.wait()
        except TimeoutError:
            return None if self._last is None else self._again(self._last)
        self._changed.clear()
        snapshot, self.unseen = self.unseen, None
        return snapshot

    def _again(self, snapshot: AnySnapshot) -> AnySnapshot:
        """Returns what is yielded to repeat a snapshot."""
        return snapshot


Key = TypeVar("Key", bound=Hashable)
AnyWatch = TypeVar("AnyWatch", bound=Watch[Any])


class ReadLoop:
    """Runs `read` after each `wake`, and `poll` every `poll_s`, since signals can be lost.

    What either raises is logged, and the next poll tries again. Pauses between reads gather signals
    under load; after a rest, `at_once` more follow each other without one.
    """

    def __init__(
        self,
        name: str,
        read: Callable[[], Awaitable[None]],
        poll: Callable[[], Awaitable[None]],
        *,
        pause_s: float,
        at_once: int = 0,
        poll_s: float = POLL_S,
    ) -> None:
        self._name = name
        self._read = read
        self._poll = poll
        self._pace = Pace(pause_s, at_once)
        self._poll_s = poll_s
        self._signal = asyncio.Event()

    def wake(self) -> None:
        """Schedules a read."""
        self._signal.set()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Reads in the background while entered."""
        tasks = [
            asyncio.create_task(self._read_signalled(), name=f"{self._name} read"),
            asyncio.create_task(self._poll_always(), name=f"{self._name} poll"),
        ]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _read_signalled(self) -> None:
        while True:
            await self._signal.wait()
            self._signal.clear()
            await self._safely(self._read)
            await asyncio.sleep(self._pace.pause())

    async def _poll_always(self) -> None:
        while True:
            await self._safely(self._poll)
            await asyncio.sleep(self._poll_s)

    async def _safely(self, step: Callable[[], Awaitable[None]]) -> None:
        try:
            await step()
        except Unavailable as error:
            _log.warning("changes not read", extra={"of": self._name, "error": said_of(error)})
        except Exception:
            # If this task ended, all watchers would wait forever.
            _log.exception("changes not read", extra={"of": self._name})


class WatchLoop(ABC, Generic[Key, AnyWatch]):
    """All watches of one kind, by the key of what they watch."""

    def __init__(
        self, name: str, *, pause_s: float, at_once: int = 0, poll_s: float = POLL_S
    ) -> None:
        self._watches: dict[Key, set[AnyWatch]] = {}
        self._changed: set[Key] = set()
        read, poll = self._read_changed, self._poll
        self._loop = ReadLoop(name, read, poll, pause_s=pause_s, at_once=at_once, poll_s=poll_s)

    def __len__(self) -> int:
        return sum(len(watches) for watches in self._watches.values())

    def running(self) -> AbstractAsyncContextManager[None]:
        """Reads in the background while entered."""
        return self._loop.running()

    def watched(self, key: Key) -> bool:
        """Returns whether a key has watchers."""
        return key in self._watches

    def change(self, key: Key) -> None:
        """Schedules a read of a key, if it is watched, since it may have changed."""
        if key in self._watches:
            self._changed.add(key)
            self._loop.wake()

    def change_all(self) -> None:
        """Schedules a read of all watched keys."""
        for key in self._watches:
            self.change(key)

    def hear(self, message: str) -> None:
        """Takes a message of the channel of changes."""
        key = self._key_of(message)
        if key is not None:
            self.change(key)

    @abstractmethod
    def _key_of(self, message: str) -> Key | None:
        """Returns the key that a message says has changed; None for one that nobody watches."""

    @abstractmethod
    async def _read(self, changed: Sequence[Key]) -> None:
        """Reads changed keys, and offers the snapshots to their watches."""

    async def _renew(self) -> None:
        """Renews, at each poll, what expires."""

    def _forget(self, key: Key) -> None:
        """Drops what is kept for a key that has no watchers any more."""

    def _watches_of(self, key: Key) -> Collection[AnyWatch]:
        return self._watches.get(key, ())

    @contextmanager
    def _entered(self, key: Key, watch: AnyWatch) -> Iterator[AnyWatch]:
        """Adds a watch while entered; its key is read at once."""
        self._watches.setdefault(key, set()).add(watch)
        self.change(key)
        try:
            yield watch
        finally:
            others = self._watches[key]
            others.discard(watch)
            if not others:
                del self._watches[key]
                self._forget(key)

    async def _read_changed(self) -> None:
        # Taken before the read, so that what changes during it is read again.
        changed, self._changed = list(self._changed), set()
        if changed:
            await self._read(changed)

    async def _poll(self) -> None:
        self.change_all()
        await self._renew()
