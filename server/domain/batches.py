"""Batches: the jobs that a whole story was admitted as, and their common progress."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from server.domain.ids import BatchId, CharacterId, JobId, StoryId, UserId
from server.domain.jobs import Copy, Job, NewJob, RequestKey
from server.domain.spec import SPEC_VERSION
from server.domain.states import BatchStatus, ImageType, JobStatus, Lane


@dataclass(frozen=True, slots=True)
class NewBatch:
    """A batch to admit: its jobs in order, and which of them need which.

    `needs` pairs a job with one that must be COMPLETED before it may run. `copies` are the jobs
    that stored pictures answer; they are not among `jobs`.
    """

    id: BatchId
    user_id: UserId
    story_id: StoryId
    style: str
    max_concurrent: int
    request: RequestKey | None
    jobs: tuple[NewJob, ...]
    needs: tuple[tuple[JobId, JobId], ...]
    metadata: Mapping[str, str] = field(default_factory=dict)
    copies: tuple[Copy, ...] = ()

    @property
    def price_micros(self) -> int:
        """The price of all its jobs together; copies are free."""
        return sum(job.price_micros for job in self.jobs)

    @property
    def lanes(self) -> set[Lane]:
        """The lanes in which its jobs wait."""
        return {one.lane for job in self.jobs for one in job.lanes}


@dataclass(frozen=True, slots=True)
class Batch:
    """A batch as its caller sees it. `counts` are its images by their job's status.

    `lanes` are those in which its jobs wait or run. `portraits_left` and `pages_left` are
    images that are not drawn yet, where a job that runs counts as the rest of it; covers count
    as pages. `spec_version` is the oldest that can draw all that waits.
    """

    id: BatchId
    user_id: UserId
    story_id: StoryId
    style: str
    status: BatchStatus
    lanes: frozenset[Lane]
    max_concurrent: int
    counts: Mapping[JobStatus, int]
    portraits_left: float
    pages_left: float
    estimated_micros: int
    actual_micros: int
    created_at: datetime
    started_at: datetime | None = None
    completed_at: datetime | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)
    spec_version: int = 0

    @property
    def total(self) -> int:
        """The number of its images."""
        return sum(self.counts.values())

    @property
    def fraction(self) -> float:
        """The part of its images that has ended or is drawn already, 0 to 1."""
        if self.status.ended:
            return 1.0
        ended = sum(n for status, n in self.counts.items() if status.ended)
        unended = self.total - ended
        return (ended + unended - self.portraits_left - self.pages_left) / max(1, self.total)


@dataclass(frozen=True, slots=True)
class BatchImage:
    """An image of a batch: its current job, what it shows, and the jobs that it needs."""

    job: Job
    page_number: int | None
    character_id: CharacterId | None
    needs: tuple[JobId, ...]


@dataclass(frozen=True, slots=True)
class Node:
    """A job in the graph of its batch."""

    id: JobId
    status: JobStatus
    cancel_requested: bool
    dependency_failed: bool
    deleted: bool
    needs: frozenset[JobId]

    @property
    def pictureless(self) -> bool:
        """Whether the job ended without a picture."""
        return self.status in (JobStatus.FAILED, JobStatus.CANCELLED)

    @property
    def retryable(self) -> bool:
        """Whether the job may be retried."""
        return self.pictureless and not self.deleted


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast batches are drawn: the times of the latest jobs by kind, and their overlap.

    `overlap` is the mean number of jobs that ran at once; `ahead` has, for each other user, the
    number of jobs that wait or run. `spec_version` is the newest that a worker can claim, 0 for
    none. `cold_start` is how long a model takes to start, 0 while one is warm. `paused` is whether
    all lanes are, so that nothing more starts.
    """

    takes: Mapping[ImageType, timedelta]
    overlap: float
    ahead: tuple[int, ...]
    spec_version: int = SPEC_VERSION
    cold_start: timedelta = timedelta(0)
    paused: bool = False

    @property
    def served(self) -> bool:
        """Whether a worker can claim the jobs."""
        return self.spec_version > 0
