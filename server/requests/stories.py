"""Storyboards: a request for a whole story, as the jobs that draw it and who waits for whom."""

import secrets
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from uuid import uuid4

from imggen.v1 import errors_pb2 as reasons
from imggen.v1.generation_pb2 import GenerateStoryRequest
from server.domain.batches import NewBatch
from server.domain.characters import FrozenCharacter
from server.domain.ids import BatchId, CharacterId, JobId, StoryId
from server.domain.jobs import BatchPlace, NewJob, Placement
from server.domain.spec import RenderSpec
from server.domain.states import ImageType, Quality
from server.domain.stories import Page, Story
from server.domain.styles import Style
from server.errors import Violation
from server.identity.caller import Caller
from server.requests.checks import Checks, says_something
from server.requests.pictures import Ticket, Validation, quality_of
from server.routing.offers import Offer
from server.store import Store

MAX_IMAGES_PER_PAGE = 4


class Storyboards:
    """Reads requests for whole stories."""

    def __init__(self, store: Store, validation: Validation, max_concurrent: int) -> None:
        self._store = store
        self._validation = validation
        self._max_concurrent = max_concurrent

    async def batch(self, caller: Caller, request: GenerateStoryRequest) -> NewBatch:
        """Returns the batch that a request for a whole story asks for.

        Raises InvalidRequest with everything that is wrong with the request and with the
        story's pages, or NotFound for a story that is not the caller's.
        """
        checks = Checks()
        story_id = StoryId(checks.uuid("story_id", request.story_id))
        quality = quality_of(checks, request.options.quality)
        ticket = Ticket(checks, caller, request)
        images_per_page = _images_per_page(checks, request.images_per_page)
        story = await self._validation.story(caller, story_id)
        style = self._validation.style(checks, request.style, story, known=story is not None)
        if story is None:
            checks.done()
            raise AssertionError("a story without an id is a violation")
        cast = await self._cast(checks, caller, story)
        board = _Board(self._validation, checks, ticket, request, story, style, quality, cast)
        board.check()
        fresh = await self._store.batches.fresh_portraits(list(cast), style.id)
        board.draw_portraits([one for one in cast if one not in fresh])
        board.draw_cover()
        board.draw_pages(images_per_page)
        checks.done()
        return NewBatch(
            id=board.id,
            user_id=caller.user_id,
            story_id=story.id,
            style=style.id,
            max_concurrent=self._max_concurrent,
            request=ticket.key,
            jobs=tuple(board.jobs),
            needs=tuple(board.needs),
        )

    async def _cast(
        self, checks: Checks, caller: Caller, story: Story
    ) -> dict[CharacterId, FrozenCharacter]:
        """Freezes the characters of a story in the order of their first pages."""
        named = list(dict.fromkeys(one for page in story.draft.pages for one in page.character_ids))
        found = await self._store.freeze(caller.user_id, named) if named else {}
        for number, page in enumerate(story.draft.pages, start=1):
            for one in page.character_ids:
                if one not in found:
                    checks.add(
                        "story_id",
                        f"page {number} names the character {one}, which was deleted; update"
                        " the story's pages",
                        reasons.ERROR_REASON_CHARACTER_GONE,
                    )
        return {one: found[one] for one in named if one in found}


@dataclass(frozen=True, slots=True)
class _Drawn:
    """Is what one image shows, beside what it has in common with all others."""

    image_type: ImageType
    characters: Sequence[CharacterId]
    offer: Offer
    placement: Placement
    scene: str = ""
    page_text: str = ""


