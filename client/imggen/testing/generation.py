"""The fake's admission of jobs and batches."""

import secrets
from typing import Any, TypeAlias
from uuid import uuid4

import grpc.aio

from imggen.errors import FailedPrecondition
from imggen.testing.batches import MAX_IMAGES_PER_PAGE, FakeBatches, StoryPlan
from imggen.testing.drawing import Worker
from imggen.testing.library import check_style
from imggen.testing.memory import Memory, now
from imggen.testing.rejections import Check
from imggen.v1 import generation_pb2
from imggen.v1.batch_pb2 import BatchImage
from imggen.v1.errors_pb2 import ErrorReason
from imggen.v1.generation_pb2_grpc import GenerationServiceServicer
from imggen.v1.image_pb2 import (
    IMAGE_TYPE_COVER,
    IMAGE_TYPE_PORTRAIT,
    IMAGE_TYPE_SCENE,
    Image,
)
from imggen.v1.job_pb2 import JOB_KIND_COVER, JOB_KIND_PORTRAIT, JOB_KIND_SCENE, Job

Context: TypeAlias = "grpc.aio.ServicerContext[Any, Any]"
Request: TypeAlias = (
    generation_pb2.GeneratePortraitRequest
    | generation_pb2.GenerateSceneRequest
    | generation_pb2.GenerateStoryRequest
    | generation_pb2.RegenerateImageRequest
)
Seeded: TypeAlias = (
    generation_pb2.GeneratePortraitRequest
    | generation_pb2.GenerateSceneRequest
    | generation_pb2.Modifications
)

MAX_REGENERATIONS = 5
_QUALITIES = ("hd", "standard")
_ASPECT_RATIOS = ("16:9", "4:3", "1:1")
_DEFAULT_PRIORITY = 2
_KINDS = {
    IMAGE_TYPE_PORTRAIT: JOB_KIND_PORTRAIT,
    IMAGE_TYPE_SCENE: JOB_KIND_SCENE,
    IMAGE_TYPE_COVER: JOB_KIND_COVER,
}


