"""The feed of a gateway: the outbox, read once for all followers.

The newest changes are kept in memory, for followers that are up to date. A follower with an old
cursor, or one that reads slowly, is served from the database until it has caught up. Followers
have no queues: each has a cursor, and asks for more when its caller has taken the last changes.
"""

import asyncio
import logging
from bisect import bisect_right
from collections.abc import AsyncGenerator, Iterator
from contextlib import AbstractAsyncContextManager, contextmanager

from server.domain.changes import Change, Cursor, Scope, Stretch
from server.store import Store
from server.store.outbox import Expired
from server.watching.loop import ReadLoop

_PAGE = 200
_KEPT = 2_000
CHECKPOINT_S = 5.0
_EAGER_READS = 6
_log = logging.getLogger(__name__)
_PAUSE_S = 0.05  # gathers signals: each progress report of a job sends one, and few are changes


class Feed:
    """Changes of status in the order of the outbox, for any number of followers.

    `kept` changes are held in memory, `page` are read at once, and after `checkpoint_s` without
    a change a follower gets a checkpoint.
    """

    def __init__(
        self,
        store: Store,
        *,
        kept: int = _KEPT,
        page: int = _PAGE,
        checkpoint_s: float = CHECKPOINT_S,
    ) -> None:
        self.catch_ups = 0  # reads of the database for a single follower
        self._store = store
        self._kept = kept
        self._page = page
        self._checkpoint_s = checkpoint_s
        self._followers = 0
        self._changes: list[Change] = []  # all between `_start` and `_end`
        self._start: Cursor | None = None
        self._end = Cursor(0, 0)
        self._moved = asyncio.Event()
        self._still = 0  # reads in a row that ended where the one before did, with changes after
        self._closely = False
        self._fell_back = False
        self._loop = ReadLoop("feed", self._read, self._poll, pause_s=_PAUSE_S)

    def __len__(self) -> int:
        return self._followers

    def running(self) -> AbstractAsyncContextManager[None]:
        """Reads in the background while entered, after each `wake`."""
        return self._loop.running()

    def wake(self) -> None:
        """Schedules a read of the outbox, since something may have changed."""
        self._loop.wake()

    async def follow(self, after: Cursor, scope: Scope) -> AsyncGenerator[Stretch, None]:
        """Yields the changes after a cursor; a stretch without changes is a checkpoint.

        The first stretch is a checkpoint. Raises Expired when changes after the cursor were
        swept, and Unavailable.
        """
        clock = asyncio.get_running_loop().time
        due = 0.0
        with self._counted():
            while True:
                stretch = self._in_memory(after, scope)
                if stretch is None:
                    self.catch_ups += 1
                    stretch = await self._store.outbox.read(after, self._page, scope)
                if not due:
                    yield Stretch([], after)
                    due = clock() + self._checkpoint_s
                after = stretch.end
                if stretch.changes:
                    yield stretch
                elif stretch.full or await self._more_than(after, due):
                    continue
                else:
                    yield stretch
                due = clock() + self._checkpoint_s

    def _in_memory(self, after: Cursor, scope: Scope) -> Stretch | None:
        """Returns the kept changes after a cursor; None if it is too old, or new, for memory."""
        if self._start is None or not self._start <= after <= self._end:
            return None
        first = self._index_of(after)
        last = min(first + self._page, len(self._changes))
        full = last < len(self._changes)
        end = self._changes[last - 1].cursor if full else self._end
        wanted = [change for change in self._changes[first:last] if scope.holds(change)]
        return Stretch(wanted, end, full)

    async def _more_than(self, cursor: Cursor, due: float) -> bool:
        """Waits until newer changes may exist; returns False if there are none until `due`."""
        if due <= asyncio.get_running_loop().time():
            return False
        try:
            async with asyncio.timeout_at(due):
                while self._holds_no_more_than(cursor):
                    await self._moved.wait()
        except TimeoutError:
            return False
        return True

    def _holds_no_more_than(self, cursor: Cursor) -> bool:
        if self._start is None:
            return True
        return self._start <= cursor and self._index_of(cursor) == len(self._changes)

    def _index_of(self, cursor: Cursor) -> int:
        return bisect_right(self._changes, cursor, key=lambda change: change.cursor)

    async def _poll(self) -> None:
        self.wake()

    async def _read(self) -> None:
        if not self._followers:
            self._changes, self._start = [], None
            return
        if self._start is None:
            self._start = self._end = await self._store.outbox.newest()
            self._tell()
        full = True
        while full:
            try:
                stretch = await self._store.outbox.read(
                    self._end, self._page, Scope(), closely=self._closely
                )
            except Expired:
                self._begin_anew()
                return
            self._fell_back = False
            self._look_again(stretch)
            self._end, full = stretch.end, stretch.full
            if stretch.changes:
                self._changes += stretch.changes
                self._drop_oldest()
                self._tell()

    def _begin_anew(self) -> None:
        """Forgets all, since an older dump was restored: the numbers of changes fell back.

        Followers ask the database next, which tells whether it knows their cursors.
        """
        if not self._fell_back:
            _log.warning("events begin anew", extra={"after": self._end.xact})
        self._fell_back = True
        self._changes, self._start, self._end = [], None, Cursor(0, 0)
        self._tell()

    def _look_again(self, stretch: Stretch) -> None:
        """Schedules the next read where changes wait for another transaction, later each time.

        The first reads stop at any transaction of the server. One that cannot write the outbox may
        be open for hours, and is looked through from the second read on that ends before it.
        """
        self._still = self._still + 1 if stretch.unsettled and stretch.end == self._end else 0
        self._closely = self._still > 0 or stretch.floor < stretch.end.xact
        if stretch.unsettled and self._still < _EAGER_READS:
            delay = _PAUSE_S * 2**self._still if self._still else 0.0
            asyncio.get_running_loop().call_later(delay, self.wake)

    def _drop_oldest(self) -> None:
        if len(self._changes) >= 2 * self._kept:
            gone = len(self._changes) - self._kept
            self._start = self._changes[gone - 1].cursor
            del self._changes[:gone]

    def _tell(self) -> None:
        self._moved.set()
        self._moved = asyncio.Event()

    @contextmanager
    def _counted(self) -> Iterator[None]:
        self._followers += 1
        self.wake()
        try:
            yield
        finally:
            self._followers -= 1
