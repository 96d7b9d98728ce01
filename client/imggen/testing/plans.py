"""What the fake admits: pictures, and the storyboards of whole stories."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace

from imggen.rules.checks import Checks
from imggen.rules.covers import OnCover, on_cover
from imggen.rules.pictures import DEFAULT_RATIO, RATIOS, check_images
from imggen.rules.prints import refuse_coarse, settled
from imggen.rules.sizes import nearest_ratio
from imggen.rules.storyboards import (
    check_something,
    check_words,
    leading_characters,
    may_name,
    named_in,
    others_of,
    pages_before,
    refuse_gone,
    refuse_offer,
)
from imggen.rules.whole_stories import wants_portraits, wants_scenes
from imggen.testing.catalogue import Model, Size
from imggen.testing.choices import Limits, Routing, route
from imggen.testing.memory import Drawing, Memory
from imggen.v1.character_pb2 import Character
from imggen.v1.finishing_pb2 import PostProcessing
from imggen.v1.generation_pb2 import Cover, GenerateStoryRequest, GenerationOptions
from imggen.v1.image_pb2 import (
    IMAGE_TYPE_COVER,
    IMAGE_TYPE_PORTRAIT,
    IMAGE_TYPE_SCENE,
    Image,
    ImageType,
)
from imggen.v1.routing_pb2 import Route
from imggen.v1.scene_pb2 import Scene
from imggen.v1.story_pb2 import Story


@dataclass(frozen=True, slots=True)
class Plan:
    """A picture to admit: its image, what it shows, why its model was chosen.

    `cropped_from` is the ratio that it is cropped from. `named` are the characters whom its text
    may name without their being listed.
    """

    image: Image
    drawing: Drawing
    route: Route
    cropped_from: str = ""
    named: tuple[str, ...] = ()

    @property
    def waits_for(self) -> tuple[str, ...]:
        """The characters whose portraits it waits for."""
        return (*self.image.character_ids, *self.named)


@dataclass(frozen=True, slots=True)
class Shape:
    """The shape of a picture: the size of a portrait by its name, or an aspect ratio."""

    size: str
    display: Size
    cropped_from: str = ""


def portrait_shape(model: Model, size: str) -> Shape:
    """Returns the shape of a portrait; an empty size means the model's default."""
    size = size or next(iter(model.portraits))
    return Shape(size, model.portraits[size])


def scene_shape(model: Model, ratio: str) -> Shape:
    """Returns the shape of a scene or a cover, cropped where the model does not draw its ratio."""
    display = RATIOS[ratio or DEFAULT_RATIO]
    drawn = nearest_ratio({own: RATIOS[own] for own in model.scenes}, display)
    return Shape("", display, "" if RATIOS[drawn] == display else drawn)


def uses_references(options: GenerationOptions) -> bool:
    """Returns whether a scene, a cover or a regeneration is drawn from references."""
    return options.use_references or not options.HasField("use_references")


@dataclass(frozen=True, slots=True)
class Shown:
    """What a picture shows, as its caller tells it.

    `page` is the number of its page in its story; 0 for none. `named` may be on it where its text
    names them, as those of the story may be on a page.
    """

    scene: str = ""
    page_text: str = ""
    page: int = 0
    fixed: Scene | None = None
    named: Sequence[str] = ()

    @property
    def text(self) -> str:
        """The text that may name characters."""
        return self.scene or self.page_text


def plan_of(
    memory: Memory,
    image: Image,
    routing: Routing,
    shape: Shape,
    quality: str,
    shown: Shown,
    *,
    use_references: bool,
    post_processing: PostProcessing,
) -> Plan:
    """Returns the plan of an image whose characters exist, and which a model may draw.

    `post_processing` is settled; raises InvalidRequest where its print would be too coarse.
    """
    refuse_coarse(post_processing, shape.display, portrait=image.type == IMAGE_TYPE_PORTRAIT)
    model = routing.require()
    image.model, image.provider = model.name, model.provider
    image.version = image.version or 1
    versions = [memory.characters.ever(one).description_version for one in image.character_ids]
    made = Drawing(
        *(quality, shape.size, shape.display, tuple(versions), use_references),
        post_processing=post_processing.SerializeToString(deterministic=True),
    )
    others = _others_on(memory, image, shown)
    drawing = _telling(made, memory, image, shown, others)
    awaited = tuple(one.id for one in others if may_name(shown.text, one.name, one.species))
    return Plan(image, drawing, routing.message(), shape.cropped_from, awaited)


