"""Panels: the pictures of a story as they are gathered, before each has a seed and a style."""

from collections.abc import Container, Iterator, Mapping, Sequence
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
from imggen.rules.whole_stories import wants_portraits, wants_scenes
from imggen.v1.generation_pb2 import Cover, GenerateStoryRequest
from server.domain.characters import FrozenCharacter
from server.domain.finishing import DEFAULT, PostProcessing
from server.domain.ids import CharacterId
from server.domain.jobs import Placement
from server.domain.scenes import Scene
from server.domain.states import ImageType, Quality
from server.domain.stories import Story
from server.domain.styles import Style
from server.requests.covers import RoutedCover, covers
from server.requests.finishing import of_story
from server.requests.pictures import Content, Picture, new_seed
from server.requests.routes import Routes
from server.requests.scenes import scene_of
from server.routing.router import Routing
from server.routing.wishes import Wish


@dataclass(frozen=True, slots=True)
class Panel:
    """The content of one picture of a storyboard, without the settings common to all.

    `fewer` is the same cover with fewer characters.
    """

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
    fewer: "Panel | None" = None
    post_processing: PostProcessing = DEFAULT

    def pictures(
        self,
        cast: Mapping[CharacterId, FrozenCharacter],
        style: Style,
        quality: Quality,
        copies: int,
    ) -> Iterator[Picture]:
        """Yields its pictures: `copies` of a page, one of anything else.

        Each draws lots of its own for canaries.
        """
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
            self.post_processing,
        )
        fewer = None if self.fewer is None else next(self.fewer.pictures(cast, style, quality, 1))
        for seed in _seeds(self.number(copies)):
            routing = self.routes.with_new_lots(self.routing)
            picture = content.drawn_by(routing, self.routes, self.placement, seed)
            yield replace(picture, told=self.told, fewer=fewer)

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
        self._added: list[Panel] = []
        self._routes = routes
        self._checks = checks
        self._use_references = use_references
        self._allow_reuse = request.options.allow_reuse
        self._options = request.options
        self._quality = quality
        self._ratio = ratio
        self._wants_portraits = wants_portraits(request)
        self._wants_pages = wants_scenes(request)
        self._wants_cover = request.include_cover
        self._story = story
        self._cast = cast

    def add(
        self,
        shown: Sequence[CharacterId],
        drawn: Container[CharacterId],
        cover: Cover,
        fronting: Sequence[CharacterId],
    ) -> None:
        """Adds what is asked for; of the characters `shown` those `drawn` need no portrait.

        `fronting` are those whom the `cover` lists.
        """
        check_something(
            self._checks,
            pages=len(self._story.draft.pages),
            named=bool(shown or self._story.listed),
            portraits=self._wants_portraits,
            scenes=self._wants_pages,
            cover=self._wants_cover,
        )
        self._add_portraits([one for one in shown if one not in drawn])
        self._add_cover(cover, fronting)
        self._add_pages()

    def pictures(self, style: Style, quality: Quality, copies: int) -> Iterator[Picture]:
        """Yields the pictures of all panels."""
        for panel in self._added:
            yield from panel.pictures(self._cast, style, quality, copies)

    def check_number(self, copies: int) -> None:
        """Adds a violation if the pictures of all panels are too many for a batch."""
        check_images(self._checks, sum(panel.number(copies) for panel in self._added))

    def _add_portraits(self, characters: Sequence[CharacterId]) -> None:
        """Adds the portraits of characters, if they are asked for."""
        if not (self._wants_portraits and characters):
            return
        routing = self._route(ImageType.PORTRAIT, 1, "")
        if routing is None:
            return
        for one in characters:
            place = Placement(story_id=self._story.id, character_id=one)
            self._added.append(self._panel(ImageType.PORTRAIT, [one], routing, place))

    def _add_cover(self, cover: Cover, listed: Sequence[CharacterId]) -> None:
        """Adds the cover: whom it lists or names, or those on most pages, in its scene.

        Without a description that is the scene of the first page, with the title.
        """
        pages = self._story.draft.pages
        if not (self._wants_cover and pages):
            return
        there = self._on_cover(cover, listed)
        first = pages[0].scene_description or pages[0].text
        described = cover.scene_description
        panel: Panel | None = None
        for characters, routing in reversed(self._route_cover(there)):
            plain = self._panel(
                ImageType.COVER,
                there.listed[:characters],
                routing,
                Placement(story_id=self._story.id),
                scene=described or self._story.draft.title,
                page_text="" if described else first,
            )
            panel = replace(
                plain,
                others=there.others,
                fixed=scene_of(cover.scene) if cover.HasField("scene") else None,
                told="cover.scene_description" if described else "story.title",
                fewer=panel,
            )
        self._added += [panel] if panel else []

    def _on_cover(self, cover: Cover, listed: Sequence[CharacterId]) -> OnCover[CharacterId]:
        on_pages = (page.character_ids for page in self._story.draft.pages)
        leading = leading_characters(on_pages, self._cast) or portrayed(self._story, self._cast)
        looks = ((one, each.description) for one, each in self._cast.items())
        cast = [(one, each.name, each.species) for one, each in looks]
        return on_cover(cover.scene_description, listed, leading, cast)

    def _add_pages(self) -> None:
        """Adds the scenes of all pages, if they are asked for."""
        if not self._wants_pages:
            return
        for number, page in enumerate(self._story.draft.pages, start=1):
            check_words(self._checks, number, page.scene_description or page.text)
            listed = page.character_ids
            others = self._story.others(number, listed)
            routing = self._route(ImageType.SCENE, len(listed), f"page {number}: ", len(others))
            if routing is None:
                continue
            panel = self._panel(
                ImageType.SCENE,
                listed,
                routing,
                Placement(story_id=self._story.id, page_id=page.id, page_number=number),
                scene=page.scene_description,
                page_text=page.text,
            )
            before = self._story.before(number)
            told = f"story.pages[{number - 1}].scene_description"
            self._added.append(
                replace(panel, others=others, before=before, fixed=page.fixed, told=told)
            )

    def _panel(
        self,
        image_type: ImageType,
        characters: Sequence[CharacterId],
        routing: Routing,
        placement: Placement,
        *,
        scene: str = "",
        page_text: str = "",
    ) -> Panel:
        return Panel(
            image_type,
            characters,
            routing,
            self._routes,
            placement,
            scene,
            page_text,
            self._use_references and image_type is not ImageType.PORTRAIT,
            self._allow_reuse,
            post_processing=of_story(self._options, image_type),
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

    def _route_cover(self, there: OnCover[CharacterId]) -> tuple[RoutedCover, ...]:
        """Routes the cover; of those whom the service chose, it has fewer for a short budget."""
        where, most, others = "the cover: ", len(there.listed), len(there.others)
        if not there.chosen:
            routing = self._route(ImageType.COVER, most, where, others)
            return () if routing is None else (RoutedCover(most, routing),)

        def route(characters: int) -> Routing | None:
            return self._routes.route(Checks(), self._wish(ImageType.COVER, characters))

        found = covers(route, most, reuses=self._allow_reuse)
        if not found:
            self._route(ImageType.COVER, 0, where)
        return found


def _seeds(number: int) -> Iterator[int]:
    """Yields different seeds."""
    seen: set[int] = set()
    while len(seen) < number:
        seed = new_seed()
        if seed not in seen:
            seen.add(seed)
            yield seed


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