class _Board:
    """Gathers the jobs of one story, portraits first."""

    def __init__(
        self,
        validation: Validation,
        checks: Checks,
        ticket: Ticket,
        request: GenerateStoryRequest,
        story: Story,
        style: Style,
        quality: Quality,
        cast: Mapping[CharacterId, FrozenCharacter],
    ) -> None:
        self.id = BatchId(uuid4())
        self.jobs: list[NewJob] = []
        self.needs: list[tuple[JobId, JobId]] = []
        self._validation = validation
        self._checks = checks
        self._ticket = ticket
        self._model = request.options.model
        self._wants_portraits = _unless_unset(request, "include_character_portraits")
        self._wants_pages = _unless_unset(request, "include_scene_images")
        self._wants_cover = request.include_cover
        self._story = story
        self._style = style
        self._quality = quality
        self._cast = cast
        self._portraits: dict[CharacterId, JobId] = {}
        self._positions = count()

    def check(self) -> None:
        """Notes what keeps the story from being drawn at all."""
        pages = self._story.draft.pages
        named = any(page.character_ids for page in pages)
        if not (self._wants_portraits or self._wants_pages or self._wants_cover):
            self._nothing("portraits, scenes and cover are all left out; include one of them")
        elif not pages:
            self._nothing("the story has no pages; add some")
        elif not self._wants_pages and not self._wants_cover and not named:
            self._nothing("its pages name no characters, and only portraits are asked for")

    def draw_portraits(self, characters: Sequence[CharacterId]) -> None:
        """Adds the portraits of characters, if they are asked for."""
        if not (self._wants_portraits and characters):
            return
        offer = self._offer(ImageType.PORTRAIT, 1, "")
        for one in characters:
            place = Placement(story_id=self._story.id, character_id=one)
            [job] = self._add(_Drawn(ImageType.PORTRAIT, [one], offer, place))
            self._portraits[one] = job

    def draw_cover(self) -> None:
        """Adds the cover: the characters that are on most pages, where the first page happens."""
        pages = self._story.draft.pages
        if not (self._wants_cover and pages):
            return
        pages_of = Counter(one for page in pages for one in page.character_ids)
        # Counter keeps the order of first pages, and so does the sort among equals.
        leading = [one for one, _ in pages_of.most_common() if one in self._cast]
        offer = self._cover_offer(leading)
        first = pages[0]
        drawn = _Drawn(
            ImageType.COVER,
            leading[: offer.model.max_characters],
            offer,
            Placement(story_id=self._story.id),
            scene=self._story.draft.title,
            page_text=first.scene_description or first.text,
        )
        self._add(drawn)

    def draw_pages(self, images_per_page: int) -> None:
        """Adds the scenes of all pages, if they are asked for."""
        if not self._wants_pages:
            return
        for number, page in enumerate(self._story.draft.pages, start=1):
            if not says_something(page.scene_description or page.text):
                self._checks.add(
                    "story_id",
                    f"page {number}: its text says nothing that could be drawn; give it a"
                    " scene_description",
                    reasons.ERROR_REASON_PROMPT_EMPTY,
                )
            offer = self._offer(ImageType.SCENE, len(page.character_ids), f"page {number}: ")
            self._add(_page(self._story.id, number, page, offer), images_per_page)

    def _offer(self, kind: ImageType, characters: int, where: str) -> Offer:
        """Chooses what draws an image; what stands in the way is the story's, not a field's."""
        found = Checks()
        offer = self._validation.offer(found, kind, self._model, "", characters)
        for wrong in found.violations:
            if wrong.reason == reasons.ERROR_REASON_MODEL_UNKNOWN:
                moved = wrong
            else:
                moved = Violation("story_id", f"{where}{wrong.description}", wrong.reason)
            if moved not in self._checks.violations:
                self._checks.violations.append(moved)
        return offer

    def _cover_offer(self, leading: Sequence[CharacterId]) -> Offer:
        """Chooses what draws the cover, with as many of the leading characters as it can."""
        for characters in range(len(leading), 0, -1):
            tried = Checks()
            offer = self._validation.offer(tried, ImageType.COVER, self._model, "", characters)
            if not tried.violations:
                return offer
        return self._offer(ImageType.COVER, 0, "the cover: ")

    def _add(self, drawn: _Drawn, copies: int = 1) -> list[JobId]:
        added = []
        for seed in _seeds(copies):
            place = BatchPlace(self.id, next(self._positions))
            job = self._ticket.order(self._spec(drawn, seed), drawn.placement, drawn.offer, place)
            self.jobs.append(job)
            if drawn.image_type is not ImageType.PORTRAIT:
                portraits = [self._portraits.get(one) for one in drawn.characters]
                self.needs += [(job.id, portrait) for portrait in portraits if portrait]
            added.append(job.id)
        return added

    def _spec(self, drawn: _Drawn, seed: int) -> RenderSpec:
        display = drawn.offer.format.display
        return RenderSpec(
            image_type=drawn.image_type,
            style=self._style,
            characters=tuple(self._cast[one] for one in drawn.characters if one in self._cast),
            scene=drawn.scene,
            page_text=drawn.page_text,
            model=drawn.offer.model.name,
            width=display.width,
            height=display.height,
            quality=self._quality,
            seed=seed,
        )

    def _nothing(self, why: str) -> None:
        self._checks.add(
            "story_id", f"nothing to draw: {why}", reasons.ERROR_REASON_NOTHING_TO_DRAW
        )


def _page(story: StoryId, number: int, page: Page, offer: Offer) -> _Drawn:
    return _Drawn(
        ImageType.SCENE,
        page.character_ids,
        offer,
        Placement(story_id=story, page_number=number),
        scene=page.scene_description,
        page_text=page.text,
    )


def _unless_unset(request: GenerateStoryRequest, field: str) -> bool:
    return bool(getattr(request, field)) or not request.HasField(field)  # type: ignore[arg-type]


def _images_per_page(checks: Checks, number: int) -> int:
    allowed = range(MAX_IMAGES_PER_PAGE + 1)
    reason = reasons.ERROR_REASON_FIELD_OUT_OF_RANGE
    checks.within("images_per_page", number, allowed, reason, " (0 means 1)")
    return number if number in allowed[1:] else 1


def _seeds(number: int) -> Iterator[int]:
    """Yields different seeds."""
    seen: set[int] = set()
    while len(seen) < number:
        seed = secrets.randbits(32)
        if seed not in seen:
            seen.add(seed)
            yield seed
