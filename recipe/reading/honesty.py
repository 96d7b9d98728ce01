"""Honesty: what a picture will not show of a page, and whether the service says so.

Nothing is drawn: the prompt of the storybook model that ships, and the losses that are told with
it, are held against the labels. *Told as missing when it is not* is the share of told losses that
fit no label of their kind, or whose words the prompt says as they are. *Silently wrong* is the
share of labelled parts (who, others, place, time, weather, actions, moods, things, clothes,
colours) that the prompt does not show as labelled and no loss tells. What only a description says
of a character who is on the page, and a style, is no part of a page. Optional labels are no parts
to be shown, but nothing false to be told.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from uuid import UUID

from actors.extractors.bounds import bounded
from actors.extractors.pages import placed
from actors.prompts.dialect import CompiledPrompt
from actors.prompts.reading import words_of
from actors.prompts.storybook import StorybookDialect
from recipe.reading.corpus import Item, Kind, Page
from recipe.reading.scoring import Score, fits, read_parts
from server.domain.characters import Description
from server.domain.scenes import (
    DayTime,
    Figure,
    LossKind,
    Mood,
    NotDrawn,
    Scene,
    Season,
    Unsure,
    Weather,
)
from server.domain.spec import RenderSpec
from server.domain.states import ImageType, Quality
from server.domain.styles import Style

LABELS: Mapping[LossKind, tuple[Kind, ...]] = {
    LossKind.CHARACTER: (Kind.WHO,),
    LossKind.EXTRA: (Kind.EXTRAS, Kind.PROPS),
    LossKind.PLACE: (Kind.PLACE,),
    LossKind.TIME: (Kind.TIME,),
    LossKind.WEATHER: (Kind.WEATHER,),
    LossKind.ACTION: (Kind.DOING,),
    LossKind.MOOD: (Kind.MOOD,),
    LossKind.PROP: (Kind.PROPS, Kind.HOLDING, Kind.EXTRAS, Kind.WEARING, Kind.COLOURS),
    LossKind.CLOTHING: (Kind.WEARING, Kind.PROPS, Kind.HOLDING, Kind.COLOURS),
    LossKind.COLOUR: (Kind.COLOURS, Kind.WEARING, Kind.PROPS),
    LossKind.LOOK: (Kind.WEARING, Kind.COLOURS),
}
"""The labels by which a told loss, or a doubt, of each kind can be right."""
_PARTS = tuple(kind for kind in Kind if kind is not Kind.NOT)
_OF_BODIES = frozenset({"hair", "eyes", "fur", "skin"})
_PLAIN = Style("cartoon", 1, "Cartoon", "", "cartoon style", "")


@dataclass(slots=True)
class Honesty:
    """How many told losses are none, and how many parts are lost without a word."""

    told: Score = field(default_factory=Score)
    silent: dict[Kind, Score] = field(default_factory=lambda: {kind: Score() for kind in _PARTS})
    doubted: int = 0
    """How many of the parts that are lost without a word are told as unsure."""

    @property
    def falsely_told(self) -> float:
        """The share of told losses that are none."""
        return self.told.wrong / max(1, self.told.right + self.told.wrong)

    @property
    def parts(self) -> int:
        """The number of labelled parts."""
        return sum(one.right + one.missed for one in self.silent.values())

    @property
    def silently_wrong(self) -> float:
        """The share of labelled parts that are neither shown rightly nor told as lost."""
        return sum(one.missed for one in self.silent.values()) / max(1, self.parts)

    @property
    def unwarned(self) -> float:
        """The share of labelled parts that are silently wrong, and not told as unsure either."""
        missed = sum(one.missed for one in self.silent.values())
        return (missed - self.doubted) / max(1, self.parts)

    def add(self, page: Page, scene: Scene) -> None:
        """Adds a page as it was read."""
        picture = _Picture(page, scene)
        where = f"{page.story} {page.number}"
        for loss in picture.losses:
            if picture.is_none(loss):
                self.told.wrong += 1
                self.told.faults.append(f"{where}: {loss.kind} {loss.phrase}")
            else:
                self.told.right += 1
        for kind, item in _parts(page):
            score = self.silent[kind]
            if picture.tells(kind, item) or picture.shows(kind, item):
                score.right += 1
            else:
                score.missed += 1
                self.doubted += any(_is_about(one, kind, item) for one in scene.unsure)
                score.faults.append(f"{where}: {kind} {item}")


class _Picture:
    """A page with the prompt that its scene gives, and the losses that are told with it."""

    def __init__(self, page: Page, scene: Scene) -> None:
        self._page = page
        self._ids = {one.description.name: one.id for one in page.cast}
        self._spec = RenderSpec(
            ImageType.SCENE, _PLAIN, (), "", page.text, "storybook", 1024, 1024, Quality.STANDARD, 7
        )
        self._spec = replace(self._spec, others=page.cast, before=page.before)
        self._scene = bounded(placed(scene, self._spec))
        self._compiled = self._compile(self._scene)
        self._prompt = f" {' '.join(words_of(self._compiled.prompt))} "
        there = {name for item in page.labels[Kind.WHO] for name in item.alternatives}
        described = [one.description for one in page.cast if one.description.name in there]
        self.losses = tuple(
            one
            for one in self._compiled.not_drawn
            if one.kind is not LossKind.STYLE and not _is_described(one, described)
        )
        """What is told of the page as not drawn."""

    def is_none(self, loss: NotDrawn) -> bool:
        """Returns whether a told loss is none: not on the page, or drawn as it is told."""
        labels = self._page.labels
        if loss.kind is LossKind.CHARACTER and loss.phrase == "nobody":
            return any(not one.optional for one in labels[Kind.WHO])
        if f" {' '.join(words_of(loss.phrase))} " in self._prompt and not self._is_of_another(loss):
            return True
        asked = (one for kind in LABELS[loss.kind] for one in labels[kind])
        return not any(fits(one, loss.phrase) for one in asked)

    def _is_of_another(self, loss: NotDrawn) -> bool:
        """Returns whether the words of a lost extra are in the prompt for a character only.

        `A boy in a checked shirt` is lost, though a boy of the cast is drawn.
        """
        return loss.kind is LossKind.EXTRA and bool(self._scene.figures)

    def tells(self, kind: Kind, item: Item) -> bool:
        """Returns whether a loss tells a part, the thing that has its colour, or whose it is."""
        for loss in self.losses:
            if loss.kind is LossKind.CHARACTER and item.of and loss.phrase == item.of:
                return True
            if kind in LABELS[loss.kind] and fits(item, loss.phrase):
                return True
            if kind is Kind.COLOURS and not loss.became and _has(loss, item):
                return True
        return False

    def shows(self, kind: Kind, item: Item) -> bool:
        """Returns whether the prompt stays the same where a part is read as it is labelled.

        What the model would not show of that is not shown.
        """
        drawn = {one.character for one in self._scene.figures}
        if kind is Kind.WHO:
            return any(self._ids[one] in drawn for one in item.alternatives)
        names = {one.id: one.description.name for one in self._page.cast}
        read = read_parts(self._scene, names)[kind]
        said = [one for of, one in read if item.of in ("", of) and fits(item, one)]
        scenes = (self._with(kind, one, item.of) for one in (*said, *item.alternatives))
        return any(one is not None and self._is_same(one, kind, item) for one in scenes)

    def _is_same(self, scene: Scene, kind: Kind, item: Item) -> bool:
        compiled = self._compile(scene)
        lost = any(
            kind in LABELS.get(one.kind, ()) and fits(item, one.phrase)
            for one in compiled.not_drawn
        )
        return compiled.prompt == self._compiled.prompt and not lost

    def _with(self, kind: Kind, said: str, of: str) -> Scene | None:
        """Returns the scene with a part as it is labelled; None where it cannot have it."""
        scene = self._scene
        if kind in (Kind.DOING, Kind.MOOD, Kind.HOLDING, Kind.WEARING):
            figures = [
                _acting(one, kind, said) if one.character == self._ids.get(of) else one
                for one in scene.figures
            ]
            there = any(one.character == self._ids.get(of) for one in figures)
            return replace(scene, figures=tuple(figures)) if there else None
        if kind is Kind.EXTRAS:
            return replace(scene, extras=(said, *scene.extras))
        if kind is Kind.PLACE:
            return replace(scene, place=said)
        if kind is Kind.TIME:
            season = said in list(Season)
            return replace(scene, season=Season(said)) if season else _timed(scene, said)
        if kind is Kind.WEATHER:
            return replace(scene, weather=(Weather(said), *scene.weather))
        if kind is Kind.PROPS:
            return replace(scene, props=(said, *scene.props))
        return replace(scene, colours=(said, *scene.colours))

    def _compile(self, scene: Scene) -> CompiledPrompt:
        cast = {one.id: one for one in self._page.cast}
        characters = tuple(cast[UUID(str(one.character))] for one in scene.figures)
        return StorybookDialect().compile(replace(self._spec, characters=characters), scene)


def _timed(scene: Scene, said: str) -> Scene:
    return replace(scene, time=DayTime(said))


def _acting(figure: Figure, kind: Kind, said: str) -> Figure:
    if kind is Kind.DOING:
        return replace(figure, doing=(said, *figure.doing))
    if kind is Kind.MOOD:
        return replace(figure, mood=Mood(said))
    if kind is Kind.HOLDING:
        return replace(figure, holding=(said, *figure.holding))
    return replace(figure, wearing=(said, *figure.wearing))


def _parts(page: Page) -> Iterator[tuple[Kind, Item]]:
    """Yields the parts that a page's picture must show; a held thing is one thing, not two."""
    things = [*page.labels[Kind.PROPS]]
    for kind in _PARTS:
        for item in page.labels[kind]:
            held = kind is Kind.HOLDING and any(
                set(one.alternatives) & set(item.alternatives) for one in things
            )
            if not (item.optional or held):
                yield kind, item


def _is_described(loss: NotDrawn, described: list[Description]) -> bool:
    """Returns whether a loss is one of what descriptions say of those who are on the page."""
    if loss.kind not in (LossKind.LOOK, LossKind.CLOTHING, LossKind.COLOUR):
        return False
    said = set(words_of(loss.phrase)) - _OF_BODIES
    return any(said <= _words_of_description(one) for one in described)


def _words_of_description(one: Description) -> set[str]:
    texts = (one.species, one.hair, one.eyes, one.skin, one.clothing, *one.features, *one.traits)
    return {word for text in texts for word in words_of(text)}


def _is_about(unsure: Unsure, kind: Kind, item: Item) -> bool:
    """Returns whether a doubt tells of a labelled part: a page has one place, whatever was read."""
    if kind not in LABELS.get(unsure.kind, ()):
        return False
    return unsure.kind is LossKind.PLACE or fits(item, unsure.phrase)


def _has(loss: NotDrawn, item: Item) -> bool:
    """Returns whether a thing that is left out is the one whose colour is labelled."""
    return any(fits(Item((one.split()[-1],)), loss.phrase) for one in item.alternatives)
