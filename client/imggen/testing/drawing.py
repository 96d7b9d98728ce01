"""The fake's worker, which takes a job through its stages and completes its image."""

import asyncio
import base64
from collections import deque
from collections.abc import Iterator
from datetime import timedelta

from imggen.errors import reason_name
from imggen.testing.memory import Memory, now
from imggen.testing.picture import CONTENT_TYPE, asset, size_of
from imggen.v1.errors_pb2 import ErrorReason
from imggen.v1.image_pb2 import (
    ASSET_KIND_DISPLAY,
    ASSET_KIND_PRINT,
    ASSET_KIND_THUMBNAIL,
    IMAGE_STATUS_CANCELLED,
    IMAGE_STATUS_COMPLETED,
    IMAGE_STATUS_FAILED,
    IMAGE_STATUS_GENERATING,
    IMAGE_STATUS_QUEUED,
    IMAGE_STATUS_UNSPECIFIED,
    IMAGE_TYPE_PORTRAIT,
    AssetKind,
    Image,
    ImageStatus,
)
from imggen.v1.job_pb2 import (
    JOB_STATUS_CANCELLED,
    JOB_STATUS_COMPLETED,
    JOB_STATUS_FAILED,
    JOB_STATUS_PROCESSING,
    JOB_STATUS_QUEUED,
    STAGE_FINISHING,
    STAGE_RENDERING,
    STAGE_RESOLVING,
    STAGE_STORING,
    STAGE_UNSPECIFIED,
    Job,
    JobStatus,
    Stage,
)

_URLS_LIVE = timedelta(hours=1)


