"""The fake's servicer that admits jobs and batches."""

import secrets
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import grpc.aio

from imggen.rules import pictures
from imggen.rules.checks import DEFAULT_PRIORITY, Checks
from imggen.rules.missing import missing_page
from imggen.rules.offers import choose, choose_again
from imggen.rules.states import MAX_REGENERATIONS, regenerations_used
from imggen.testing.batches import Batches
from imggen.testing.catalogue import MODELS, STYLES, Model
from imggen.testing.memory import Memory, new_id, now, read_key
from imggen.testing.plans import (
    Plan,
    Storyboard,
    plan_of,
    portrait_shape,
    scene_shape,
    uses_references,
)
from imggen.testing.reuse import Reuse, Reuses, content
from imggen.testing.worker import Worker
from imggen.v1 import generation_pb2
from imggen.v1.batch_pb2 import BatchImage
from imggen.v1.generation_pb2 import (
    GeneratePortraitRequest,
    GenerateSceneRequest,
    GenerateStoryRequest,
    RegenerateImageRequest,
)
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
    GeneratePortraitRequest | GenerateSceneRequest | GenerateStoryRequest | RegenerateImageRequest
)

MAX_RETRIES = 3
_KINDS = {
    IMAGE_TYPE_PORTRAIT: JOB_KIND_PORTRAIT,
    IMAGE_TYPE_SCENE: JOB_KIND_SCENE,
    IMAGE_TYPE_COVER: JOB_KIND_COVER,
}
_STYLES = {style.id: style.id for style in STYLES}


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
        self._worker = worker
        self._batches = batches
        self._reuses = reuses

    async def GeneratePortrait(
        self, request: GeneratePortraitRequest, context: Context
    ) -> generation_pb2.GeneratePortraitResponse:
        """Draws the portrait of a character."""
        checks = Checks()
        origin = _origin(checks, request)
        job = self._once(request, origin, lambda: self._portrait(checks, request))
        return generation_pb2.GeneratePortraitResponse(job=job)

    async def GenerateScene(
        self, request: GenerateSceneRequest, context: Context
    ) -> generation_pb2.GenerateSceneResponse:
        """Draws the scene of a page."""
        checks = Checks()
        origin = _origin(checks, request)
        job = self._once(request, origin, lambda: self._scene(checks, request))
        return generation_pb2.GenerateSceneResponse(job=job)

    async def RegenerateImage(
        self, request: RegenerateImageRequest, context: Context
    ) -> generation_pb2.RegenerateImageResponse:
        """Draws a new version of an image."""
        checks = Checks()
        origin = _origin(checks, request)
        job = self._once(request, origin, lambda: self._version(checks, request))
        return generation_pb2.RegenerateImageResponse(job=job)

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

    def _once(self, request: Request, origin: Origin, read: Any) -> Job:
        def admit() -> str:
            plan = read()
            reuse = Reuse(_asked_seed(request)) if request.options.allow_reuse else None
            found = self._reuses.find(plan, reuse) if reuse else None
            job = self._admit(plan, origin)
            if found is None:
                self._worker.submit(job)
            else:
                self._reuses.answer(job, found)
            return job.job_id

        return self._memory.jobs.ever(self._memory.once("generation", origin.key, request, admit))

    def _portrait(self, checks: Checks, request: GeneratePortraitRequest) -> Plan:
        character_id = checks.id("character_id", request.character_id, str)
        story_id = checks.id("story_id", request.story_id, str, required=False)
        maybe_model = _chosen(checks, choose(MODELS, request.options.model, 1, request.size))
        maybe_quality = pictures.read_quality(checks, request.options.quality)
        story = self._memory.stories[story_id] if story_id else None
        maybe_style = pictures.read_style(
            checks, request.style, story.style if story else "", _STYLES
        )
        one, model, quality, style = checks.complete(
            character_id, maybe_model, maybe_quality, maybe_style
        )
        image = Image(
            type=IMAGE_TYPE_PORTRAIT,
            story_id=story_id or "",
            character_id=self._memory.characters[one].id,
            character_ids=[one],
            style=style,
            seed=_seed(request),
        )
        shape = portrait_shape(model, request.size)
        use = request.options.use_references
        return plan_of(self._memory, image, model, shape, quality, use_references=use)

    def _scene(self, checks: Checks, request: GenerateSceneRequest) -> Plan:
        story_id = checks.id("story_id", request.story_id, str)
        named = checks.ids("character_ids", request.character_ids, str)
        description = checks.prompt("scene_description", request.scene_description)
        ratio = pictures.read_aspect_ratio(checks, request.aspect_ratio)
        maybe_quality = pictures.read_quality(checks, request.options.quality)
        story = self._memory.stories[story_id] if story_id else None
        page_id = checks.id("page_id", request.page_id, str)
        number, page = self._page(story.id, page_id) if story and page_id else (0, None)
        if page and not request.scene_description:
            pictures.check_page(checks, page.scene_description or page.text, number)
        maybe_style = pictures.read_style(
            checks, request.style, story.style if story else None, _STYLES
        )
        ids = tuple(page.character_ids) if named == () and page else named or ()
        maybe_model = _chosen(checks, choose(MODELS, request.options.model, len(ids)))
        found, quality, style, model = checks.complete(
            page, maybe_quality, maybe_style, maybe_model
        )
        image = Image(
            type=IMAGE_TYPE_SCENE,
            story_id=story_id or "",
            page_id=found.id,
            character_ids=[self._memory.characters[one].id for one in ids],
            style=style,
            seed=_seed(request),
        )
        return plan_of(
            self._memory,
            image,
            model,
            scene_shape(model, ratio or ""),
            quality,
            use_references=uses_references(request.options),
            scene=description or found.scene_description,
            page_text=found.text,
        )

    def _version(self, checks: Checks, request: RegenerateImageRequest) -> Plan:
        changes = request.modifications
        prompt = pictures.changed_prompt(checks, changes)
        style = pictures.changed_style(checks, changes, _STYLES)
        asked = checks.id("image_id", request.image_id, str)
        if asked is None:
            raise checks.refused()
        parent = self._memory.images[asked]
        drawing = self._memory.drawings[parent.id]
        quality = drawing.quality
        if request.options.quality:
            quality = pictures.read_quality(checks, request.options.quality) or ""
        name = request.options.model or parent.model
        size = drawing.size if parent.type == IMAGE_TYPE_PORTRAIT else None
        maybe_model = _chosen(checks, choose_again(MODELS, name, len(parent.character_ids), size))
        model = checks.complete(maybe_model)
        newest = self._memory.versions[parent.lineage_id]
        if newest > MAX_REGENERATIONS:
            raise regenerations_used(parent.lineage_id)
        image = Image(
            type=parent.type,
            story_id=parent.story_id,
            page_id=parent.page_id,
            character_id=parent.character_id,
            character_ids=parent.character_ids,
            style=style or parent.style,
            model=model.name,
            provider=model.provider,
            version=newest + 1,
            lineage_id=parent.lineage_id,
            parent_image_id=parent.id,
            seed=_seed(changes),
        )
        again = replace(
            drawing,
            quality=quality,
            use_references=uses_references(request.options),
            scene=prompt or drawing.scene,
        )
        return Plan(image, again, self._memory.jobs[parent.job_id].cropped_from)

    def _whole_story(self, checks: Checks, request: GenerateStoryRequest, origin: Origin) -> str:
        story_id = checks.id("story_id", request.story_id, str)
        maybe_quality = pictures.read_quality(checks, request.options.quality)
        maybe_copies = pictures.read_images_per_page(checks, request.images_per_page)
        ratio = pictures.read_aspect_ratio(checks, request.aspect_ratio)
        story = self._memory.stories[story_id] if story_id else None
        maybe_style = pictures.read_style(
            checks, request.style, story.style if story else None, _STYLES
        )
        if story is None:
            raise checks.refused()
        board = Storyboard(self._memory, checks, request, story, ratio or "")
        board.read(maybe_style, maybe_copies)
        style, quality, copies = checks.complete(maybe_style, maybe_quality, maybe_copies)
        batch_id = new_id()
        images = []
        portraits: dict[str, str] = {}
        equal: Counter[object] = Counter()
        for plan in board.plans(style, quality, copies):
            needs = [portraits[one] for one in plan.image.character_ids if one in portraits]
            found = None
            # What is drawn from a portrait of the same batch is always drawn.
            if request.options.allow_reuse and not (needs and plan.drawing.use_references):
                found = self._reuses.find(plan, Reuse(place=equal[content(plan)]))
                equal[content(plan)] += 1
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

    def _page(self, story_id: str, page_id: str) -> tuple[int, Any]:
        number, page = self._memory.page(story_id, page_id)
        if page is None:
            raise missing_page(page_id)
        return number, page

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
        return job


def _origin(checks: Checks, request: Request) -> Origin:
    priority = request.priority if request.HasField("priority") else DEFAULT_PRIORITY
    checks.priority("priority", priority, admin=False)
    metadata = checks.metadata("options.metadata", request.options.metadata)
    return Origin(priority, metadata, read_key(checks, request.request_id))


def _chosen(checks: Checks, found: Any) -> Model | None:
    """Returns the chosen model; None, and violations, if nothing can draw the picture."""
    if isinstance(found, Model):
        return found
    checks.violations.extend(found)
    return None


def _asked_seed(request: Any) -> int | None:
    """Returns the seed that a request asks for; None where any will do."""
    asked = request.modifications if isinstance(request, RegenerateImageRequest) else request
    return int(asked.seed) if asked.HasField("seed") else None


def _seed(request: Any) -> int:
    return int(request.seed) if request.HasField("seed") else secrets.randbits(32)