def _others_on(memory: Memory, image: Image, shown: Shown) -> list[Character]:
    """Returns who may be on a picture without being listed, if its text names them."""
    story = memory.stories.ever(image.story_id) if shown.page else Story()
    may_be_on_it = others_of(
        (of.character_ids for of in story.pages),
        *(shown.page, image.character_ids, story.character_ids),
    )
    named = (*may_be_on_it, *shown.named)
    return [memory.characters[one] for one in named if one in memory.characters]


def _telling(
    made: Drawing, memory: Memory, image: Image, shown: Shown, others: Sequence[Character]
) -> Drawing:
    """Returns a drawing with what it shows."""
    pages = memory.stories.ever(image.story_id).pages if shown.page else ()
    return replace(
        made,
        scene=shown.scene,
        page_text=shown.page_text,
        others=tuple((one.id, one.description_version) for one in others),
        before=pages_before([of.text for of in pages], shown.page) if shown.page else (),
        fixed=shown.fixed.SerializeToString(deterministic=True) if shown.fixed else b"",
    )


@dataclass(frozen=True, slots=True)
class _Panel:
    """A picture of a storyboard, without what all of them have in common."""

    image: Image
    routing: Routing
    shown: Shown


class Storyboard:
    """The pictures of a story, portraits first, and the violations of its pages."""

    def __init__(
        self,
        memory: Memory,
        checks: Checks,
        request: GenerateStoryRequest,
        story: Story,
        cover: Cover,
        ratio: str,
        limits: Limits,
        quality: str | None,
    ) -> None:
        self._memory = memory
        self._checks = checks
        self._request = request
        self._story = story
        self._cover = cover
        self._ratio = ratio
        self._limits = limits
        self._quality = quality
        self._panels: list[_Panel] = []
        self._cast = _portrayed(memory, story, cover)

    def read(self, style: str | None, copies: int | None) -> None:
        """Gathers the pictures, and all violations; a `style` or `copies` of None is one."""
        for number, page in enumerate(self._story.pages, start=1):
            for one in page.character_ids:
                if one not in self._memory.characters:
                    refuse_gone(self._checks, number, one)
        check_something(
            self._checks,
            pages=len(self._story.pages),
            named=bool(self._cast) or any(page.character_ids for page in self._story.pages),
            portraits=wants_portraits(self._request),
            scenes=wants_scenes(self._request),
            cover=self._request.include_cover,
        )
        self._add_portraits(style)
        self._add_cover()
        self._add_pages()
        if copies is not None:
            scenes = sum(panel.image.type == IMAGE_TYPE_SCENE for panel in self._panels)
            check_images(self._checks, len(self._panels) + scenes * (copies - 1))

    def plans(self, style: str, quality: str, copies: int) -> list[Plan]:
        """Returns the plans of its pictures: `copies` of a page, one of anything else."""
        plans = []
        asked = self._request.options.post_processing
        for panel in self._panels:
            for _ in range(copies if panel.image.type == IMAGE_TYPE_SCENE else 1):
                one = Image()
                one.CopyFrom(panel.image)
                one.style = style
                one.seed = secrets.randbits(32)
                portrait = one.type == IMAGE_TYPE_PORTRAIT
                model = panel.routing.require()
                shape = portrait_shape(model, "") if portrait else scene_shape(model, self._ratio)
                use = not portrait and uses_references(self._request.options)
                plan = plan_of(
                    self._memory,
                    one,
                    panel.routing,
                    shape,
                    quality,
                    panel.shown,
                    use_references=use,
                    post_processing=settled(asked, portrait=portrait, of_story=True),
                )
                plans.append(plan)
        return plans

    def _add_portraits(self, style: str | None) -> None:
        missing = [
            one
            for one in self._cast
            if not (style and self._memory.is_fresh(self._memory.characters[one], style))
        ]
        if wants_portraits(self._request) and missing:
            routing = self._route(1, "", portrait=True)
            for one in missing if routing else ():
                self._add(IMAGE_TYPE_PORTRAIT, [one], routing, character_id=one)

    def _add_cover(self) -> None:
        """Adds the cover: whom it lists or names, or those on most pages, in its scene."""
        pages = self._story.pages
        if not (self._request.include_cover and pages):
            return
        there = self._on_cover()
        first = pages[0].scene_description or pages[0].text
        told = self._cover.scene_description
        words = (told, "") if told else (self._story.title, first)
        routing, shown = self._route_cover(there)
        fixed = self._cover.scene if self._cover.HasField("scene") else None
        self._add(IMAGE_TYPE_COVER, shown, routing, words=words, fixed=fixed, named=there.others)

    def _on_cover(self) -> OnCover[str]:
        characters = self._memory.characters
        on_pages = (page.character_ids for page in self._story.pages)
        leading = leading_characters(on_pages, characters)
        leading = leading or _portrayed(self._memory, self._story)
        listed = (one for page in self._story.pages for one in page.character_ids)
        everybody = dict.fromkeys((*listed, *self._story.character_ids))
        known = [characters[one] for one in everybody if one in characters]
        cast = [(one.id, one.name, one.species) for one in known]
        told = self._cover
        return on_cover(told.scene_description, [*told.character_ids], leading, cast)

    def _route_cover(self, there: OnCover[str]) -> tuple[Routing | None, Sequence[str]]:
        """Returns also who is on it; of those whom the service chose, as many as are drawn."""
        where, listed = "the cover: ", there.listed
        if not there.chosen:
            return self._route(len(listed), where), listed
        found = [
            (characters, routing)
            for characters in range(len(listed), -1, -1)
            if (routing := route(Checks(), self._limits, self._quality, characters))
        ]
        drawn = [one for one in found if one[1].offers] or found
        if not drawn:
            return self._route(0, where), ()
        characters, routing = drawn[0]
        return routing, listed[:characters]

    def _add_pages(self) -> None:
        if not wants_scenes(self._request):
            return
        for number, page in enumerate(self._story.pages, start=1):
            check_words(self._checks, number, page.scene_description or page.text)
            routing = self._route(len(page.character_ids), f"page {number}: ")
            words = (page.scene_description, page.text)
            self._add(
                IMAGE_TYPE_SCENE,
                page.character_ids,
                routing,
                page_id=page.id,
                words=words,
                page=number,
                fixed=page.scene,
            )

    def _route(self, characters: int, where: str, *, portrait: bool = False) -> Routing | None:
        found = Checks()
        size = "" if portrait else None
        routing = route(found, self._limits, self._quality, characters, size)
        refuse_offer(self._checks, found.violations, where)
        return routing

    def _add(
        self,
        kind: ImageType.ValueType,
        characters: Sequence[str],
        routing: Routing | None,
        *,
        character_id: str = "",
        page_id: str = "",
        words: tuple[str, str] = ("", ""),
        page: int = 0,
        fixed: Scene | None = None,
        named: Sequence[str] = (),
    ) -> None:
        """Adds a picture, unless nothing can draw it, which is a violation already."""
        if routing is not None:
            image = Image(
                type=kind,
                story_id=self._story.id,
                character_id=character_id,
                character_ids=[one for one in characters if one in self._cast],
                page_id=page_id,
            )
            self._panels.append(_Panel(image, routing, Shown(*words, page, fixed, named)))


def _portrayed(memory: Memory, story: Story, cover: Cover | None = None) -> list[str]:
    """Returns the characters whom a page or the cover lists or may name: who need portraits."""
    cover = cover or Cover()
    listed = dict.fromkeys(one for page in story.pages for one in page.character_ids)
    listed |= dict.fromkeys(cover.character_ids)
    there = (one for one in story.character_ids if one in memory.characters)
    looks = ((one, memory.characters[one]) for one in there)
    named = named_in(
        (cover.scene_description, *(page.scene_description or page.text for page in story.pages)),
        ((one, each.name, each.species) for one, each in looks),
    )
    return [one for one in dict.fromkeys((*listed, *named)) if one in memory.characters]
