"""Requests for whole stories, read as storyboards: their pictures in order."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from imggen.rules.checks import Checks
from imggen.rules.pictures import check_images, read_aspect_ratio, read_images_per_page
from imggen.rules.storyboards import (
    check_something,
    check_words,
    leading_characters,
    may_name,
    named_in,
    refuse_gone,
    refuse_offer,
)
from imggen.v1.generation_pb2 import GenerateStoryRequest
from server.domain.characters import FrozenCharacter
from server.domain.ids import CharacterId, StoryId, UserId
from server.domain.jobs import Placement
from server.domain.scenes import Scene
from server.domain.spec import RenderSpec
from server.domain.states import ImageType, Quality
from server.domain.stories import Story
from server.domain.styles import Style
from server.domain.texts import Texts, texts_of_specs
from server.requests.pictures import (
    Content,
    Picture,
    PictureReader,
    new_seed,
    read_quality,
)
from server.requests.routes import Routes
from server.routing.choices import choices
from server.routing.router import Routing
from server.routing.wishes import Wish
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
        return texts_of_specs((one.spec, one.placement.page_number) for one in self.pictures)

    def choices(self) -> "Iterator[Storyboard]":
        """Yields the storyboard by the best offers, then by cheaper ones, to the cheapest of each.

        Those of other providers follow, for a budget that one provider alone exceeds.
        """
        for offers in choices([picture.offers for picture in self.pictures]):
            drawn = (one.drawn_by(offer) for one, offer in zip(self.pictures, offers, strict=True))
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
        including those in `checks`, or NotFound for a story that the caller does not have.
        """
        story_id = checks.id("story_id", request.story_id, StoryId)
        maybe_quality = read_quality(checks, request.options.quality)
        maybe_copies = read_images_per_page(checks, request.images_per_page)
        ratio = read_aspect_ratio(checks, request.aspect_ratio)
        story = await self._pictures.story(user, story_id) if story_id else None
        maybe_style = self._pictures.style(
            checks, request.style, story.draft.style if story else None
        )
        if story is None:
            raise checks.refused()
        cast = await self._cast(checks, user, story)
        shown = _portrayed(story, cast)
        known = (
            await self._store.batches.fresh_portraits(shown, maybe_style.id)
            if maybe_style
            else set()
        )
        drawn = maybe_quality or Quality.HD
        routes = await self._pictures.routes(checks, user, request.options)
        use = self._pictures.uses_references(request.options)
        panels = _Panels(routes, checks, request, drawn, ratio or "", story, cast, use)
        panels.check(named=bool(shown or story.listed))
        panels.add_portraits([one for one in shown if one not in known])
        panels.add_cover()
        panels.add_pages()
        if maybe_copies is not None:
            panels.check_number(maybe_copies)
        style, quality, copies = checks.complete(maybe_style, maybe_quality, maybe_copies)
        pictures = [
            picture
            for panel in panels.added
            for picture in panel.pictures(cast, style, quality, copies)
        ]
        return Storyboard(story.id, style, tuple(pictures))

    async def _cast(
        self, checks: Checks, user: UserId, story: Story
    ) -> dict[CharacterId, FrozenCharacter]:
        """Freezes the characters of a story in the order of their first pages, then its cast.

        Those of the cast who are gone are left out.
        """
        named = list(story.characters)
        found = await self._store.freeze(user, named) if named else {}
        for number, page in enumerate(story.draft.pages, start=1):
            for one in page.character_ids:
                if one not in found:
                    refuse_gone(checks, number, one)
        return {one: found[one] for one in named if one in found}


def _portrayed(story: Story, cast: Mapping[CharacterId, FrozenCharacter]) -> list[CharacterId]:
    """Returns the characters whom a page lists or may name: those who need portraits."""
    looks = ((one, cast[one].description) for one in story.draft.cast if one in cast)
    named = named_in(
        (page.scene_description or page.text for page in story.draft.pages),
        ((one, each.name, each.species) for one, each in looks),
    )
    return [one for one in dict.fromkeys((*story.listed, *named)) if one in cast]


@dataclass(frozen=True, slots=True)
class _Panel:
    """The content of one picture of a storyboard, without the settings common to all."""

    image_type: ImageType
    characters: Sequence[CharacterId]
    routing: Routing
    routes: Routes
    placement: Placement
    scene: str
    page_text: str
    use_references: bool
    allow_reuse: bool
    others: Sequence[CharacterId] = ()
    before: tuple[str, ...] = ()
    fixed: Scene | None = None

    def pictures(
        self,
        cast: Mapping[CharacterId, FrozenCharacter],
        style: Style,
        quality: Quality,
        copies: int,
    ) -> Iterator[Picture]:
        """Yields its pictures: `copies` of a page, one of anything else."""
        characters = tuple(cast[one] for one in self.characters if one in cast)
        content = Content(
            self.image_type,
            style,
            characters,
            quality,
            self.scene,
            self.page_text,
            self.use_references,
            self.allow_reuse,
            tuple(cast[one] for one in self.others if one in cast),
            self.before,
            self.fixed,
        )
        for seed in _seeds(self.number(copies)):
            yield content.drawn_by(self.routing, self.routes, self.placement, seed)

    def number(self, copies: int) -> int:
        """Returns the number of its pictures."""
        return copies if self.image_type is ImageType.SCENE else 1


