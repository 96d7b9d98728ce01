"""Events: who watches a job always gets its newest snapshot, and never a backlog.

One connection listens for the whole gateway. A signal is a hint that a job has changed;
a safety poll covers a lost one. Jobs that have changed are read together, in one
statement, and each watcher keeps only the newest.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from server.domain.ids import JobId
from server.domain.jobs import Job
from server.domain.states import JobStatus
from server.errors import Unavailable
from server.store import Store
from server.store.signals import CHANGED, WAKE, Listener
from server.watching.feed import Tail

_POLL_S = 2.0
_PAUSE_S = 0.02  # gathers signals under load; 50 snapshots a second are more than eyes can use
_WATCH_LENGTH = timedelta(seconds=6)
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Is a job as it was read last, with a preview when there is a new one.

    All who watch a job get the same `job` from one read.
    """

    job: Job
    preview: bytes = b""


@dataclass(frozen=True, slots=True)
class Preview:
    """Is the newest preview of a job, as the attempt that made it counts its reports."""

    attempt: int
    sequence: int
    jpeg: bytes

    @property
    def mark(self) -> tuple[int, int]:
        """Orders the previews of a job."""
        return (self.attempt, self.sequence)


class Watch:
    """Is one watcher: the newest snapshot that it has not seen."""

    def __init__(self, job: JobId, *, previews: bool) -> None:
        self.job = job
        self.previews = previews
        self._newest: Snapshot | None = None
        self._shown: Job | None = None
        self._shown_preview = (0, 0)
        self._changed = asyncio.Event()

    def offer(self, job: Job, preview: Preview | None = None) -> None:
        """Keeps a snapshot unless it is older than, or the same as, the one before."""
        if _rank(job) < _rank(self._shown):
            return
        picture = self._new_picture(job, preview)
        if job == self._shown and not picture:
            return
        if self._newest is not None and not picture:
            picture = self._newest.preview
        self._shown = job
        self._newest = Snapshot(job, picture)
        self._changed.set()

    def _new_picture(self, job: Job, preview: Preview | None) -> bytes:
        if not self.previews or preview is None or preview.mark <= self._shown_preview:
            return b""
        if preview.attempt != job.attempt or job.status is not JobStatus.PROCESSING:
            return b""
        self._shown_preview = preview.mark
        return preview.jpeg

    async def snapshots(self) -> AsyncGenerator[Snapshot, None]:
        """Yields snapshots until the job has ended."""
        while True:
            await self._changed.wait()
            self._changed.clear()
            snapshot, self._newest = self._newest, None
            if snapshot is None:
                continue
            yield snapshot
            if snapshot.job.status.ended:
                return


def _rank(job: Job | None) -> tuple[int, bool, int]:
    """Orders snapshots of a job: reads that overtake each other must not show it going back."""
    if job is None:
        return (-1, False, 0)
    sequence = job.progress.sequence if job.progress else 0
    return (job.attempt, job.status.ended, sequence)


class Events:
    """Reads changed jobs and hands their snapshots to those who watch them."""

    def __init__(self, store: Store, database_url: str) -> None:
        self.tail = Tail(store)
        self._store = store
        self._watches: dict[JobId, set[Watch]] = {}
        self._previews: dict[JobId, Preview] = {}
        self._changed: set[JobId] = set()
        self._signal = asyncio.Event()
        # A new job has no watcher yet, but the outbox tells of it.
        self._listener = Listener(database_url, CHANGED, self._hear, self._change_all, also=(WAKE,))

    def __len__(self) -> int:
        return sum(len(watches) for watches in self._watches.values())

    def watched(self, job: JobId) -> bool:
        """Tells whether anybody watches a job."""
        return job in self._watches

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Listens and reads in the background until the end."""
        async with self.tail.running(), self._listener.running():
            tasks = [
                asyncio.create_task(self._read_changed(), name="events"),
                asyncio.create_task(self._poll(), name="events poll"),
            ]
            try:
                yield
            finally:
                for task in tasks:
                    task.cancel()
                for task in tasks:
                    with suppress(asyncio.CancelledError):
                        await task

    @asynccontextmanager
    async def watch(self, job: JobId, *, previews: bool) -> AsyncIterator[Watch]:
        """Gives a watch on a job; the job is read at once."""
        if previews:
            await self._store.watches.renew([job], _WATCH_LENGTH)
        watch = Watch(job, previews=previews)
        self._watches.setdefault(job, set()).add(watch)
        self._change(job)
        try:
            yield watch
        finally:
            others = self._watches[job]
            others.discard(watch)
            if not others:
                del self._watches[job]
                self._previews.pop(job, None)

    def _hear(self, word: str) -> None:
        self.tail.wake()
        with suppress(ValueError):  # a lane
            self._change(JobId(UUID(word)))

    def _change(self, job: JobId) -> None:
        if job in self._watches:
            self._changed.add(job)
            self._signal.set()

    def _change_all(self) -> None:
        self.tail.wake()
        for job in self._watches:
            self._change(job)

    async def _poll(self) -> None:
        while True:
            self._change_all()
            wanted = [job for job in self._watches if self._wants_previews(job)]
            if wanted:
                with suppress(Unavailable):
                    await self._store.watches.renew(wanted, _WATCH_LENGTH)
            await asyncio.sleep(_POLL_S)

    async def _read_changed(self) -> None:
        while True:
            await self._signal.wait()
            self._signal.clear()
            changed, self._changed = list(self._changed), set()
            try:
                await self._read(changed)
            except Unavailable:
                # The poll asks for them again; a watcher only waits a little longer.
                _log.warning("snapshots not read", extra={"jobs": len(changed)})
            except Exception:
                # The same; if this task ended, every watcher would wait for good.
                _log.exception("snapshots not read", extra={"jobs": len(changed)})
            await asyncio.sleep(_PAUSE_S)

    async def _read(self, changed: list[JobId]) -> None:
        await self._read_previews([job for job in changed if self._wants_previews(job)])
        for job in await self._store.jobs.snapshots(changed):
            for watch in self._watches.get(job.id, ()):
                watch.offer(job, self._previews.get(job.id))

    async def _read_previews(self, jobs: list[JobId]) -> None:
        if not jobs:
            return
        nothing = Preview(0, 0, b"")
        seen = {job: self._previews.get(job, nothing).mark for job in jobs}
        for job, preview in (await self._store.watches.previews(seen)).items():
            if job in self._watches:
                self._previews[job] = Preview(*preview)

    def _wants_previews(self, job: JobId) -> bool:
        return any(watch.previews for watch in self._watches.get(job, ()))
