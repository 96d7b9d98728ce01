"""Batches: the jobs that a whole story was admitted as, and how far they are together."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from server.domain.ids import BatchId, CharacterId, JobId, StoryId, UserId
from server.domain.jobs import Job, NewJob, RequestKey
from server.domain.states import BatchStatus, ImageType, JobStatus, Lane


@dataclass(frozen=True, slots=True)
class NewBatch:
    """Is a batch that is to be admitted: its jobs in order, and who waits for whom.

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

    @property
    def price_micros(self) -> int:
        """Is what all its jobs may cost together."""
        return sum(job.price_micros for job in self.jobs)


@dataclass(frozen=True, slots=True)
class Batch:
    """Is a batch as its caller sees it. `counts` are its images by their job's status.

    `lanes` are those of the jobs that have not ended.
    `portraits_left` and `pages_left` are what is still to be drawn, in images, by the parts
    that are not done yet; covers count as pages.
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

    @property
    def total(self) -> int:
        """Is how many images it has."""
        return sum(self.counts.values())

    @property
    def fraction(self) -> float:
        """Is how much of what can still come is drawn, 0 to 1."""
        if self.status.ended:
            return 1.0
        ended = sum(n for status, n in self.counts.items() if status.ended)
        unended = self.total - ended
        return (ended + unended - self.portraits_left - self.pages_left) / max(1, self.total)


@dataclass(frozen=True, slots=True)
class BatchImage:
    """Is one image of a batch: its job as it is now, what it shows, and what it waits for."""

    job: Job
    page_number: int | None
    character_id: CharacterId | None
    needs: tuple[JobId, ...]


@dataclass(frozen=True, slots=True)
class Node:
    """Is a job in the graph of its batch."""

    id: JobId
    lane: Lane
    status: JobStatus
    dependency_failed: bool
    deleted: bool
    needs: frozenset[JobId]

    @property
    def pictureless(self) -> bool:
        """Tells whether the job ended without a picture."""
        return self.status in (JobStatus.FAILED, JobStatus.CANCELLED)

    @property
    def retryable(self) -> bool:
        """Tells whether the job may be started again."""
        return self.pictureless and not self.deleted


@dataclass(frozen=True, slots=True)
class Pace:
    """Is how fast batches are drawn: what latest jobs took by kind, and how they overlapped.

    `overlap` is how many ran at once on average; `ahead` is how many jobs each other user has
    waiting or running.
    """

    takes: Mapping[ImageType, timedelta]
    overlap: float
    ahead: tuple[int, ...]


def all_retryable(graph: Mapping[JobId, Node]) -> set[JobId]:
    """Returns the jobs that a retry of a batch starts again: all that it can."""
    chosen = {node.id for node in graph.values() if node.retryable}
    while hopeless := {
        one for one in chosen if any(_missing(graph, need, chosen) for need in graph[one].needs)
    }:
        chosen -= hopeless
    return chosen


def retried_with(graph: Mapping[JobId, Node], asked: JobId) -> set[JobId]:
    """Returns the jobs that a retry of one starts again; empty when it cannot be retried.

    Those are the job, what it needs and has not got, and what failed for want of one of these
    and of nothing else.
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
    while dependents := {
        node.id
        for node in graph.values()
        if node.id in possible - chosen
        and node.dependency_failed
        and node.needs & chosen
        and not any(_missing(graph, need, chosen) for need in node.needs)
    }:
        chosen |= dependents
    return chosen


def _missing(graph: Mapping[JobId, Node], need: JobId, chosen: set[JobId]) -> bool:
    return graph[need].pictureless and need not in chosen