class _Panels:
    """Gathers the panels of one story, portraits first, and the violations of its pages."""

    def __init__(
        self,
        routes: Routes,
        checks: Checks,
        request: GenerateStoryRequest,
        quality: Quality,
        ratio: str,
        story: Story,
        cast: Mapping[CharacterId, FrozenCharacter],
        use_references: bool,
    ) -> None:
        self.added: list[_Panel] = []
        self._routes = routes
        self._checks = checks
        self._use_references = use_references
        self._allow_reuse = request.options.allow_reuse
        self._quality = quality
        self._ratio = ratio
        self._wants_portraits = _unless_unset(request, "include_character_portraits")
        self._wants_pages = _unless_unset(request, "include_scene_images")
        self._wants_cover = request.include_cover
        self._story = story
        self._cast = cast

    def check(self, *, named: bool) -> None:
        """Adds a violation if there is nothing to draw; `named` is whether pages name anybody."""
        check_something(
            self._checks,
            pages=len(self._story.draft.pages),
            named=named,
            portraits=self._wants_portraits,
            scenes=self._wants_pages,
            cover=self._wants_cover,
        )

    def check_number(self, copies: int) -> None:
        """Adds a violation if the pictures of all panels are too many for a batch."""
        check_images(self._checks, sum(panel.number(copies) for panel in self.added))

    def add_portraits(self, characters: Sequence[CharacterId]) -> None:
        """Adds the portraits of characters, if they are asked for."""
        if not (self._wants_portraits and characters):
            return
        routing = self._route(ImageType.PORTRAIT, 1, "")
        for one in characters if routing else ():
            place = Placement(story_id=self._story.id, character_id=one)
            self._add(ImageType.PORTRAIT, [one], routing, place)

    def add_cover(self) -> None:
        """Adds the cover: the characters that are on most pages, in the scene of the first page."""
        pages = self._story.draft.pages
        if not (self._wants_cover and pages):
            return
        listed = (page.character_ids for page in pages)
        leading = leading_characters(listed, self._cast) or _portrayed(self._story, self._cast)
        routing = self._route_cover(leading)
        offer = routing.first if routing else None
        first = pages[0]
        self._add(
            ImageType.COVER,
            leading[: offer.model.max_characters if offer else 0],
            routing,
            Placement(story_id=self._story.id),
            scene=self._story.draft.title,
            page_text=first.scene_description or first.text,
        )

    def add_pages(self) -> None:
        """Adds the scenes of all pages, if they are asked for."""
        if not self._wants_pages:
            return
        for number, page in enumerate(self._story.draft.pages, start=1):
            check_words(self._checks, number, page.scene_description or page.text)
            listed = page.character_ids
            others = self._story.others(number, listed)
            self._add(
                ImageType.SCENE,
                listed,
                self._route(ImageType.SCENE, len(listed), f"page {number}: ", len(others)),
                Placement(story_id=self._story.id, page_id=page.id, page_number=number),
                scene=page.scene_description,
                page_text=page.text,
                others=others,
                before=self._story.before(number),
                fixed=page.fixed,
            )

    def _add(
        self,
        image_type: ImageType,
        characters: Sequence[CharacterId],
        routing: Routing | None,
        placement: Placement,
        *,
        scene: str = "",
        page_text: str = "",
        others: Sequence[CharacterId] = (),
        before: tuple[str, ...] = (),
        fixed: Scene | None = None,
    ) -> None:
        """Adds a panel, unless nothing can draw it, which is a violation already."""
        if routing is None:
            return
        use = self._use_references and image_type is not ImageType.PORTRAIT
        self.added.append(
            _Panel(
                image_type,
                characters,
                routing,
                self._routes,
                placement,
                scene,
                page_text,
                use,
                self._allow_reuse,
                others,
                before,
                fixed,
            )
        )

    def _route(
        self, kind: ImageType, characters: int, where: str, others: int = 0
    ) -> Routing | None:
        """Routes an image; violations name the story, since no field is wrong."""
        found = Checks()
        routing = self._routes.route(found, self._wish(kind, characters, others))
        refuse_offer(self._checks, found.violations, where)
        return routing

    def _wish(self, kind: ImageType, characters: int, others: int = 0) -> Wish:
        portrait = kind is ImageType.PORTRAIT
        shape = "" if portrait else self._ratio
        use = self._use_references and not portrait
        return self._routes.wish(
            kind, shape, characters, self._quality, references=use, others=others
        )

    def _route_cover(self, leading: Sequence[CharacterId]) -> Routing | None:
        """Routes the cover, with as many of the leading characters as a model can draw."""
        for characters in range(len(leading), 0, -1):
            routing = self._routes.route(Checks(), self._wish(ImageType.COVER, characters))
            if routing is not None:
                return routing
        return self._route(ImageType.COVER, 0, "the cover: ")


def _unless_unset(request: GenerateStoryRequest, field: str) -> bool:
    return bool(getattr(request, field)) or not request.HasField(field)  # type: ignore[arg-type]


def _seeds(number: int) -> Iterator[int]:
    """Yields different seeds."""
    seen: set[int] = set()
    while len(seen) < number:
        seed = new_seed()
        if seed not in seen:
            seen.add(seed)
            yield seed
