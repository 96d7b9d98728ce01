"""The fake's batches, whose jobs wait for each other and for free slots."""

import asyncio
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from imggen.rules.retries import all_retryable, retried_with
from imggen.testing.feed import Feed
from imggen.testing.memory import Memory, now
from imggen.testing.worker import Worker
from imggen.v1 import batch_pb2
from imggen.v1.batch_pb2 import Batch, BatchImage
from imggen.v1.errors_pb2 import ErrorReason
from imggen.v1.job_pb2 import (
    JOB_STATUS_CANCELLED,
    JOB_STATUS_COMPLETED,
    JOB_STATUS_FAILED,
    JOB_STATUS_PROCESSING,
    JOB_STATUS_QUEUED,
    Job,
)
from imggen.watching import has_ended

MAX_CONCURRENT = 5
FAILED = (JOB_STATUS_FAILED, JOB_STATUS_CANCELLED)


@dataclass
class FakeBatch:
    """A batch: its message, without the fields computed from its jobs, and its images in order."""

    message: Batch
    images: list[BatchImage]


@dataclass(frozen=True, slots=True)
class Node:
    """A job in the graph of its batch."""

    needs: frozenset[str]
    pictureless: bool
    retryable: bool
    dependency_failed: bool


class Batches:
    """The batches, whose jobs it gives to the worker as slots become free."""

    def __init__(self, memory: Memory, feed: Feed, worker: Worker) -> None:
        self._memory = memory
        self._feed = feed
        self._worker = worker
        self._started: set[str] = set()
        self._last_status: dict[str, batch_pb2.BatchStatus.ValueType] = {}
        self._moving: asyncio.Task[None] | None = None

    def add(
        self,
        batch_id: str,
        story_id: str,
        style: str,
        images: list[BatchImage],
        metadata: Mapping[str, str],
    ) -> None:
        """Adds a batch and starts it."""
        message = Batch(
            batch_id=batch_id,
            story_id=story_id,
            style=style,
            total_images=len(images),
            max_concurrent=MAX_CONCURRENT,
            created_at=now(),
            metadata=metadata,
        )
        self._memory.batches.add(batch_id, FakeBatch(message, images))
        self.move()
        if self._moving is None:
            self._moving = asyncio.create_task(self._keep_moving())

    def retry(self, batch: FakeBatch, asked: str = "") -> list[Job]:
        """Queues all jobs of a batch again that can be retried, or one with those it needs."""
        jobs = self.retryable(batch, asked)
        for job in jobs:
            self._started.discard(job.job_id)
            self._worker.prepare(job)
        self.move()
        return jobs

    def retryable(self, batch: FakeBatch, asked: str = "") -> list[Job]:
        """Returns the jobs that `retry` queues again."""
        graph = {image.job.job_id: self._node(image) for image in batch.images}
        chosen = retried_with(graph, asked) if asked else all_retryable(graph)
        return [self._memory.jobs[one] for one in graph if one in chosen]

    async def stop(self) -> None:
        """Stops the task that advances the batches."""
        if self._moving is not None:
            self._moving.cancel()
            await asyncio.gather(self._moving, return_exceptions=True)

    def show(self, batch: FakeBatch) -> tuple[Batch, list[BatchImage]]:
        """Returns the current state of a batch."""
        images = []
        for image in batch.images:
            shown = BatchImage()
            shown.CopyFrom(image)
            job = self._job(image)
            shown.job.CopyFrom(job)
            shown.page_number, _ = self._memory.page(job.story_id, job.page_id)
            images.append(shown)
        return _summary(batch.message, [image.job for image in images]), images

    def move(self) -> None:
        """Fails jobs that need a failed one, and starts jobs that can run."""
        for batch in self._memory.batches:
            self._move(batch)
            self._tell(batch)

    def _tell(self, batch: FakeBatch) -> None:
        """Adds an event if the batch is new or its status has changed."""
        shown, _ = self.show(batch)
        if self._last_status.get(shown.batch_id) != shown.status:
            self._last_status[shown.batch_id] = shown.status
            self._feed.tell_batch(shown)

    async def _keep_moving(self) -> None:
        while True:
            change = self._memory.change()
            self.move()
            await change.wait()

    def _move(self, batch: FakeBatch) -> None:
        waiting = [image for image in batch.images if self._waits(self._job(image))]
        for image in waiting:
            self._fail_if_needs_failed(image)
        jobs = [self._job(image) for image in batch.images]
        free = MAX_CONCURRENT - sum(
            job.job_id in self._started and not has_ended(job) for job in jobs
        )
        for image in waiting:
            job = self._job(image)
            needs = [self._memory.jobs[need].status for need in image.needs_job_ids]
            met = all(status == JOB_STATUS_COMPLETED for status in needs)
            if free > 0 and met and self._waits(job):
                free -= 1
                self._started.add(job.job_id)
                self._worker.start(job)

    def _fail_if_needs_failed(self, image: BatchImage) -> None:
        for need in image.needs_job_ids:
            status = self._memory.jobs[need].status
            if status in FAILED:
                how = "has failed" if status == JOB_STATUS_FAILED else "was cancelled"
                self._worker.fail(
                    self._job(image),
                    ErrorReason.ERROR_REASON_DEPENDENCY_FAILED,
                    f"the job {need} that it needs {how}",
                )
                return

    def _waits(self, job: Job) -> bool:
        return job.status == JOB_STATUS_QUEUED and job.job_id not in self._started

    def _node(self, image: BatchImage) -> Node:
        job = self._job(image)
        failed = job.status in FAILED
        return Node(
            needs=frozenset(image.needs_job_ids),
            pictureless=failed,
            retryable=failed and job.image_id in self._memory.images,
            dependency_failed=job.error.reason == ErrorReason.ERROR_REASON_DEPENDENCY_FAILED,
        )

    def _job(self, image: BatchImage) -> Job:
        return self._memory.jobs[image.job.job_id]