class Worker:
    """The fake's worker: draws jobs one step at a time; `held` stops it before the next step."""

    def __init__(self, memory: Memory, *, steps: int, step_seconds: float) -> None:
        self.held = False
        self.failures: deque[ErrorReason.ValueType] = deque()
        self.unknown_words: tuple[str, ...] = ()
        self._memory = memory
        self._steps = steps
        self._step_seconds = step_seconds
        self._running: set[asyncio.Task[None]] = set()

    def submit(self, job: Job) -> None:
        """Queues a new or retried job and starts it."""
        self.prepare(job)
        task = asyncio.create_task(self._draw(job))
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    def prepare(self, job: Job) -> None:
        """Makes a new or retried job QUEUED."""
        waits = job.status == JOB_STATUS_QUEUED
        job.status = JOB_STATUS_QUEUED
        job.cancel_requested = False
        job.retry_count = 0
        job.step = job.steps = 0
        job.fraction = 0
        job.ClearField("completed_at")
        left = timedelta(seconds=self._step_seconds * (self._steps + 4))
        job.estimated_completion_time.FromDatetime(now().ToDatetime() + left)
        image = self._memory.images[job.image_id]
        again = image.status not in (IMAGE_STATUS_UNSPECIFIED, IMAGE_STATUS_QUEUED)
        image.status = IMAGE_STATUS_QUEUED
        if not waits:
            self._memory.tell_job(job)
        if again:
            self._memory.tell_image(image)

    def fail(self, job: Job, reason: ErrorReason.ValueType) -> None:
        """Fails a queued job that can never run."""
        self._end(job, JOB_STATUS_FAILED, reason)

    def cancel(self, job: Job) -> None:
        """Cancels a queued job at once, a running job before its next step."""
        job.cancel_requested = True
        if job.status == JOB_STATUS_QUEUED:
            self._end(job, JOB_STATUS_CANCELLED, ErrorReason.ERROR_REASON_JOB_CANCELLED)
        self._memory.touch()

    async def stop(self) -> None:
        """Drops the running jobs."""
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)

    async def _draw(self, job: Job) -> None:
        await self._pause(job)
        if job.status != JOB_STATUS_QUEUED:
            return
        failure = self.failures.popleft() if self.failures else None
        job.status = JOB_STATUS_PROCESSING
        job.attempt += 1
        job.ClearField("stage_timings")
        if not job.HasField("started_at"):
            job.started_at.CopyFrom(now())
        self._memory.tell_job(job)
        self._set_image_status(job, IMAGE_STATUS_GENERATING)
        for position, (stage, step, steps) in enumerate(_walk(self._steps)):
            job.stage, job.step, job.steps = stage, step, steps
            job.fraction = position / (self._steps + 4)
            self._memory.touch()
            if failure is not None and stage == STAGE_RENDERING:
                self._end(job, JOB_STATUS_FAILED, failure)
                return
            await self._pause(job)
            if job.cancel_requested:
                self._end(job, JOB_STATUS_CANCELLED, ErrorReason.ERROR_REASON_JOB_CANCELLED)
                return
        self._complete(job)

    async def _pause(self, job: Job) -> None:
        """Waits for the time of a step, and while the worker is held."""
        began = now()
        await asyncio.sleep(self._step_seconds)
        while True:
            change = self._memory.change()
            if not self.held or job.cancel_requested:
                break
            await change.wait()
        if job.stage != STAGE_UNSPECIFIED:
            _add_time(job, now().ToDatetime() - began.ToDatetime())

    def _complete(self, job: Job) -> None:
        image = self._memory.images[job.image_id]
        image.status = IMAGE_STATUS_COMPLETED
        image.completed_at.CopyFrom(now())
        image.width, image.height = size_of(image, ASSET_KIND_DISPLAY)
        image.file_size = len(asset(image, ASSET_KIND_DISPLAY))
        image.model = image.model or "fake"
        image.provider = job.provider = "fake"
        image.prompt = f"a picture in the style {image.style}"
        image.url = image.cdn_url = _data_url(image, ASSET_KIND_DISPLAY)
        image.print_url = _data_url(image, ASSET_KIND_PRINT)
        image.thumbnail_url = _data_url(image, ASSET_KIND_THUMBNAIL)
        image.urls_expire_at.FromDatetime(now().ToDatetime() + _URLS_LIVE)
        if image.type == IMAGE_TYPE_PORTRAIT:
            self._make_reference(image)
        self._memory.tell_image(image)
        job.model = image.model
        job.unknown_words[:] = self.unknown_words
        job.ClearField("error")
        self._end(job, JOB_STATUS_COMPLETED)

    def _make_reference(self, image: Image) -> None:
        for other in self._memory.images.values():
            if other.character_id == image.character_id:
                other.is_reference = other.id == image.id
        character = self._memory.characters.get(image.character_id)
        if character is not None:
            character.reference_image_id = image.id
            character.reference_stale = False

    def _end(
        self,
        job: Job,
        status: JobStatus.ValueType,
        reason: ErrorReason.ValueType = ErrorReason.ERROR_REASON_UNSPECIFIED,
    ) -> None:
        job.status = status
        job.stage = STAGE_UNSPECIFIED
        job.completed_at.CopyFrom(now())
        job.ClearField("estimated_completion_time")
        if status == JOB_STATUS_COMPLETED:
            job.fraction = 1
        elif status == JOB_STATUS_FAILED:
            job.error.reason = reason
            job.error.message = f"the fake was told to fail with {reason_name(reason)}"
            self._set_image_status(job, IMAGE_STATUS_FAILED)
        else:
            job.error.reason = reason
            job.error.message = "the caller cancelled the job"
            self._set_image_status(job, IMAGE_STATUS_CANCELLED)
        self._memory.tell_job(job)

    def _set_image_status(self, job: Job, status: ImageStatus.ValueType) -> None:
        image = self._memory.images.get(job.image_id)
        if image is not None:
            image.status = status
            self._memory.tell_image(image)


def _walk(steps: int) -> Iterator[tuple[Stage.ValueType, int, int]]:
    """Yields the stage, step and steps of every position of a job, in order."""
    yield STAGE_RESOLVING, 0, 0
    for step in range(steps + 1):
        yield STAGE_RENDERING, step, steps
    yield STAGE_FINISHING, 0, 0
    yield STAGE_STORING, 0, 0


def _add_time(job: Job, spent: timedelta) -> None:
    if not job.stage_timings or job.stage_timings[-1].stage != job.stage:
        job.stage_timings.add(stage=job.stage)
    duration = job.stage_timings[-1].duration
    duration.FromTimedelta(duration.ToTimedelta() + spent)


def _data_url(image: Image, kind: AssetKind.ValueType) -> str:
    return f"data:{CONTENT_TYPE};base64,{base64.b64encode(asset(image, kind)).decode()}"
