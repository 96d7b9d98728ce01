"""The fake's servicer that admits jobs and batches."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import grpc.aio

from imggen.rules.checks import DEFAULT_PRIORITY, Checks
from imggen.testing.batches import Batches
from imggen.testing.choices import pause
from imggen.testing.memory import Memory, new_id, now, read_key
from imggen.testing.plans import Plan
from imggen.testing.reading import Reader
from imggen.testing.reuse import OnePicture, Reuses
from imggen.testing.upscales import read_upscale
from imggen.testing.worker import LANE, Worker
from imggen.v1 import generation_pb2
from imggen.v1.batch_pb2 import BatchImage
from imggen.v1.generation_pb2 import (
    GeneratePortraitRequest,
    GenerateSceneRequest,
    GenerateStoryRequest,
    RegenerateImageRequest,
    UpscaleImageRequest,
)
from imggen.v1.generation_pb2_grpc import GenerationServiceServicer
from imggen.v1.image_pb2 import (
    IMAGE_TYPE_COVER,
    IMAGE_TYPE_PORTRAIT,
    IMAGE_TYPE_SCENE,
    Image,
)
from imggen.v1.job_pb2 import (
    JOB_KIND_COVER,
    JOB_KIND_PORTRAIT,
    JOB_KIND_SCENE,
    JOB_KIND_UPSCALE,
    Job,
    Upscaling,
)
from imggen.v1.routing_pb2 import ExplainRouteResponse, Route

Context: TypeAlias = "grpc.aio.ServicerContext[Any, Any]"
Request: TypeAlias = OnePicture | GenerateStoryRequest

MAX_RETRIES = 3
_KINDS = {
    IMAGE_TYPE_PORTRAIT: JOB_KIND_PORTRAIT,
    IMAGE_TYPE_SCENE: JOB_KIND_SCENE,
    IMAGE_TYPE_COVER: JOB_KIND_COVER,
}


@dataclass(frozen=True, slots=True)
class Origin:
    """What all jobs of one request have in common."""

    priority: int
    metadata: Mapping[str, str]
    key: str | None


class Generation(GenerationServiceServicer):
    """The fake's servicer that admits jobs and gives them to the worker."""

    def __init__(self, memory: Memory, worker: Worker, batches: Batches, reuses: Reuses) -> None:
        self._memory = memory
        self._reader = Reader(memory)
        self._worker = worker
        self._batches = batches
        self._reuses = reuses

    async def GeneratePortrait(
        self, request: GeneratePortraitRequest, context: Context
    ) -> generation_pb2.GeneratePortraitResponse:
        """Draws the portrait of a character."""
        checks = Checks()
        origin = _origin(checks, request)
        job = self._once(request, origin, lambda: self._reader.portrait(checks, request))
        return generation_pb2.GeneratePortraitResponse(job=job)

    async def GenerateScene(
        self, request: GenerateSceneRequest, context: Context
    ) -> generation_pb2.GenerateSceneResponse:
        """Draws the scene of a page."""
        checks = Checks()
        origin = _origin(checks, request)
        job = self._once(request, origin, lambda: self._reader.scene(checks, request))
        return generation_pb2.GenerateSceneResponse(job=job)

    async def RegenerateImage(
        self, request: RegenerateImageRequest, context: Context
    ) -> generation_pb2.RegenerateImageResponse:
        """Draws a new version of an image."""
        checks = Checks()
        origin = _origin(checks, request)
        job = self._once(request, origin, lambda: self._reader.version(checks, request))
        return generation_pb2.RegenerateImageResponse(job=job)

    async def UpscaleImage(
        self, request: UpscaleImageRequest, context: Context
    ) -> generation_pb2.UpscaleImageResponse:
        """Makes the print asset of an image anew."""
        checks = Checks()
        origin = _origin(checks, request)

        def admit() -> str:
            image, size = read_upscale(checks, self._memory, request)
            job = self._new_upscale(image, size, origin)
            self._worker.submit(job)
            return job.job_id

        made = self._memory.once("generation", origin.key, request, admit)
        return generation_pb2.UpscaleImageResponse(job=self._memory.jobs.ever(made))

    async def GenerateStory(
        self, request: GenerateStoryRequest, context: Context
    ) -> generation_pb2.GenerateStoryResponse:
        """Draws a whole story."""
        checks = Checks()
        origin = _origin(checks, request)

        def admit() -> str:
            return self._whole_story(checks, request, origin)

        made = self._memory.once("GenerateStory", origin.key, request, admit)
        batch, _ = self._batches.show(self._memory.batches.ever(made))
        return generation_pb2.GenerateStoryResponse(batch=batch)

    def _new_upscale(self, image: Image, size: tuple[int, int], origin: Origin) -> Job:
        """Stores the job that makes a print asset."""
        job = Job(
            job_id=new_id(),
            image_id=image.id,
            kind=JOB_KIND_UPSCALE,
            priority=origin.priority,
            max_retries=MAX_RETRIES,
            provider="local",
            created_at=now(),
            story_id=image.story_id,
            page_id=image.page_id,
            metadata=origin.metadata,
            upscaling=Upscaling(print_size=f"{size[0]}x{size[1]}"),
        )
        self._memory.jobs.add(job.job_id, job)
        self._memory.routes[job.job_id] = ExplainRouteResponse(admitted=Route())
        return job

    def _once(self, request: OnePicture, origin: Origin, read: Any) -> Job:
        def admit() -> str:
            plan = read()
            found = self._reuses.of_picture(plan, request)
            job = self._admit(plan, origin)
            if found is None:
                self._worker.submit(job)
            else:
                self._reuses.answer(job, found)
            return job.job_id

        return self._memory.jobs.ever(self._memory.once("generation", origin.key, request, admit))

    def _whole_story(self, checks: Checks, request: GenerateStoryRequest, origin: Origin) -> str:
        story, style, plans = self._reader.whole_story(checks, request)
        batch_id = new_id()
        images = []
        portraits: dict[str, str] = {}
        stored = self._reuses.of_story(plans, request.options)
        for plan, found in zip(plans, stored, strict=True):
            needs = [portraits[one] for one in plan.waits_for if one in portraits]
            job = self._admit(plan, origin, batch_id)
            if found is None:
                self._worker.prepare(job)
            else:
                self._reuses.answer(job, found)
            if plan.image.type == IMAGE_TYPE_PORTRAIT:
                portraits[plan.image.character_id] = job.job_id
            images.append(
                BatchImage(
                    job=job, character_id=plan.image.character_id, needs_job_ids=sorted(needs)
                )
            )
        self._batches.add(batch_id, story.id, style, images, origin.metadata)
        return batch_id

    def _admit(self, plan: Plan, origin: Origin, batch_id: str = "") -> Job:
        """Stores a job and its image."""
        image = plan.image
        image.id, image.job_id = new_id(), new_id()
        image.created_at.CopyFrom(now())
        image.lineage_id = image.lineage_id or image.id
        image.metadata.update(origin.metadata)
        self._memory.versions[image.lineage_id] = image.version
        self._memory.images.add(image.id, image)
        self._memory.drawings[image.id] = plan.drawing
        job = Job(
            job_id=image.job_id,
            image_id=image.id,
            kind=_KINDS[image.type],
            priority=origin.priority,
            max_retries=MAX_RETRIES,
            model=image.model,
            provider=image.provider,
            created_at=image.created_at,
            batch_id=batch_id,
            story_id=image.story_id,
            page_id=image.page_id,
            metadata=origin.metadata,
            cropped_from=plan.cropped_from,
        )
        self._memory.jobs.add(job.job_id, job)
        if LANE in self._memory.paused:
            pause(plan.route)
        self._memory.routes[job.job_id] = ExplainRouteResponse(admitted=plan.route)
        return job


def _origin(checks: Checks, request: Request | UpscaleImageRequest) -> Origin:
    priority = request.priority if request.HasField("priority") else DEFAULT_PRIORITY
    checks.priority("priority", priority, admin=False)
    if isinstance(request, UpscaleImageRequest):
        metadata = checks.metadata("metadata", request.metadata)
    else:
        metadata = checks.metadata("options.metadata", request.options.metadata)
    return Origin(priority, metadata, read_key(checks, request.request_id))
