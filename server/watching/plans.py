"""Watches of plans: each waits for all pages of one to be read."""

from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass
from uuid import UUID

from server.domain.ids import JobId
from server.domain.states import JobStatus
from server.store import Store
from server.watching.loop import Watch, WatchLoop

_PAUSE_S = 0.02


@dataclass(frozen=True, slots=True)
class PlanEnd:
    """The only snapshot of a plan: all pages are read, or one of them will not be."""

    ended: bool = True


class PlanWatch(Watch[PlanEnd]):
    """One watcher of the readings of a plan."""

    def __init__(self, readings: Collection[JobId]) -> None:
        super().__init__()
        self._left = set(readings)

    def offer(self, reading: JobId, status: JobStatus | None) -> None:
        """Takes how far a reading is; None is one that is gone."""
        if status is JobStatus.COMPLETED:
            self._left.discard(reading)
        lost = status is None or status in (JobStatus.FAILED, JobStatus.CANCELLED)
        if lost or not self._left:
            self.show(PlanEnd())

    async def end(self) -> None:
        """Returns when all pages are read, or one will not be."""
        async for _ in self.snapshots():
            return


class PlanWatches(WatchLoop[JobId, PlanWatch]):
    """Reads how far readings are, and tells those who wait for them."""

    def __init__(self, store: Store) -> None:
        super().__init__("plans", pause_s=_PAUSE_S)
        self._store = store

    @asynccontextmanager
    async def watch(self, readings: Collection[JobId]) -> AsyncIterator[PlanWatch]:
        """Yields a watch of all readings of a plan, which are looked at at once."""
        watch = PlanWatch(readings)
        with ExitStack() as stack:
            for reading in readings:
                stack.enter_context(self._entered(reading, watch))
            yield watch

    def _key_of(self, message: str) -> JobId:
        return JobId(UUID(message))

    async def _read(self, changed: Sequence[JobId]) -> None:
        found = await self._store.plans.statuses(changed)
        for reading in changed:
            for watch in self._watches_of(reading):
                watch.offer(reading, found.get(reading))
