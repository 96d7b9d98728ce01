"""The fake's batches, whose jobs wait for each other and for free slots."""

import asyncio
import secrets
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any, TypeAlias

import grpc.aio

from imggen.errors import FailedPrecondition, InvalidRequest, Violation
from imggen.testing.drawing import Worker
from imggen.testing.memory import Memory, now, page_of
from imggen.testing.rejections import Check
from imggen.v1 import batch_pb2, generation_pb2
from imggen.v1.batch_pb2 import Batch, BatchImage
from imggen.v1.batch_pb2_grpc import BatchServiceServicer
from imggen.v1.errors_pb2 import ErrorReason
from imggen.v1.image_pb2 import IMAGE_TYPE_COVER, IMAGE_TYPE_PORTRAIT, IMAGE_TYPE_SCENE, Image
from imggen.v1.job_pb2 import (
    JOB_STATUS_CANCELLED,
    JOB_STATUS_COMPLETED,
    JOB_STATUS_FAILED,
    JOB_STATUS_PROCESSING,
    JOB_STATUS_QUEUED,
    Job,
)
from imggen.v1.story_pb2 import Story
from imggen.watching import has_ended

Context: TypeAlias = "grpc.aio.ServicerContext[Any, Any]"

MAX_CONCURRENT = 5
MAX_IMAGES_PER_PAGE = 4
_COVER_CHARACTERS = 2
_FAILED = (JOB_STATUS_FAILED, JOB_STATUS_CANCELLED)


@dataclass
class FakeBatch:
    """A batch: its message, without the fields computed from its jobs, and its images in order."""

    message: Batch
    images: list[BatchImage]


class FakeBatches:
    """The batches, whose jobs it submits to the worker as slots become free."""

    def __init__(self, memory: Memory, worker: Worker) -> None:
        self._memory = memory
        self._worker = worker
        self.by_id: dict[str, FakeBatch] = {}
        self._started: set[str] = set()
        self._last_status: dict[str, batch_pb2.BatchStatus.ValueType] = {}
        self._moving: asyncio.Task[None] | None = None

    def add(self, batch_id: str, story: Story, style: str, images: list[BatchImage]) -> FakeBatch:
        """Adds a batch and starts it."""
        message = Batch(
            batch_id=batch_id,
            story_id=story.id,
            style=style,
            total_images=len(images),
            max_concurrent=MAX_CONCURRENT,
            created_at=now(),
        )
        batch = FakeBatch(message, images)
        self.by_id[message.batch_id] = batch
        self.move()
        if self._moving is None:
            self._moving = asyncio.create_task(self._keep_moving())
        return batch

    def retry(self, jobs: list[Job]) -> None:
        """Queues jobs of batches again."""
        for job in jobs:
            self._worker.prepare(job)
            self._started.discard(job.job_id)
        self.move()

    def of_job(self, job: Job) -> FakeBatch | None:
        """Returns the batch of a job; None if it has none."""
        return self.by_id.get(job.batch_id)

    def retried_with(self, job: Job) -> list[Job]:
        """Returns a job, the ended jobs that it needs, and the jobs that failed because of it."""
        batch = self.of_job(job)
        if batch is None:
            return [job]
        needs = {image.job.job_id: set(image.needs_job_ids) for image in batch.images}
        chosen = {job.job_id} | {
            need for need in needs[job.job_id] if self._memory.jobs[need].status in _FAILED
        }
        for one, needed in needs.items():
            waiting = self._memory.jobs[one]
            reason = waiting.error.reason
            if (
                waiting.status in _FAILED
                and reason == ErrorReason.ERROR_REASON_DEPENDENCY_FAILED
                and needed & chosen
                and all(n in chosen or self._memory.jobs[n].status not in _FAILED for n in needed)
            ):
                chosen.add(one)
        return [self._memory.jobs[one] for one in needs if one in chosen]

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
            shown.job.CopyFrom(self._job(image))
            images.append(shown)
        return _summary(batch.message, [image.job for image in images]), images

    def move(self) -> None:
        """Fails jobs that need a failed one, and starts jobs that can run."""
        for batch in self.by_id.values():
            self._move(batch)
            self._tell(batch)

    def _tell(self, batch: FakeBatch) -> None:
        """Adds an event if the batch is new or its status has changed."""
        shown, _ = self.show(batch)
        if self._last_status.get(shown.batch_id) != shown.status:
            self._last_status[shown.batch_id] = shown.status
            self._memory.tell_batch(shown)

    async def _keep_moving(self) -> None:
        while True:
            change = self._memory.change()
            self.move()
            await change.wait()

    def _move(self, batch: FakeBatch) -> None:
        waiting = [image for image in batch.images if self._waits(self._job(image))]
        for image in waiting:
            if any(self._memory.jobs[need].status in _FAILED for need in image.needs_job_ids):
                self._worker.fail(self._job(image), ErrorReason.ERROR_REASON_DEPENDENCY_FAILED)
        jobs = [self._job(image) for image in batch.images]
        free = MAX_CONCURRENT - sum(
            job.job_id in self._started and not has_ended(job) for job in jobs
        )
        for image in waiting:
            job = self._job(image)
            met = all(
                self._memory.jobs[need].status == JOB_STATUS_COMPLETED
                for need in image.needs_job_ids
            )
            if free > 0 and met and self._waits(job):
                free -= 1
                self._started.add(job.job_id)
                self._worker.submit(job)

    def _waits(self, job: Job) -> bool:
        return job.status == JOB_STATUS_QUEUED and job.job_id not in self._started

    def _job(self, image: BatchImage) -> Job:
        return self._memory.jobs[image.job.job_id]


