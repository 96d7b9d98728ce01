"""Watches of batches: a snapshot has the batch and all its images.

The batch is read before its jobs, so that when it has ended, they all have.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from uuid import UUID

from server.domain.batches import Batch, BatchImage
from server.domain.ids import BatchId, JobId
from server.store import Store
from server.watching.loop import SILENCE_S, Watch, WatchLoop

_PAUSE_S = 0.1  # a snapshot has every image; ten a second are enough


@dataclass(frozen=True, slots=True)
class BatchSnapshot:
    """A batch with its images, as they were last read."""

    batch: Batch
    images: Sequence[BatchImage]

    @property
    def ended(self) -> bool:
        """Whether the batch has ended."""
        return self.batch.status.ended


class BatchWatch(Watch[BatchSnapshot]):
    """One watcher of a batch."""

    def __init__(self, silence_s: float = SILENCE_S) -> None:
        super().__init__(silence_s)
        self._shown: BatchSnapshot | None = None

    def offer(self, snapshot: BatchSnapshot) -> None:
        """Shows a snapshot unless it equals the last one."""
        if snapshot != self._shown:
            self._shown = snapshot
            self.show(snapshot)


class BatchWatches(WatchLoop[BatchId, BatchWatch]):
    """Reads changed batches and gives their snapshots to their watchers."""

    def __init__(self, store: Store, *, silence_s: float = SILENCE_S) -> None:
        super().__init__("batches", pause_s=_PAUSE_S)
        self._silence_s = silence_s
        self._store = store
        self._batch_of: dict[JobId, BatchId] = {}

    @asynccontextmanager
    async def watch(self, batch: BatchId) -> AsyncIterator[BatchWatch]:
        """Yields a watch of a batch, which is read at once."""
        with self._entered(batch, BatchWatch(self._silence_s)) as watch:
            yield watch

    def _key_of(self, message: str) -> BatchId | None:
        return self._batch_of.get(JobId(UUID(message)))

    async def _read(self, changed: Sequence[BatchId]) -> None:
        for batch in await self._store.batches.snapshots(changed):
            images = await self._store.batches.images(batch.id)
            if not self.watched(batch.id):
                continue
            self._batch_of.update({image.job.id: batch.id for image in images})
            for watch in self._watches_of(batch.id):
                watch.offer(BatchSnapshot(batch, images))

    def _forget(self, key: BatchId) -> None:
        self._batch_of = {job: of for job, of in self._batch_of.items() if of != key}
