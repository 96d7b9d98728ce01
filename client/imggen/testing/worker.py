"""The fake's worker, which takes a job through its stages and completes its image."""

import asyncio
from collections import deque
from collections.abc import Iterator
from datetime import timedelta

from imggen.errors import reason_name
from imggen.fields import short_name
from imggen.rules.scenes import SETTLED_BY, still_open
from imggen.rules.texts import first_doubts, first_parts, shortened
from imggen.testing.assets import asset_of, preview_of
from imggen.testing.feed import Feed
from imggen.testing.finishing import printed_anew, steps_done, steps_taken
from imggen.testing.memory import Memory, now
from imggen.v1.admin_pb2 import JobAttempt
from imggen.v1.errors_pb2 import ErrorReason
from imggen.v1.image_pb2 import (
    ASSET_KIND_DISPLAY,
    IMAGE_STATUS_CANCELLED,
    IMAGE_STATUS_COMPLETED,
    IMAGE_STATUS_FAILED,
    IMAGE_STATUS_GENERATING,
    IMAGE_STATUS_QUEUED,
    IMAGE_STATUS_UNSPECIFIED,
    IMAGE_TYPE_PORTRAIT,
    ImageStatus,
)
from imggen.v1.job_pb2 import (
    JOB_KIND_UPSCALE,
    JOB_STATUS_CANCELLED,
    JOB_STATUS_COMPLETED,
    JOB_STATUS_FAILED,
    JOB_STATUS_PROCESSING,
    JOB_STATUS_QUEUED,
    JOB_STATUS_UNSPECIFIED,
    STAGE_FINISHING,
    STAGE_RENDERING,
    STAGE_RESOLVING,
    STAGE_STORING,
    Job,
    JobStatus,
    Stage,
)
from imggen.v1.scene_pb2 import LossKind, NotDrawn, Scene, Unsure
from imggen.watching import has_ended

LANE = "local"
"""The lane in which the fake draws everything."""

UPSCALE_LANE = "upscale"
"""The lane in which it makes print assets anew."""

_TILE = 512

_RUNS = "running"
_LOST = ErrorReason.ERROR_REASON_WORKER_LOST
STAGES = (STAGE_RESOLVING, STAGE_RENDERING, STAGE_FINISHING, STAGE_STORING)