def _summary(message: Batch, jobs: list[Job]) -> Batch:
    """Returns a batch's message with the fields computed from its jobs."""
    batch = Batch()
    batch.CopyFrom(message)
    counts = Counter(job.status for job in jobs)
    batch.queued_images = counts[JOB_STATUS_QUEUED]
    batch.processing_images = counts[JOB_STATUS_PROCESSING]
    batch.completed_images = counts[JOB_STATUS_COMPLETED]
    batch.failed_images = counts[JOB_STATUS_FAILED]
    batch.cancelled_images = counts[JOB_STATUS_CANCELLED]
    started = [job.started_at.ToNanoseconds() for job in jobs if job.HasField("started_at")]
    if started:
        batch.started_at.FromNanoseconds(min(started))
    ended = [has_ended(job) for job in jobs]
    done = sum(1.0 if has_ended(job) else job.fraction for job in jobs)
    batch.fraction = 1.0 if all(ended) else done / len(jobs)
    if not all(ended):
        batch.status = batch_pb2.BATCH_STATUS_PROCESSING
        batch.lane_paused = any(job.lane_paused for job in jobs)
        if not batch.lane_paused:
            ends = [job.estimated_completion_time.ToDatetime() for job in jobs]
            batch.estimated_completion_time.FromDatetime(max(ends))
    elif batch.failed_images:
        batch.status = batch_pb2.BATCH_STATUS_FAILED
    elif batch.cancelled_images:
        batch.status = batch_pb2.BATCH_STATUS_CANCELLED
    else:
        batch.status = batch_pb2.BATCH_STATUS_COMPLETED
    if all(ended):
        times = [job.completed_at.ToDatetime() for job in jobs]
        batch.completed_at.FromDatetime(max(times, default=batch.created_at.ToDatetime()))
    return batch
