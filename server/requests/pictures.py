"""Turns requests for pictures into jobs: every violation at once, every default resolved."""

import secrets
from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID, uuid4

from imggen.v1 import errors_pb2 as reasons
from imggen.v1.generation_pb2 import (
    GeneratePortraitRequest,
    GenerateSceneRequest,
    GenerateStoryRequest,
    Modifications,
    RegenerateImageRequest,
)
from server.domain.characters import FrozenCharacter
from server.domain.ids import CharacterId, ImageId, JobId, StoryId
from server.domain.jobs import BatchPlace, NewJob, Placement
from server.domain.models import Size
from server.domain.spec import RenderSpec
from server.domain.states import ImageType, Quality
from server.domain.stories import Page, Story
from server.domain.styles import Style
from server.errors import NotFound
from server.identity.caller import Caller
from server.requests.checks import DEFAULT_PRIORITY, Checks, says_something
from server.requests.request_key import request_key
from server.routing.catalogue import Catalogue
from server.routing.offers import Offer, Wish, choose
from server.store import Store

_NO_PAGE = Page("")


class Validation:
    """Reads requests of callers; it loads what they name and nothing that is not theirs."""

    def __init__(self, store: Store, catalogue: Catalogue, styles: Sequence[Style]) -> None:
        self._store = store
        self._catalogue = catalogue
        self._styles = {style.id: style for style in styles}

    async def portrait(self, caller: Caller, request: GeneratePortraitRequest) -> NewJob:
        """Returns the job that a request for a portrait asks for.

        Raises InvalidRequest with every violation, or NotFound for what is not the caller's.
        """
        checks = Checks()
        character_id = CharacterId(checks.uuid("character_id", request.character_id))
        story_id = StoryId(checks.uuid("story_id", request.story_id, required=False))
        offer = self.offer(
            checks, ImageType.PORTRAIT, request.options.model, request.options.size, 1
        )
        quality = quality_of(checks, request.options.quality)
        story = await self.story(caller, story_id) if request.story_id else None
        style = self.style(checks, request.style, story)
        job = Ticket(checks, caller, request)
        checks.done()
        characters = await self._characters(caller, [character_id])
        spec = RenderSpec(
            image_type=ImageType.PORTRAIT,
            style=style,
            characters=characters,
            scene="",
            page_text="",
            model=offer.model.name,
            width=offer.format.display.width,
            height=offer.format.display.height,
            quality=quality,
            seed=request.seed if request.HasField("seed") else secrets.randbits(32),
        )
        place = Placement(story_id=story.id if story else None, character_id=character_id)
        return job.order(spec, place, offer)

    async def scene(self, caller: Caller, request: GenerateSceneRequest) -> NewJob:
        """Returns the job that a request for a scene asks for; raises as `portrait` does."""
        checks = Checks()
        story_id = StoryId(checks.uuid("story_id", request.story_id))
        wanted = checks.uuids("character_ids", request.character_ids)
        description = checks.prompt("scene_description", request.scene_description)
        quality = quality_of(checks, request.options.quality)
        job = Ticket(checks, caller, request)
        story = await self.story(caller, story_id) if story_id.int else None
        page = _page(checks, story, request.page_number)
        if page is not _NO_PAGE and not request.scene_description:
            _check_page(checks, page, request.page_number)
        style = self.style(checks, request.style, story, known=story is not None)
        ids = [CharacterId(one) for one in wanted] or list(page.character_ids)
        offer = self.offer(
            checks, ImageType.SCENE, request.options.model, request.options.aspect_ratio, len(ids)
        )
        checks.done()
        characters = await self._characters(caller, ids)
        spec = RenderSpec(
            image_type=ImageType.SCENE,
            style=style,
            characters=characters,
            scene=description or page.scene_description,
            page_text=page.text,
            model=offer.model.name,
            width=offer.format.display.width,
            height=offer.format.display.height,
            quality=quality,
            seed=request.seed if request.HasField("seed") else secrets.randbits(32),
        )
        place = Placement(story_id=story_id, page_number=request.page_number)
        return job.order(spec, place, offer)

    async def regeneration(self, caller: Caller, request: RegenerateImageRequest) -> NewJob:
        """Returns the job that draws an image again; its version is left to admission.

        Raises as `portrait` does.
        """
        checks = Checks()
        image_id = ImageId(checks.uuid("image_id", request.image_id))
        changes = request.modifications
        prompt = checks.prompt("modifications.prompt", changes.prompt)
        job = Ticket(checks, caller, request)
        _check_changes(checks, changes, sorted(self._styles))
        if not image_id.int:
            checks.done()
        image = await self._store.images.get(caller.user_id, image_id)
        before = await self._store.jobs.spec_of(caller.user_id, image_id)
        if image is None or before is None:
            raise NotFound(
                f"image_id: you have no image {image_id}", reasons.ERROR_REASON_IMAGE_NOT_FOUND
            )
        offer = self._same_offer(checks, before)
        checks.done()
        spec = replace(
            before,
            style=self._styles[changes.style] if changes.HasField("style") else before.style,
            scene=prompt or before.scene,
            seed=changes.seed if changes.HasField("seed") else secrets.randbits(32),
        )
        place = Placement(
            story_id=image.story_id,
            page_number=image.page_number,
            character_id=image.character_id,
            parent_image_id=image.id,
            lineage_id=image.lineage_id,
        )
        return job.order(spec, place, offer)

    def offer(
        self, checks: Checks, kind: ImageType, model: str, shape: str, characters: int
    ) -> Offer:
        """Chooses what draws a picture; notes everything that stands in the way."""
        found = choose(self._catalogue, Wish(kind, model, shape, characters))
        if isinstance(found, Offer):
            return found
        checks.violations.extend(found)
        return _any_offer(self._catalogue)

    def _same_offer(self, checks: Checks, spec: RenderSpec) -> Offer:
        """Returns the offer that drew a spec, as far as it still stands."""
        size = Size(spec.width, spec.height)
        model = self._catalogue.get(spec.model)
        formats = [*model.portraits.values(), *model.scenes.values()] if model else []
        for format_ in formats:
            if model and format_.display == size:
                return Offer(model, format_)
        checks.add(
            "image_id",
            f"was drawn by {spec.model} in {size}, which is not offered any more; generate anew",
            reasons.ERROR_REASON_MODEL_UNKNOWN,
        )
        return _any_offer(self._catalogue)

    def style(self, checks: Checks, name: str, story: Story | None, *, known: bool = True) -> Style:
        """Reads the style; where the story is not `known`, it may well have one."""
        name = name or (story.draft.style if story else "")
        ids = sorted(self._styles)
        if name:
            checks.one_of("style", name, ids, "style", reasons.ERROR_REASON_STYLE_UNKNOWN)
        elif known:
            checks.add(
                "style",
                f"is required where the story has none; use one of {', '.join(ids)}",
                reasons.ERROR_REASON_FIELD_REQUIRED,
            )
        return self._styles.get(name, self._styles[ids[0]])

    async def story(self, caller: Caller, story_id: StoryId) -> Story | None:
        """Returns a story of the caller, None for the nil id; raises NotFound."""
        if not story_id.int:
            return None
        story = await self._store.stories.get(caller.user_id, story_id)
        if story is None:
            raise NotFound(
                f"story_id: you have no story {story_id}", reasons.ERROR_REASON_STORY_NOT_FOUND
            )
        return story

    async def _characters(
        self, caller: Caller, ids: Sequence[CharacterId]
    ) -> tuple[FrozenCharacter, ...]:
        """Freezes characters of the caller; raises NotFound for the first that is not there."""
        if not ids:
            return ()
        found = await self._store.freeze(caller.user_id, ids)
        for one in ids:
            if one not in found:
                raise character_missing(one)
        return tuple(found[one] for one in ids)


