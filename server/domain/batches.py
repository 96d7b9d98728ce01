"""Batches: the jobs that a whole story was admitted as, and their common progress."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from server.domain.ids import BatchId, CharacterId, JobId, StoryId, UserId
from server.domain.jobs import Job, NewJob, RequestKey
from server.domain.states import BatchStatus, ImageType, JobStatus, Lane


@dataclass(frozen=True, slots=True)
class NewBatch:
    """A batch to admit: its jobs in order, and which of them need which.

    `needs` pairs a job with one that must be COMPLETED before it may run.
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

    @property
    def price_micros(self) -> int:
        """The price of all its jobs together."""
        return sum(job.price_micros for job in self.jobs)


@dataclass(frozen=True, slots=True)
class Batch:
    """A batch as its caller sees it. `counts` are its images by their job's status.

    `lanes` are those of the jobs that have not ended. `portraits_left` and `pages_left` are
    images that are not drawn yet, where a job that runs counts as the rest of it; covers count
    as pages.
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
    lane: Lane
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
    number of jobs that wait or run. `served` says whether a worker can claim them.
    """

    takes: Mapping[ImageType, timedelta]
    overlap: float
    ahead: tuple[int, ...]
    served: bool = True


def all_retryable(graph: Mapping[JobId, Node]) -> set[JobId]:
    """Returns the jobs that a retry of a batch queues again: all whose needs can be met."""
    chosen = {node.id for node in graph.values() if node.retryable}
    while hopeless := {
        one for one in chosen if any(_missing(graph, need, chosen) for need in graph[one].needs)
    }:
        chosen -= hopeless
    return chosen


def retried_with(graph: Mapping[JobId, Node], asked: JobId) -> set[JobId]:
    """Returns the jobs that a retry of one queues again; empty when it cannot be retried.

    Those are the job, those that it needs and that have no picture, and those that failed only
    because one of these did.
    """
    possible = all_retryable(graph)
    if asked not in possible:
        return set()
    chosen: set[JobId] = set()
    waiting = [asked]
    while waiting:
        one = waiting.pop()
        if one in possible and one not in chosen:
            chosen.add(one)
            waiting.extend(graph[one].needs)
    while needing := {
        node.id
        for node in graph.values()
        if node.id in possible - chosen
        and node.dependency_failed
        and node.needs & chosen
        and not any(_missing(graph, need, chosen) for need in node.needs)
    }:
        chosen |= needing
    return chosen


def _missing(graph: Mapping[JobId, Node], need: JobId, chosen: set[JobId]) -> bool:
    return graph[need].pictureless and need not in chosen
