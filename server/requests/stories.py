"""Requests for whole stories, read as storyboards: their pictures in order."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from imggen.rules.checks import Checks
from imggen.rules.covers import read_cover
from imggen.rules.missing import missing_character
from imggen.rules.pictures import read_aspect_ratio, read_images_per_page
from imggen.rules.prints import check_post_processing
from imggen.rules.storyboards import may_name, refuse_gone
from imggen.rules.whole_stories import check_used
from imggen.v1.generation_pb2 import GenerateStoryRequest
from server.domain.characters import FrozenCharacter
from server.domain.ids import CharacterId, StoryId, UserId
from server.domain.spec import RenderSpec
from server.domain.states import ImageType, Quality
from server.domain.stories import Story
from server.domain.styles import Style
from server.domain.texts import Texts, texts_of_specs
from server.requests.panels import Panels, portrayed
from server.requests.pictures import Picture
from server.requests.reader import PictureReader, read_quality
from server.routing.choices import choices, covered
from server.routing.conditions import BudgetRest
from server.store import Store


@dataclass(frozen=True, slots=True)
class Storyboard:
    """The pictures of a story, portraits first.

    A picture needs the portraits of its characters, and of others whom its text may name, where
    they are drawn in the same batch: `portraits` has their places in `pictures`.
    """

    story_id: StoryId
    style: Style
    pictures: tuple[Picture, ...]

    @property
    def portraits(self) -> dict[CharacterId, int]:
        """The places of the portraits, by character."""
        return {
            picture.placement.character_id: place
            for place, picture in enumerate(self.pictures)
            if picture.spec.image_type is ImageType.PORTRAIT and picture.placement.character_id
        }

    @property
    def texts(self) -> Texts:
        """The texts of what its pictures show, by their fields."""
        return texts_of_specs(
            (one.spec, one.placement.page_number, one.told) for one in self.pictures
        )

    def choices(self, rest: BudgetRest) -> "Iterator[Storyboard]":
        """Yields the storyboard by the best offers, then by cheaper ones, to the cheapest of each.

        Those of other providers follow, for the budgets of providers. What the `rest` of the
        budgets does not cover is left out, unless stored pictures may answer a part of it.
        """
        ways = [list(picture.choices()) for picture in self.pictures]
        found = choices([[way.offer for way in each] for each in ways], rest)
        reusing = any(picture.reuse for picture in self.pictures)
        for offers in found if reusing else covered(found, rest):
            drawn = (
                next(way for way in each if way.offer is offer)
                for each, offer in zip(ways, offers, strict=True)
            )
            yield replace(self, pictures=tuple(drawn))

    @property
    def needs(self) -> Iterator[tuple[int, int]]:
        """Pairs of places: a picture, and a portrait that must be drawn before it."""
        portraits = self.portraits
        for place, picture in enumerate(self.pictures):
            if picture.spec.image_type is not ImageType.PORTRAIT:
                for character in _waits_for(picture.spec):
                    needed = portraits.get(CharacterId(character.id))
                    if needed is not None:
                        yield place, needed


def _waits_for(spec: RenderSpec) -> Iterator[FrozenCharacter]:
    """Yields the characters whose portraits a picture waits for."""
    yield from spec.characters
    text = spec.scene or spec.page_text
    for other in spec.others:
        if may_name(text, other.description.name, other.description.species):
            yield other


class StoryReader:
    """Reads requests for whole stories."""

    def __init__(self, store: Store, pictures: PictureReader) -> None:
        self._store = store
        self._pictures = pictures

    async def storyboard(
        self, checks: Checks, user: UserId, request: GenerateStoryRequest
    ) -> Storyboard:
        """Returns the storyboard of a request for a whole story.

        Raises InvalidRequest with every violation of the request and of the story's pages,
        including those in `checks`, or NotFound for a story, or a character of the cover, that the
        caller does not have.
        """
        story_id = checks.id("story_id", request.story_id, StoryId)
        maybe_quality = read_quality(checks, request.options.quality)
        maybe_copies = read_images_per_page(checks, request.images_per_page)
        check_post_processing(checks, request.options.post_processing, portrait=True)
        ratio = read_aspect_ratio(checks, request.aspect_ratio)
        check_used(checks, request)
        cover = read_cover(checks, request)
        story = await self._pictures.story(user, story_id) if story_id else None
        maybe_style = self._pictures.style(
            checks, request.style, story.draft.style if story else None
        )
        if story is None:
            raise checks.refused()
        fronting = [CharacterId(UUID(one)) for one in cover.character_ids]
        cast = await self._cast(checks, user, story, fronting)
        shown = portrayed(story, cast, fronting, cover.scene_description)
        asked = maybe_quality or Quality.HD
        panels = await self._panels(checks, user, request, asked, ratio or "", story, cast)
        panels.add(shown, await self._portraits(shown, maybe_style), cover, fronting)
        if maybe_copies is not None:
            panels.check_number(maybe_copies)
        style, quality, copies = checks.complete(maybe_style, maybe_quality, maybe_copies)
        for one in fronting:
            if one not in cast:
                raise missing_character(one)
        pictures = panels.pictures(style, quality, copies)
        return Storyboard(story.id, style, tuple(pictures))

    async def _panels(
        self,
        checks: Checks,
        user: UserId,
        request: GenerateStoryRequest,
        quality: Quality,
        ratio: str,
        story: Story,
        cast: Mapping[CharacterId, FrozenCharacter],
    ) -> Panels:
        """Returns the panels of a story, to which its pictures are added."""
        routes = await self._pictures.routes(checks, user, request.options)
        use_references = self._pictures.uses_references(request.options)
        return Panels(routes, checks, request, quality, ratio, story, cast, use_references)

    async def _portraits(
        self, shown: Sequence[CharacterId], style: Style | None
    ) -> set[CharacterId]:
        """Returns who of them has a fresh portrait in a style; nobody without a style."""
        if style is None:
            return set()
        return await self._store.batches.fresh_portraits(shown, style.id)

    async def _cast(
        self, checks: Checks, user: UserId, story: Story, fronting: Sequence[CharacterId]
    ) -> dict[CharacterId, FrozenCharacter]:
        """Freezes the characters of a story in the order of their first pages, then its cast.

        Those whom the cover lists come last. Those of the cast who are gone are left out.
        """
        named = list(dict.fromkeys((*story.characters, *fronting)))
        found = await self._store.freeze(user, named) if named else {}
        for number, page in enumerate(story.draft.pages, start=1):
            for one in page.character_ids:
                if one not in found:
                    refuse_gone(checks, number, one)
        return {one: found[one] for one in named if one in found}
