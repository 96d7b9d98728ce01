"""Requests for pictures and whole stories, read as the service reads them."""

import secrets
from dataclasses import replace
from typing import Any

from imggen.rules import pictures
from imggen.rules.checks import Checks
from imggen.rules.covers import read_cover
from imggen.rules.missing import missing_page
from imggen.rules.prints import check_post_processing, refuse_coarse, settled
from imggen.rules.states import MAX_REGENERATIONS, regenerations_used
from imggen.rules.whole_stories import check_used
from imggen.testing.catalogue import STYLES, Model
from imggen.testing.choices import read_limits, route, route_again
from imggen.testing.memory import Drawing, Memory
from imggen.testing.plans import (
    Plan,
    Shown,
    Storyboard,
    plan_of,
    portrait_shape,
    scene_shape,
    uses_references,
)
from imggen.v1.generation_pb2 import (
    GeneratePortraitRequest,
    GenerateSceneRequest,
    GenerateStoryRequest,
    RegenerateImageRequest,
)
from imggen.v1.image_pb2 import (
    IMAGE_TYPE_COVER,
    IMAGE_TYPE_PORTRAIT,
    IMAGE_TYPE_SCENE,
    Image,
)
from imggen.v1.story_pb2 import Story

_STYLES = {style.id: style.id for style in STYLES}


