"""Watches of jobs: a snapshot has the job, and a preview if there is a new one.

Workers make previews only while they are wanted, so their watches ask for them repeatedly.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from uuid import UUID

from server.domain.ids import JobId
from server.domain.jobs import Job
from server.domain.states import JobStatus
from server.store import Store
from server.watching.loop import SILENCE_S, Watch, WatchLoop

_PAUSE_S = 0.02  # 50 snapshots a second are enough for eyes
_AT_ONCE = 4
"""The last stages of a job take less than a pause each, and its end is not to wait for them."""
_WANTED_FOR = timedelta(seconds=6)


@dataclass(frozen=True, slots=True)
class JobSnapshot:
    """A job as it was last read, with a preview if there is a new one.

    All watchers of a job get the same `job` object from one read. `checked_by` is the classifier
    that has looked at the preview.
    """

    job: Job
    preview: bytes = b""
    checked_by: str = ""

    @property
    def ended(self) -> bool:
        """Whether the job has ended."""
        return self.job.status.ended


@dataclass(frozen=True, slots=True)
class Preview:
    """The newest preview of a job, with its attempt and the number of its report.

    `checked_by` is the classifier that has looked at it; empty where none has.
    """

    attempt: int
    sequence: int
    jpeg: bytes
    checked_by: str = ""

    @property
    def mark(self) -> tuple[int, int]:
        """The sort key of a preview: attempt and report number."""
        return (self.attempt, self.sequence)


class JobWatch(Watch[JobSnapshot]):
    """One watcher of a job, with previews if it asked for them."""

    def __init__(self, *, previews: bool, silence_s: float = SILENCE_S) -> None:
        super().__init__(silence_s)
        self.previews = previews
        self._shown: Job | None = None
        self._shown_preview = (0, 0)

    def offer(self, job: Job, preview: Preview | None = None) -> None:
        """Shows a job unless it is older than the last one, or equals it."""
        if _rank(job) < _rank(self._shown):
            return
        fresh = self._fresh(job, preview)
        if job == self._shown and fresh is None:
            return
        self._shown = job
        if fresh is not None:
            self.show(JobSnapshot(job, fresh.jpeg, fresh.checked_by))
        elif self.unseen is not None:
            self.show(replace(self.unseen, job=job))
        else:
            self.show(JobSnapshot(job))

    def _again(self, snapshot: JobSnapshot) -> JobSnapshot:
        return JobSnapshot(snapshot.job)  # its preview was shown

    def _fresh(self, job: Job, preview: Preview | None) -> Preview | None:
        """Returns a preview that was not shown, and belongs to what the job does now."""
        if not self.previews or preview is None or preview.mark <= self._shown_preview:
            return None
        if preview.attempt != job.attempt or job.status is not JobStatus.PROCESSING:
            return None
        if preview.sequence > _sequence(job):
            return None  # of a report that this read of the job has not seen
        self._shown_preview = preview.mark
        return preview


def _rank(job: Job | None) -> tuple[int, bool, int]:
    """Returns what orders snapshots, so that reads out of order never show a job going back."""
    if job is None:
        return (-1, False, 0)
    return (job.attempt, job.status.ended, _sequence(job))


def _sequence(job: Job) -> int:
    """Returns the number of the job's last report; 0 before the first."""
    return job.progress.sequence if job.progress else 0


class JobWatches(WatchLoop[JobId, JobWatch]):
    """Reads changed jobs and gives their snapshots to their watchers."""

    def __init__(self, store: Store, *, silence_s: float = SILENCE_S) -> None:
        super().__init__("jobs", pause_s=_PAUSE_S, at_once=_AT_ONCE)
        self._silence_s = silence_s
        self._store = store
        self._previews: dict[JobId, Preview] = {}

    @asynccontextmanager
    async def watch(self, job: JobId, *, previews: bool) -> AsyncIterator[JobWatch]:
        """Yields a watch of a job, which is read at once."""
        if previews:
            await self._store.watches.renew([job], _WANTED_FOR)
        with self._entered(job, self._new(previews)) as watch:
            yield watch

    def _new(self, previews: bool) -> JobWatch:
        return JobWatch(previews=previews, silence_s=self._silence_s)

    def _key_of(self, message: str) -> JobId:
        return JobId(UUID(message))

    async def _read(self, changed: Sequence[JobId]) -> None:
        # Jobs first: a preview that came since then waits for the read that its report signals. The
        # other way round, a job would be shown at a step without the preview of this step.
        jobs = await self._store.jobs.snapshots(changed)
        await self._read_previews([job for job in changed if self._wants_previews(job)])
        for job in jobs:
            for watch in self._watches_of(job.id):
                watch.offer(job, self._previews.get(job.id))

    async def _renew(self) -> None:
        wanted = [job for job in self._watches if self._wants_previews(job)]
        if wanted:
            await self._store.watches.renew(wanted, _WANTED_FOR)

    def _forget(self, key: JobId) -> None:
        self._previews.pop(key, None)

    async def _read_previews(self, jobs: list[JobId]) -> None:
        if not jobs:
            return
        nothing = Preview(0, 0, b"")
        seen = {job: self._previews.get(job, nothing).mark for job in jobs}
        for job, preview in (await self._store.watches.previews(seen)).items():
            if self.watched(job):
                self._previews[job] = Preview(*preview)

    def _wants_previews(self, job: JobId) -> bool:
        return any(watch.previews for watch in self._watches_of(job))
