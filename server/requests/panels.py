"""Panels: the pictures of a story before anything is said of how often each is drawn."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from imggen.rules.checks import Checks
from imggen.rules.covers import OnCover, on_cover
from imggen.rules.pictures import check_images
from imggen.rules.storyboards import (
    check_something,
    check_words,
    leading_characters,
    named_in,
    refuse_offer,
)
from imggen.v1.generation_pb2 import Cover, GenerateStoryRequest
from server.domain.characters import FrozenCharacter
from server.domain.ids import CharacterId
from server.domain.jobs import Placement
from server.domain.scenes import Scene
from server.domain.states import ImageType, Quality
from server.domain.stories import Story
from server.domain.styles import Style
from server.requests.pictures import Content, Picture, new_seed
from server.requests.routes import Routes
from server.requests.scenes import scene_of
from server.routing.router import Routing
from server.routing.wishes import Wish


@dataclass(frozen=True, slots=True)
class Panel:
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
    told: str = "scene"

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
            picture = content.drawn_by(self.routing, self.routes, self.placement, seed)
            yield replace(picture, told=self.told)

    def number(self, copies: int) -> int:
        """Returns the number of its pictures."""
        return copies if self.image_type is ImageType.SCENE else 1


class Panels:
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
        self.added: list[Panel] = []
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

    def add_cover(self, cover: Cover, listed: Sequence[CharacterId]) -> None:
        """Adds the cover: whom it lists or names, or those on most pages, in its scene.

        Without a description that is the scene of the first page, with the title.
        """
        pages = self._story.draft.pages
        if not (self._wants_cover and pages):
            return
        on_pages = (page.character_ids for page in pages)
        leading = leading_characters(on_pages, self._cast) or portrayed(self._story, self._cast)
        looks = ((one, each.description) for one, each in self._cast.items())
        cast = [(one, each.name, each.species) for one, each in looks]
        there = on_cover(cover.scene_description, listed, leading, cast)
        routing, shown = self._route_cover(there)
        first = pages[0]
        self._add(
            ImageType.COVER,
            shown,
            routing,
            Placement(story_id=self._story.id),
            scene=cover.scene_description or self._story.draft.title,
            page_text="" if cover.scene_description else first.scene_description or first.text,
            others=there.others,
            fixed=scene_of(cover.scene) if cover.HasField("scene") else None,
            told="cover.scene_description" if cover.scene_description else "story.title",
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
                told=f"story.pages[{number - 1}].scene_description",
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
        told: str = "scene",
    ) -> None:
        """Adds a panel, unless nothing can draw it, which is a violation already."""
        if routing is None:
            return
        use = self._use_references and image_type is not ImageType.PORTRAIT
        self.added.append(
            Panel(
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
                told,
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

    def _route_cover(
        self, there: OnCover[CharacterId]
    ) -> tuple[Routing | None, Sequence[CharacterId]]:
        """Routes the cover, and returns who is on it; of those whom the service chose, as many as
        a model can draw.
        """
        where, listed = "the cover: ", there.listed
        if not there.chosen:
            others = len(there.others)
            return self._route(ImageType.COVER, len(listed), where, others), listed
        for characters in range(len(listed), 0, -1):
            routing = self._routes.route(Checks(), self._wish(ImageType.COVER, characters))
            if routing is not None:
                offer = routing.first
                return routing, listed[: offer.model.max_characters if offer else 0]
        return self._route(ImageType.COVER, 0, where), ()


def portrayed(
    story: Story,
    cast: Mapping[CharacterId, FrozenCharacter],
    fronting: Sequence[CharacterId] = (),
    described: str = "",
) -> list[CharacterId]:
    """Returns the characters whom a page lists or may name: those who need portraits.

    `fronting` are listed by the cover, which is `described`.
    """
    looks = ((one, cast[one].description) for one in story.draft.cast if one in cast)
    named = named_in(
        (described, *(page.scene_description or page.text for page in story.draft.pages)),
        ((one, each.name, each.species) for one, each in looks),
    )
    return [one for one in dict.fromkeys((*story.listed, *fronting, *named)) if one in cast]


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