class Reader:
    """Reads requests; each method raises what the service refuses."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory

    def portrait(self, checks: Checks, request: GeneratePortraitRequest) -> Plan:
        """Reads a request for the portrait of a character."""
        character_id = checks.id("character_id", request.character_id, str)
        story_id = checks.id("story_id", request.story_id, str, required=False)
        limits = read_limits(checks, request.options)
        maybe_quality = pictures.read_quality(checks, request.options.quality)
        check_post_processing(checks, request.options.post_processing, portrait=True)
        maybe_routing = route(checks, limits, maybe_quality, 1, request.size)
        story = self._memory.stories[story_id] if story_id else None
        maybe_style = pictures.read_style(
            checks, request.style, story.style if story else "", _STYLES
        )
        one, routing, quality, style = checks.complete(
            character_id, maybe_routing, maybe_quality, maybe_style
        )
        image = Image(
            type=IMAGE_TYPE_PORTRAIT,
            story_id=story_id or "",
            character_id=self._memory.characters[one].id,
            character_ids=[one],
            style=style,
            seed=_seed(request),
        )
        shape = portrait_shape(routing.require(), request.size)
        return plan_of(
            self._memory,
            image,
            routing,
            shape,
            quality,
            Shown(),
            use_references=request.options.use_references,
            post_processing=settled(request.options.post_processing, portrait=True),
        )

    def scene(self, checks: Checks, request: GenerateSceneRequest) -> Plan:
        """Reads a request for the scene of a page."""
        story_id = checks.id("story_id", request.story_id, str)
        named = checks.ids("character_ids", request.character_ids, str)
        description = checks.prompt("scene_description", request.scene_description)
        ratio = pictures.read_aspect_ratio(checks, request.aspect_ratio)
        maybe_quality = pictures.read_quality(checks, request.options.quality)
        check_post_processing(checks, request.options.post_processing, portrait=False)
        story = self._memory.stories[story_id] if story_id else None
        page_id = checks.id("page_id", request.page_id, str)
        number, page = self._page(story.id, page_id) if story and page_id else (0, None)
        if page and not request.scene_description:
            pictures.check_page(checks, page.scene_description or page.text, number)
        maybe_style = pictures.read_style(
            checks, request.style, story.style if story else None, _STYLES
        )
        ids = tuple(page.character_ids) if named == () and page else named or ()
        limits = read_limits(checks, request.options)
        maybe_routing = route(checks, limits, maybe_quality, len(ids))
        found, quality, style, routing = checks.complete(
            page, maybe_quality, maybe_style, maybe_routing
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
            routing,
            scene_shape(routing.require(), ratio or ""),
            quality,
            Shown(
                description or found.scene_description,
                found.text,
                number,
                None if description else found.scene,
            ),
            use_references=uses_references(request.options),
            post_processing=settled(request.options.post_processing, portrait=False),
        )

    def version(self, checks: Checks, request: RegenerateImageRequest) -> Plan:
        """Reads a request to draw an image again."""
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
        portrait = parent.type == IMAGE_TYPE_PORTRAIT
        asked_for = request.options.post_processing
        check_post_processing(checks, asked_for, portrait=portrait)
        limits = read_limits(checks, request.options)
        size = drawing.size if parent.type == IMAGE_TYPE_PORTRAIT else None
        characters = len(parent.character_ids)
        maybe_routing = route_again(checks, parent.model, limits, quality, characters, size)
        routing = checks.complete(maybe_routing)
        model = routing.require()
        post_processing = settled(asked_for, portrait=portrait)
        refuse_coarse(post_processing, drawing.display, portrait=portrait)
        image = self._next(parent, model, style or parent.style, _seed(changes))
        again = replace(
            _told_again(drawing, prompt, cover=parent.type == IMAGE_TYPE_COVER),
            quality=quality,
            use_references=uses_references(request.options),
            post_processing=post_processing.SerializeToString(deterministic=True),
        )
        cropped_from = self._memory.jobs[parent.job_id].cropped_from
        return Plan(image, again, routing.message(), cropped_from)

    def _next(self, parent: Image, model: Model, style: str, seed: int) -> Image:
        """Returns the next version of an image; raises where all are used."""
        version = self._memory.versions[parent.lineage_id] + 1
        if version > MAX_REGENERATIONS + 1:
            raise regenerations_used(parent.lineage_id)
        return Image(
            type=parent.type,
            story_id=parent.story_id,
            page_id=parent.page_id,
            character_id=parent.character_id,
            character_ids=parent.character_ids,
            style=style,
            model=model.name,
            provider=model.provider,
            version=version,
            lineage_id=parent.lineage_id,
            parent_image_id=parent.id,
            seed=seed,
        )

    def whole_story(
        self, checks: Checks, request: GenerateStoryRequest
    ) -> tuple[Story, str, list[Plan]]:
        """Reads a request for a whole story; returns it, the style, and the plans in order."""
        story_id = checks.id("story_id", request.story_id, str)
        maybe_quality = pictures.read_quality(checks, request.options.quality)
        maybe_copies = pictures.read_images_per_page(checks, request.images_per_page)
        check_post_processing(checks, request.options.post_processing, portrait=True)
        ratio = pictures.read_aspect_ratio(checks, request.aspect_ratio)
        check_used(checks, request)
        cover = read_cover(checks, request)
        story = self._memory.stories[story_id] if story_id else None
        maybe_style = pictures.read_style(
            checks, request.style, story.style if story else None, _STYLES
        )
        if story is None:
            raise checks.refused()
        limits = read_limits(checks, request.options)
        given = (request, story, cover)
        board = Storyboard(self._memory, checks, *given, ratio or "", limits, maybe_quality)
        board.read(maybe_style, maybe_copies)
        style, quality, copies = checks.complete(maybe_style, maybe_quality, maybe_copies)
        for one in cover.character_ids:
            self._memory.characters[one]
        return story, style, board.plans(style, quality, copies)

    def _page(self, story_id: str, page_id: str) -> tuple[int, Any]:
        number, page = self._memory.page(story_id, page_id)
        if page is None:
            raise missing_page(page_id)
        return number, page


def _told_again(drawing: Drawing, prompt: str | None, *, cover: bool) -> Drawing:
    """Returns a drawing by another prompt, or as it was without one."""
    if not prompt:
        return drawing
    # The words of a cover's page count beside its title only.
    return replace(drawing, scene=prompt, page_text="" if cover else drawing.page_text, fixed=b"")


def _seed(request: Any) -> int:
    return int(request.seed) if request.HasField("seed") else secrets.randbits(32)