class Worker:
    """The fake's worker: draws jobs one step at a time; `held` stops it before the next step."""

    def __init__(self, memory: Memory, feed: Feed, *, steps: int, step_seconds: float) -> None:
        self.held = False
        self.failures: deque[ErrorReason.ValueType] = deque()
        self.not_drawn: tuple[NotDrawn, ...] = ()
        self.unsure: tuple[Unsure, ...] = ()
        self._memory = memory
        self._feed = feed
        self._steps = steps
        self._step_seconds = step_seconds
        self._running: dict[str, asyncio.Task[None]] = {}

    def submit(self, job: Job) -> None:
        """Queues a new or retried job and starts it."""
        self.prepare(job)
        self.start(job)

    def start(self, job: Job) -> None:
        """Starts a queued job."""
        task = asyncio.create_task(self._draw(job))
        self._running[job.job_id] = task
        task.add_done_callback(lambda done: self._forget(job, done))

    def prepare(self, job: Job) -> None:
        """Makes a new or retried job QUEUED."""
        new = job.status == JOB_STATUS_UNSPECIFIED
        job.status = JOB_STATUS_QUEUED
        job.cancel_requested = False
        job.lane_paused = lane_of(job) in self._memory.paused
        job.retry_count = 0
        for field in ("completed_at", "error", "not_drawn", "unsure", "references"):
            job.ClearField(field)
        job.ClearField("stage_timings")
        job.ClearField("post_processing")
        job.upscaling.ClearField("tile")
        left = timedelta(seconds=self._step_seconds * (self._steps + 4))
        job.estimated_completion_time.FromDatetime(now().ToDatetime() + left)
        if job.kind == JOB_KIND_UPSCALE:
            self._feed.tell_job(job)
            return
        job.ClearField("upscaling")
        image = self._memory.images.ever(job.image_id)
        image.status = IMAGE_STATUS_QUEUED
        self._feed.tell_job(job)
        if not new:
            self._feed.tell_image(image)

    def fail_running(self, job: Job, reason: ErrorReason.ValueType, message: str) -> None:
        """Fails a job while it runs; a queued one is started first."""
        self._stop(job)
        self._begin(job)
        self.fail(job, reason, message)

    def fail(self, job: Job, reason: ErrorReason.ValueType, message: str) -> None:
        """Fails a job that has not ended."""
        self._stop(job)
        job.error.reason = reason
        job.error.message = shortened(message)
        self._end(job, JOB_STATUS_FAILED, IMAGE_STATUS_FAILED)

    def cancel(self, job: Job) -> None:
        """Cancels a queued job at once, a running job before its next step."""
        job.cancel_requested = True
        if job.status == JOB_STATUS_QUEUED:
            self._stop(job)
            self._cancelled(job, "cancelled before it started")
        self._memory.touch()

    def finish(self, job: Job) -> None:
        """Completes a job that has not ended, at once."""
        self._stop(job)
        self._begin(job)
        if job.kind == JOB_KIND_UPSCALE:
            self._finish_upscale(job)
        else:
            self._finish_drawing(job)

    def _finish_upscale(self, job: Job) -> None:
        width, _, height = job.upscaling.print_size.partition("x")
        image, size = self._memory.images.ever(job.image_id), (int(width), int(height))
        self._memory.prints[job.image_id] = size
        job.upscaling.tile = _TILE
        job.ClearField("error")
        spent, drawing = timedelta(seconds=self._step_seconds), self._memory.drawings[job.image_id]
        steps_now = printed_anew(image.post_processing, drawing, size)
        for shows in (image, self._memory.jobs.ever(image.job_id)):
            shows.ClearField("post_processing")
            shows.post_processing.extend(steps_now)
        for stage in (STAGE_RESOLVING, STAGE_FINISHING, STAGE_STORING):
            steps = steps_taken(stage, drawing, spent, upscaled=True)
            job.stage_timings.add(stage=stage, steps=steps).duration.FromTimedelta(spent)
        self._end(job, JOB_STATUS_COMPLETED)

    def _finish_drawing(self, job: Job) -> None:
        image = self._memory.images.ever(job.image_id)
        drawing = self._memory.drawings[image.id]
        image.status = IMAGE_STATUS_COMPLETED
        image.completed_at.CopyFrom(now())
        image.width, image.height = drawing.display
        image.file_size = len(asset_of(image, ASSET_KIND_DISPLAY, drawing).data)
        image.prompt = f"a picture in the style {image.style}"
        image.checked_by = self._memory.checked_by
        image.picture_check = self._memory.picture_check
        image.references.extend(self._memory.used_references(image))
        job.references.extend(image.references)
        if image.type == IMAGE_TYPE_PORTRAIT and image.id in self._memory.images:
            self._memory.make_reference(image)
        self._feed.tell_image(image)
        image.not_drawn.extend(self.kept())
        job.not_drawn.extend(image.not_drawn)
        if image.type != IMAGE_TYPE_PORTRAIT:
            image.unsure.extend(self.doubted(drawing.fixed))
        job.unsure.extend(image.unsure)
        image.post_processing.extend(steps_done(drawing))
        image.quality_score = 5.0
        job.post_processing.extend(image.post_processing)
        job.ClearField("error")
        spent = timedelta(seconds=self._step_seconds)
        for stage in STAGES:
            steps = steps_taken(stage, drawing, spent)
            job.stage_timings.add(stage=stage, steps=steps).duration.FromTimedelta(spent)
        self._end(job, JOB_STATUS_COMPLETED)

    def kept(self) -> tuple[NotDrawn, ...]:
        """Returns what a job keeps of what pictures do not show."""
        return self.not_drawn[: first_parts([(one.phrase, one.drawn_as) for one in self.not_drawn])]

    def doubted(self, fixed: bytes) -> list[Unsure]:
        """Returns what a job keeps of the doubts about its page, of which an author set `fixed`."""
        scene = Scene.FromString(fixed)
        settled = {
            kind
            for field, kinds in SETTLED_BY.items()
            if field in scene.empty or getattr(scene, field)
            for kind in kinds
        }
        left = [one for one in self.unsure if short_name(LossKind, one.kind) not in settled]
        left = still_open(left, [one for one in self.kept() if not one.drawn_as])
        return left[: first_doubts([(one.phrase, one.why) for one in left])]

    def show(
        self,
        job: Job,
        stage: Stage.ValueType,
        step: int,
        steps: int,
        fraction: float,
        preview: bytes | None = None,
    ) -> None:
        """Sets what a running job does; a queued one is started, and waits."""
        if job.status == JOB_STATUS_QUEUED:
            self._stop(job)
            self._begin(job)
        job.stage, job.step, job.steps, job.fraction = stage, step, steps, fraction
        if preview is not None:
            shown = self._memory.previews[job.job_id]
            shown.number, shown.attempt, shown.jpeg = shown.number + 1, job.attempt, preview
            shown.check = self._memory.picture_check
        self._memory.touch()

    def give_back(self, job: Job) -> None:
        """Queues a running job again, as when its worker is lost; it costs a retry.

        The job is CANCELLED if that was requested, FAILED if it has no retries left. Raises
        ValueError for a job that does not run.
        """
        if job.status != JOB_STATUS_PROCESSING:
            status = short_name(JobStatus, job.status)
            raise ValueError(f"job {job.job_id} is {status}; only one that runs has a worker")
        reason, message = _LOST, "the worker fake was lost"
        self._stop(job)
        self._end_attempt(job, "lost", message)
        if job.cancel_requested:
            self._cancelled(job, "cancelled; its worker was lost")
            return
        if job.retry_count >= job.max_retries:
            self.fail(job, reason, message)
            return
        job.retry_count += 1
        job.status = JOB_STATUS_QUEUED
        job.error.reason, job.error.message = reason, message
        self._clear_progress(job)
        self._feed.tell_job(job)
        self._set_image_status(job, IMAGE_STATUS_QUEUED)
        self.start(job)

    async def stop(self) -> None:
        """Drops the running jobs."""
        tasks = list(self._running.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _draw(self, job: Job) -> None:
        await self._pause(job)
        while lane_of(job) in self._memory.paused or self._memory.draining:
            await self._memory.change().wait()
        failure = self.failures.popleft() if self.failures else None
        self._begin(job)
        image = self._memory.images.ever(job.image_id)
        upscales = job.kind == JOB_KIND_UPSCALE
        for position, (stage, step, steps) in enumerate(_walk(self._steps, upscales=upscales)):
            fraction = position / (self._steps + 4)
            preview = preview_of(image, fraction) if step and not upscales else None
            self.show(job, stage, step, steps, fraction, preview)
            if failure is not None and (stage == STAGE_RENDERING or upscales):
                self.fail_running(
                    job, failure, f"the fake was told to fail with {reason_name(failure)}"
                )
                return
            await self._pause(job)
            if job.cancel_requested:
                self._cancelled(job, "cancelled while it ran")
                return
        self.finish(job)

    def _begin(self, job: Job) -> None:
        if job.status == JOB_STATUS_PROCESSING:
            return
        job.status = JOB_STATUS_PROCESSING
        job.lane_paused = False
        job.attempt += 1
        self._route_attempt(job)
        if not job.HasField("started_at"):
            job.started_at.CopyFrom(now())
        self._feed.tell_job(job)
        self._set_image_status(job, IMAGE_STATUS_GENERATING)

    async def _pause(self, job: Job) -> None:
        """Waits for the time of a step, and while the worker is held."""
        await asyncio.sleep(self._step_seconds)
        while True:
            change = self._memory.change()
            if not self.held or job.cancel_requested:
                return
            await change.wait()

    def _cancelled(self, job: Job, message: str) -> None:
        job.error.reason = ErrorReason.ERROR_REASON_JOB_CANCELLED
        job.error.message = message
        self._end(job, JOB_STATUS_CANCELLED, IMAGE_STATUS_CANCELLED)

    def _end(
        self,
        job: Job,
        status: JobStatus.ValueType,
        image: ImageStatus.ValueType = IMAGE_STATUS_UNSPECIFIED,
    ) -> None:
        job.status = status
        self._end_attempt(job, short_name(JobStatus, status), job.error.message)
        self._clear_progress(job)
        job.completed_at.CopyFrom(now())
        job.lane_paused = False
        job.ClearField("estimated_completion_time")
        if status == JOB_STATUS_COMPLETED:
            job.fraction = 1
        if image:
            self._set_image_status(job, image)
        self._feed.tell_job(job)

    def _route_attempt(self, job: Job) -> None:
        explained = self._memory.routes[job.job_id]
        attempt = explained.attempts.add(attempt=job.attempt, route=explained.admitted)
        attempt.outcome = _RUNS
        attempt.started_at.CopyFrom(now())
        told = JobAttempt(
            attempt=job.attempt,
            worker="fake",
            provider=job.provider,
            model=job.model,
            outcome=_RUNS,
            started_at=attempt.started_at,
            route=explained.admitted,
        )
        self._memory.attempts[job.job_id].append(told)

    def _end_attempt(self, job: Job, outcome: str, error: str) -> None:
        """Says how the attempt of a job ended, if one runs."""
        for attempt in self._memory.routes[job.job_id].attempts:
            if attempt.outcome == _RUNS:
                attempt.outcome, attempt.error = outcome, error
                told = self._memory.attempts[job.job_id][-1]
                told.outcome = outcome
                told.finished_at.CopyFrom(now())
                told.stage_timings.extend(job.stage_timings)
                if error:
                    told.error.reason = _LOST if outcome == "lost" else job.error.reason
                    told.error.message = error

    def _clear_progress(self, job: Job) -> None:
        for field in ("stage", "step", "steps", "fraction"):
            job.ClearField(field)

    def _set_image_status(self, job: Job, status: ImageStatus.ValueType) -> None:
        if job.kind == JOB_KIND_UPSCALE:
            return  # its image is drawn, and stays as it is
        image = self._memory.images.ever(job.image_id)
        image.status = status
        if image.id in self._memory.images:
            self._feed.tell_image(image)

    def _forget(self, job: Job, task: asyncio.Task[None]) -> None:
        if self._running.get(job.job_id) is task:
            del self._running[job.job_id]

    def _stop(self, job: Job) -> None:
        """Takes a job from the task that draws it, if that is not the one that asks."""
        assert not has_ended(job), "only a job that waits or runs can be changed"
        task = self._running.get(job.job_id)
        if task is not None and task is not asyncio.current_task():
            self._running.pop(job.job_id)
            task.cancel()


def lane_of(job: Job) -> str:
    """Returns the lane of a job."""
    return UPSCALE_LANE if job.kind == JOB_KIND_UPSCALE else LANE


def _walk(steps: int, *, upscales: bool) -> Iterator[tuple[Stage.ValueType, int, int]]:
    """Yields the stage, step and steps of every position of a job, in order."""
    yield STAGE_RESOLVING, 0, 0
    for step in range(steps + 1):
        yield STAGE_FINISHING if upscales else STAGE_RENDERING, step, steps
    if not upscales:
        yield STAGE_FINISHING, 0, 0
    yield STAGE_STORING, 0, 0
