"""Events of batches: who watches one always gets its newest snapshot, and never a backlog.

As with jobs, a signal is a hint that a job has changed, and a safety poll covers a lost one.
A batch is read whole, itself first and then its jobs, so that where it has ended they all have.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from uuid import UUID

from server.domain.batches import Batch, BatchImage
from server.domain.ids import BatchId, JobId
from server.errors import Unavailable
from server.store import Store
from server.store.signals import CHANGED, Listener

_POLL_S = 2.0
_PAUSE_S = 0.1  # a snapshot has every image, and ten of them a second are live
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class BatchSnapshot:
    """Is a batch with its images as they were read last."""

    batch: Batch
    images: Sequence[BatchImage]


class BatchWatch:
    """Is one watcher: the newest snapshot that it has not seen."""

    def __init__(self) -> None:
        self._newest: BatchSnapshot | None = None
        self._shown: BatchSnapshot | None = None
        self._changed = asyncio.Event()

    def offer(self, snapshot: BatchSnapshot) -> None:
        """Keeps a snapshot unless it is the same as the one before."""
        if snapshot != self._shown:
            self._shown = self._newest = snapshot
            self._changed.set()

    async def snapshots(self) -> AsyncGenerator[BatchSnapshot, None]:
        """Yields snapshots until the batch has ended."""
        while True:
            await self._changed.wait()
            self._changed.clear()
            snapshot, self._newest = self._newest, None
            if snapshot is None:
                continue
            yield snapshot
            if snapshot.batch.status.ended:
                return


class BatchEvents:
    """Reads changed batches and hands their snapshots to those who watch them."""

    def __init__(self, store: Store, database_url: str) -> None:
        self._store = store
        self._watches: dict[BatchId, set[BatchWatch]] = {}
        self._batch_of: dict[JobId, BatchId] = {}
        self._changed: set[BatchId] = set()
        self._signal = asyncio.Event()
        self._listener = Listener(database_url, CHANGED, self._hear, self._change_all)

    def __len__(self) -> int:
        return sum(len(watches) for watches in self._watches.values())

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Listens and reads in the background until the end."""
        async with self._listener.running():
            tasks = [
                asyncio.create_task(self._read_changed(), name="batch events"),
                asyncio.create_task(self._poll(), name="batch events poll"),
            ]
            try:
                yield
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)

    @asynccontextmanager
    async def watch(self, batch: BatchId) -> AsyncIterator[BatchWatch]:
        """Gives a watch on a batch; the batch is read at once."""
        watch = BatchWatch()
        self._watches.setdefault(batch, set()).add(watch)
        self._change(batch)
        try:
            yield watch
        finally:
            others = self._watches[batch]
            others.discard(watch)
            if not others:
                del self._watches[batch]
                self._batch_of = {job: of for job, of in self._batch_of.items() if of != batch}

    def _hear(self, word: str) -> None:
        with suppress(ValueError):
            batch = self._batch_of.get(JobId(UUID(word)))
            if batch is not None:
                self._change(batch)

    def _change(self, batch: BatchId) -> None:
        if batch in self._watches:
            self._changed.add(batch)
            self._signal.set()

    def _change_all(self) -> None:
        for batch in self._watches:
            self._change(batch)

    async def _poll(self) -> None:
        while True:
            self._change_all()
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
                _log.warning("batches not read", extra={"batches": len(changed)})
            except Exception:
                # The same; if this task ended, every watcher would wait for good.
                _log.exception("batches not read", extra={"batches": len(changed)})
            await asyncio.sleep(_PAUSE_S)

    async def _read(self, changed: list[BatchId]) -> None:
        for batch in await self._store.batches.snapshots(changed):
            images = await self._store.batches.images(batch.id)
            if batch.id not in self._watches:
                continue
            self._batch_of.update({image.job.id: batch.id for image in images})
            for watch in self._watches[batch.id]:
                watch.offer(BatchSnapshot(batch, images))