class Batches(BatchServiceServicer):
    """The fake's servicer of batches."""

    def __init__(self, memory: Memory, worker: Worker, batches: FakeBatches) -> None:
        self._memory = memory
        self._worker = worker
        self._batches = batches

    async def GetBatch(
        self, request: batch_pb2.GetBatchRequest, context: Context
    ) -> batch_pb2.GetBatchResponse:
        """Gets a batch with its images."""
        batch, images = self._batches.show(self._find(request.batch_id))
        return batch_pb2.GetBatchResponse(batch=batch, images=images)

    async def ListBatches(
        self, request: batch_pb2.ListBatchesRequest, context: Context
    ) -> batch_pb2.ListBatchesResponse:
        """Lists the batches, the newest first."""
        check = Check()
        check.id("story_id", request.story_id, optional=True)
        check.done()
        found = [
            self._batches.show(batch)[0]
            for batch in self._batches.by_id.values()
            if request.story_id in ("", batch.message.story_id)
        ]
        page, token = page_of(found, request)
        return batch_pb2.ListBatchesResponse(batches=page, next_page_token=token)

    async def WatchBatch(
        self, request: batch_pb2.WatchBatchRequest, context: Context
    ) -> AsyncIterator[batch_pb2.WatchBatchResponse]:
        """Streams snapshots until the batch has ended."""
        found = self._find(request.batch_id)
        while True:
            change = self._memory.change()
            batch, images = self._batches.show(found)
            yield batch_pb2.WatchBatchResponse(batch=batch, images=images)
            if batch.status != batch_pb2.BATCH_STATUS_PROCESSING:
                return
            await change.wait()

    async def CancelBatch(
        self, request: batch_pb2.CancelBatchRequest, context: Context
    ) -> batch_pb2.CancelBatchResponse:
        """Cancels the jobs that have not ended; a repeated cancel returns the batch as it is."""
        found = self._find(request.batch_id)
        batch, images = self._batches.show(found)
        running = [image.job.job_id for image in images if not has_ended(image.job)]
        if not running and not any(image.job.cancel_requested for image in images):
            raise FailedPrecondition(
                "batch_id: the batch has ended; only one that waits or runs can be cancelled",
                reason=ErrorReason.ERROR_REASON_BATCH_ENDED,
                metadata={
                    "batch_id": batch.batch_id,
                    "status": batch_pb2.BatchStatus.Name(batch.status).removeprefix(
                        "BATCH_STATUS_"
                    ),
                },
            )
        for job in reversed(running):  # jobs before those that they need
            self._worker.cancel(self._memory.jobs[job])
        return batch_pb2.CancelBatchResponse(batch=self._batches.show(found)[0])

    async def RetryBatch(
        self, request: batch_pb2.RetryBatchRequest, context: Context
    ) -> batch_pb2.RetryBatchResponse:
        """Queues the failed and cancelled jobs again."""
        check = Check()
        check.id("request_id", request.request_id, optional=True)
        check.done()
        self._memory.once(request, request.request_id, lambda: self._retry(request))
        return batch_pb2.RetryBatchResponse(
            batch=self._batches.show(self._find(request.batch_id))[0]
        )

    def _retry(self, request: batch_pb2.RetryBatchRequest) -> batch_pb2.RetryBatchResponse:
        found = self._find(request.batch_id)
        jobs = [
            self._memory.jobs[image.job.job_id]
            for image in self._batches.show(found)[1]
            if image.job.status in _FAILED and image.job.image_id in self._memory.images
        ]
        if not jobs:
            raise FailedPrecondition(
                "batch_id: none of its jobs can be retried; only failed and cancelled ones"
                " whose images were not deleted can",
                reason=ErrorReason.ERROR_REASON_BATCH_NOT_RETRYABLE,
                metadata={"batch_id": request.batch_id},
            )
        self._batches.retry(jobs)
        return batch_pb2.RetryBatchResponse(batch=self._batches.show(found)[0])

    def _find(self, id: str) -> FakeBatch:
        check = Check()
        check.id("batch_id", id)
        check.done()
        return self._memory.found(self._batches.by_id, id, ErrorReason.ERROR_REASON_BATCH_NOT_FOUND)


