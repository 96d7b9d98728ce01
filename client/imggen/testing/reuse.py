"""The fake's stored pictures, which answer equal requests that allow it."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from imggen.testing.feed import Feed
from imggen.testing.memory import Drawing, Memory
from imggen.testing.plans import Plan
from imggen.v1.generation_pb2 import (
    GeneratePortraitRequest,
    GenerateSceneRequest,
    GenerationOptions,
    RegenerateImageRequest,
)
from imggen.v1.image_pb2 import IMAGE_STATUS_COMPLETED, IMAGE_TYPE_PORTRAIT, Image
from imggen.v1.job_pb2 import JOB_STATUS_COMPLETED, Job
from imggen.v1.reference_pb2 import REFERENCE_USE_DRAWN, UsedReference

OnePicture: TypeAlias = GeneratePortraitRequest | GenerateSceneRequest | RegenerateImageRequest
"""Every request for one picture."""

_PICTURE = (
    *("width", "height", "file_size", "seed", "prompt", "references", "not_drawn", "unsure"),
    *("picture_check", "checked_by", "post_processing", "quality_score"),
)
_OF_JOB = ("not_drawn", "unsure", "references", "cropped_from", "post_processing")


@dataclass(frozen=True, slots=True)
class Reuse:
    """Which equal pictures may answer a request.

    Those of `seed`, or where it is None, of any that the lineage has not; `place` counts the equal
    requests of a batch, each of which gets another picture.
    """

    seed: int | None = None
    place: int = 0


class Reuses:
    """Finds the stored pictures that answer requests, and completes jobs with them."""

    def __init__(self, memory: Memory, feed: Feed) -> None:
        self._memory = memory
        self._feed = feed

    def of_picture(self, plan: Plan, request: OnePicture) -> Image | None:
        """Returns the image that answers a request for one picture; None for one to draw."""
        if not request.options.allow_reuse:
            return None
        asked = request.modifications if isinstance(request, RegenerateImageRequest) else request
        return self._find(plan, Reuse(asked.seed if asked.HasField("seed") else None))

    def of_story(self, plans: Sequence[Plan], options: GenerationOptions) -> list[Image | None]:
        """Returns the images that answer the pictures of a story; None for those to draw.

        What is drawn from a portrait of the same batch is always drawn.
        """
        portraits: set[str] = set()
        equal: Counter[object] = Counter()
        found: list[Image | None] = []
        for plan in plans:
            needs = portraits.intersection(plan.waits_for)
            if plan.image.type == IMAGE_TYPE_PORTRAIT:
                portraits.add(plan.image.character_id)
            if not options.allow_reuse or (needs and plan.drawing.use_references):
                found.append(None)
                continue
            shown = content(plan.image, plan.drawing)
            found.append(self._find(plan, Reuse(place=equal[shown])))
            equal[shown] += 1
        return found

    def _find(self, plan: Plan, reuse: Reuse) -> Image | None:
        """Returns the newest image with the picture of a plan; None if there is none."""
        newest: dict[int, Image] = {}
        images = [image for image in self._memory.images if self._answers(image, plan, reuse)]
        for image in sorted(images, key=lambda one: one.completed_at.ToNanoseconds(), reverse=True):
            newest.setdefault(image.seed, image)
        return next(iter(list(newest.values())[reuse.place :]), None)

    def answer(self, job: Job, found: Image) -> None:
        """Completes a new job with the picture of a stored image."""
        image = self._memory.images.ever(job.image_id)
        origin = drawn_image(found)
        self._memory.routes[job.job_id].admitted.reused_from_image_id = origin
        for field in _PICTURE:
            _take(image, found, field)
        if found.id in self._memory.prints:
            self._memory.prints[image.id] = self._memory.prints[found.id]
        for field in _OF_JOB:
            _take(job, self._memory.jobs[found.job_id], field)
        image.status = IMAGE_STATUS_COMPLETED
        job.status, job.fraction = JOB_STATUS_COMPLETED, 1
        for one in (image, job):
            one.reused_from_image_id = origin
            one.completed_at.CopyFrom(image.created_at)
        if image.type == IMAGE_TYPE_PORTRAIT:
            self._memory.make_reference(image)
        self._feed.tell_image(image)
        self._feed.tell_job(job)

    def _answers(self, image: Image, plan: Plan, reuse: Reuse) -> bool:
        stored = content(image, self._memory.drawings[image.id])
        wanted = content(plan.image, plan.drawing)
        if image.status != IMAGE_STATUS_COMPLETED or stored != wanted:
            return False
        if self._memory.checked_by and not image.checked_by:
            return False
        if reuse.seed is None:
            if image.seed in self._seeds(plan.image.lineage_id):
                return False
        elif image.seed != reuse.seed:
            return False
        current = self._memory.used_references(image)
        return [*map(self._use, image.references)] == [*map(self._use, current)]

    def _seeds(self, lineage: str) -> set[int]:
        """Returns the seeds of a lineage, also of deleted images; an empty one has none."""
        images = self._memory.images.all() if lineage else ()
        return {image.seed for image in images if image.lineage_id == lineage}

    def _use(self, used: UsedReference) -> tuple[int, str]:
        """Returns what becomes of a reference, and the image that was drawn for it."""
        if used.use != REFERENCE_USE_DRAWN:
            return used.use, ""
        portrait = self._memory.images.ever(used.image_id)
        return used.use, drawn_image(portrait)


def drawn_image(image: Image) -> str:
    """Returns the id of the image whose picture an image has: that which was drawn."""
    return image.reused_from_image_id or image.id


def content(image: Image, drawing: Drawing) -> object:
    """Returns what a picture has in common with all equal ones: everything but the seed."""
    return image.type, image.style, tuple(image.character_ids), image.model, drawing


def _take(one: Image | Job, other: Image | Job, field: str) -> None:
    """Copies a field from another message."""
    value = getattr(other, field)
    if isinstance(value, int | float | str):
        setattr(one, field, value)
    else:
        getattr(one, field).extend(value)