class Generation(GenerationServiceServicer):
    """The fake's servicer that admits jobs and submits them to the worker."""

    def __init__(self, memory: Memory, worker: Worker, batches: FakeBatches) -> None:
        self._memory = memory
        self._worker = worker
        self._batches = batches

    async def GeneratePortrait(
        self, request: generation_pb2.GeneratePortraitRequest, context: Context
    ) -> generation_pb2.GeneratePortraitResponse:
        """Draws the portrait of a character."""
        check = Check()
        check.id("character_id", request.character_id)
        check.id("story_id", request.story_id, optional=True)
        if not request.story_id:
            check.required("style", request.style)
        self._check_common(check, request, request.style)
        _check_quality(check, request.options.quality)
        check.done()
        return self._memory.once(request, request.request_id, lambda: self._portrait(request))

    def _portrait(
        self, request: generation_pb2.GeneratePortraitRequest
    ) -> generation_pb2.GeneratePortraitResponse:
        character = self._memory.character(request.character_id)
        story_style = self._memory.story(request.story_id).style if request.story_id else ""
        image = Image(
            type=IMAGE_TYPE_PORTRAIT,
            story_id=request.story_id,
            character_id=character.id,
            character_ids=[character.id],
            style=_style(request.style, story_style),
            model=request.options.model,
        )
        return generation_pb2.GeneratePortraitResponse(job=self._admit(image, request, request))

    async def GenerateScene(
        self, request: generation_pb2.GenerateSceneRequest, context: Context
    ) -> generation_pb2.GenerateSceneResponse:
        """Draws the scene of a page."""
        check = Check()
        check.id("story_id", request.story_id)
        for place, id in enumerate(request.character_ids):
            check.id(f"character_ids[{place}]", id)
        self._check_common(check, request, request.style)
        _check_quality(check, request.options.quality)
        check.choice(
            "options.aspect_ratio",
            request.options.aspect_ratio,
            _ASPECT_RATIOS,
            ErrorReason.ERROR_REASON_ASPECT_RATIO_NOT_OFFERED,
        )
        check.done()
        return self._memory.once(request, request.request_id, lambda: self._scene(request))

    def _scene(
        self, request: generation_pb2.GenerateSceneRequest
    ) -> generation_pb2.GenerateSceneResponse:
        story = self._memory.story(request.story_id)
        check = Check()
        if not 1 <= request.page_number <= len(story.pages):
            check.bad(
                "page_number",
                f"{request.page_number} is not a page of the story; use 1 to {len(story.pages)}",
                ErrorReason.ERROR_REASON_PAGE_OUT_OF_RANGE,
            )
        check.done()
        page = story.pages[request.page_number - 1]
        characters = [
            self._memory.character(id).id for id in request.character_ids or page.character_ids
        ]
        image = Image(
            type=IMAGE_TYPE_SCENE,
            story_id=story.id,
            page_number=request.page_number,
            character_ids=characters,
            style=_style(request.style, story.style),
            model=request.options.model,
        )
        return generation_pb2.GenerateSceneResponse(job=self._admit(image, request, request))

    async def GenerateStory(
        self, request: generation_pb2.GenerateStoryRequest, context: Context
    ) -> generation_pb2.GenerateStoryResponse:
        """Draws a whole story."""
        check = Check()
        check.id("story_id", request.story_id)
        self._check_common(check, request, request.style)
        _check_quality(check, request.options.quality)
        check.range("images_per_page", request.images_per_page, 0, MAX_IMAGES_PER_PAGE)
        check.done()
        return self._memory.once(request, request.request_id, lambda: self._whole_story(request))

    def _whole_story(
        self, request: generation_pb2.GenerateStoryRequest
    ) -> generation_pb2.GenerateStoryResponse:
        story = self._memory.story(request.story_id)
        style = _style(request.style, story.style)
        batch_id = str(uuid4())
        images: list[BatchImage] = []
        portraits: dict[str, str] = {}
        for image in StoryPlan(self._memory, request, style).images():
            job = self._admit(image, request, None, batch_id)
            if image.type == IMAGE_TYPE_PORTRAIT:
                portraits[image.character_id] = job.job_id
                needs = []
            else:
                needs = [portraits[one] for one in image.character_ids if one in portraits]
            images.append(
                BatchImage(
                    job=job,
                    page_number=image.page_number,
                    character_id=image.character_id,
                    needs_job_ids=needs,
                )
            )
        batch = self._batches.add(batch_id, story, style, images)
        return generation_pb2.GenerateStoryResponse(batch=self._batches.show(batch)[0])

    async def RegenerateImage(
        self, request: generation_pb2.RegenerateImageRequest, context: Context
    ) -> generation_pb2.RegenerateImageResponse:
        """Draws a new version of an image."""
        check = Check()
        check.id("image_id", request.image_id)
        self._check_common(check, request, request.modifications.style)
        check.done()
        return self._memory.once(request, request.request_id, lambda: self._version(request))

    def _version(
        self, request: generation_pb2.RegenerateImageRequest
    ) -> generation_pb2.RegenerateImageResponse:
        parent = self._memory.image(request.image_id)
        versions = self._lineage(parent.lineage_id)
        if len(versions) > MAX_REGENERATIONS:
            raise FailedPrecondition(
                f"image_id: its lineage has used all {MAX_REGENERATIONS} regenerations;"
                " generate a new image",
                reason=ErrorReason.ERROR_REASON_REGENERATION_LIMIT,
                metadata={"limit": str(MAX_REGENERATIONS)},
            )
        image = Image(
            type=parent.type,
            story_id=parent.story_id,
            character_id=parent.character_id,
            character_ids=parent.character_ids,
            page_number=parent.page_number,
            style=request.modifications.style or parent.style,
            model=parent.model,
            version=max(image.version for image in versions) + 1,
            lineage_id=parent.lineage_id,
            parent_image_id=parent.id,
        )
        job = self._admit(image, request, request.modifications)
        return generation_pb2.RegenerateImageResponse(job=job)

    def _lineage(self, lineage_id: str) -> list[Image]:
        return [image for image in self._memory.images.values() if image.lineage_id == lineage_id]

    def _check_common(self, check: Check, request: Request, style: str) -> None:
        check_style(check, self._memory, "style", style)
        check.id("request_id", request.request_id, optional=True)
        if request.HasField("priority") and not 1 <= request.priority <= 3:
            check.bad(
                "priority",
                f"{request.priority} is not allowed for callers; use 1 to 3",
                ErrorReason.ERROR_REASON_PRIORITY_NOT_ALLOWED,
            )

    def _admit(
        self, image: Image, request: Request, seeded: Seeded | None, batch_id: str = ""
    ) -> Job:
        """Stores a job and starts it; without `seeded` the job waits for its batch."""
        image.id = str(uuid4())
        image.job_id = str(uuid4())
        image.created_at.CopyFrom(now())
        if seeded is not None:
            image.seed = seeded.seed if seeded.HasField("seed") else secrets.randbits(32)
        image.version = image.version or 1
        image.lineage_id = image.lineage_id or image.id
        self._memory.images[image.id] = image
        versions = self._lineage(image.lineage_id)
        for version in versions:
            version.regenerations_left = MAX_REGENERATIONS + 1 - len(versions)
        job = Job(
            job_id=image.job_id,
            image_id=image.id,
            kind=_KINDS[image.type],
            priority=request.priority if request.HasField("priority") else _DEFAULT_PRIORITY,
            model=image.model,
            created_at=image.created_at,
            batch_id=batch_id,
        )
        self._memory.jobs[job.job_id] = job
        if seeded is None:
            self._worker.prepare(job)
        else:
            self._worker.submit(job)
        return job


def _check_quality(check: Check, quality: str) -> None:
    reason = ErrorReason.ERROR_REASON_QUALITY_UNKNOWN
    check.choice("options.quality", quality, _QUALITIES, reason)


def _style(asked: str, story_style: str) -> str:
    check = Check()
    check.required("style", asked or story_style)
    check.done()
    return asked or story_style