class StoryPlan:
    """The images of a story, portraits first."""

    def __init__(
        self, memory: Memory, request: generation_pb2.GenerateStoryRequest, style: str
    ) -> None:
        self._memory = memory
        self._request = request
        self._style = style
        self._story = memory.story(request.story_id)

    def images(self) -> list[Image]:
        """Returns the images to draw; raises InvalidRequest if the request leaves none."""
        wanted = (self._wants("include_character_portraits"), self._wants("include_scene_images"))
        named = [one for page in self._story.pages for one in page.character_ids]
        if not (any(wanted) or self._request.include_cover):
            raise _nothing("portraits, scenes and cover are all left out")
        if not self._story.pages:
            raise _nothing("the story has no pages")
        if not wanted[1] and not self._request.include_cover and not named:
            raise _nothing("its pages name no characters")
        for one in named:
            if one not in self._memory.characters:
                raise _refused(
                    f"a page names the deleted character {one}; update the page",
                    ErrorReason.ERROR_REASON_CHARACTER_GONE,
                )
        images = self._portraits(dict.fromkeys(named)) if wanted[0] else []
        if self._request.include_cover:
            leading = [one for one, _ in Counter(named).most_common(_COVER_CHARACTERS)]
            images.append(self._image(IMAGE_TYPE_COVER, leading))
        return images + (self._pages() if wanted[1] else [])

    def _portraits(self, characters: dict[str, None]) -> list[Image]:
        return [
            self._image(IMAGE_TYPE_PORTRAIT, [one], character_id=one)
            for one in characters
            if not self._fresh(one)
        ]

    def _fresh(self, character: str) -> bool:
        reference = self._memory.images.get(self._memory.characters[character].reference_image_id)
        stale = self._memory.characters[character].reference_stale
        return reference is not None and reference.style == self._style and not stale

    def _pages(self) -> list[Image]:
        copies = self._request.images_per_page or 1
        return [
            self._image(IMAGE_TYPE_SCENE, list(page.character_ids), page_number=number)
            for number, page in enumerate(self._story.pages, 1)
            for _ in range(copies)
        ]

    def _image(self, kind: Any, characters: list[str], **fields: Any) -> Image:
        return Image(
            type=kind,
            story_id=self._story.id,
            character_ids=characters,
            style=self._style,
            model=self._request.options.model,
            seed=secrets.randbits(32),
            **fields,
        )

    def _wants(self, field: Any) -> bool:
        return bool(getattr(self._request, field)) or not self._request.HasField(field)


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
    ended = [has_ended(job) for job in jobs]
    done = sum(1.0 if has_ended(job) else job.fraction for job in jobs)
    batch.fraction = 1.0 if all(ended) else done / len(jobs)
    if not all(ended):
        batch.status = batch_pb2.BATCH_STATUS_PROCESSING
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


def _nothing(why: str) -> InvalidRequest:
    return _refused(f"nothing to draw: {why}", ErrorReason.ERROR_REASON_NOTHING_TO_DRAW)


def _refused(description: str, reason: ErrorReason.ValueType) -> InvalidRequest:
    violation = Violation("story_id", description, reason)
    return InvalidRequest(f"story_id: {description}", reason=reason, violations=(violation,))