class Ticket:
    """Reads what every request for a picture has: who asks, how urgently, under which id."""

    def __init__(
        self,
        checks: Checks,
        caller: Caller,
        request: GeneratePortraitRequest
        | GenerateSceneRequest
        | GenerateStoryRequest
        | RegenerateImageRequest,
    ) -> None:
        self._caller = caller
        self._priority = request.priority if request.HasField("priority") else DEFAULT_PRIORITY
        checks.priority("priority", self._priority, admin=caller.is_admin)
        self.key = request_key(checks, request.request_id, request)

    def order(
        self, spec: RenderSpec, place: Placement, offer: Offer, batch: BatchPlace | None = None
    ) -> NewJob:
        """Returns the job that is asked for; in a batch, the batch has the request's id."""
        return NewJob(
            id=JobId(uuid4()),
            image_id=ImageId(uuid4()),
            user_id=self._caller.user_id,
            spec=spec,
            placement=place,
            lane=offer.model.lane,
            provider=offer.model.provider,
            price_micros=offer.model.price_micros,
            priority=self._priority,
            request=None if batch else self.key,
            batch=batch,
        )


def character_missing(character: UUID) -> NotFound:
    """Returns the error of a character that the caller does not have."""
    return NotFound(
        f"character_id: you have no character {character}",
        reasons.ERROR_REASON_CHARACTER_NOT_FOUND,
    )


def _any_offer(catalogue: Catalogue) -> Offer:
    """Stands in for an offer while the rest of a bad request is read."""
    model = catalogue.models[0]
    return Offer(model, next(iter(model.portraits.values())))


def quality_of(checks: Checks, value: str) -> Quality:
    """Reads a quality; empty means the better one."""
    value = value or Quality.HD
    known = [quality.value for quality in reversed(Quality)]
    checks.one_of("options.quality", value, known, "quality", reasons.ERROR_REASON_QUALITY_UNKNOWN)
    return Quality(value) if value in known else Quality.HD


def _page(checks: Checks, story: Story | None, number: int) -> Page:
    pages = story.draft.pages if story else ()
    if story and number not in range(1, len(pages) + 1):
        there = f"1 to {len(pages)} are there" if pages else "the story has no pages; add some"
        checks.add("page_number", f"is {number}; {there}", reasons.ERROR_REASON_PAGE_OUT_OF_RANGE)
    elif number < 1:
        checks.add(
            "page_number",
            f"is {number}; pages count from 1",
            reasons.ERROR_REASON_PAGE_OUT_OF_RANGE,
        )
    return pages[number - 1] if 0 < number <= len(pages) else _NO_PAGE


def _check_page(checks: Checks, page: Page, number: int) -> None:
    """Checks that a page which must tell what its picture shows says something."""
    if not says_something(page.scene_description or page.text):
        checks.add(
            "scene_description",
            f"is required: the text of page {number} says nothing that could be drawn",
            reasons.ERROR_REASON_PROMPT_EMPTY,
        )


def _check_changes(checks: Checks, changes: Modifications, styles: Sequence[str]) -> None:
    """Checks changes that are set: an empty one is no change, and would be ignored."""
    if changes.HasField("style"):
        reason = reasons.ERROR_REASON_STYLE_UNKNOWN
        checks.one_of("modifications.style", changes.style, styles, "style", reason)
    if changes.HasField("prompt") and not changes.prompt:
        checks.add(
            "modifications.prompt",
            "is set and empty; leave it unset, or describe what the picture shows",
            reasons.ERROR_REASON_PROMPT_EMPTY,
        )
