"""The things and colours of a scene: those that its background and its figures show."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import chain

from actors.prompts.reading import Reading, words_of
from actors.prompts.setting import shows
from actors.prompts.told import SHOWN, Told
from actors.storybook.attributes import Character
from actors.storybook.attributes import Scene as Drawn
from actors.storybook.table import Match
from actors.storybook.vocabulary import looks as words
from actors.storybook.vocabulary.places import things_in
from server.domain.scenes import LossKind, Scene

_BODY = {
    "hair": (words.HAIR_COLOURS, "hair"),
    "eye": (words.EYES, "eyes"),
    "eyes": (words.EYES, "eyes"),
    "fur": (words.FURS, "fur"),
}
"""The coloured parts of bodies: the words for their colours, and the attribute that has them."""


def props_of(scene: Scene, drawn: Drawn, hint: str) -> Iterator[Told]:
    """Yields what is told of the things in a scene, held or not, each once.

    The hint of the place is told elsewhere.
    """
    shown = things_in(drawn.place, drawn.time, drawn.weather)
    for prop in things_of(scene):
        if prop != hint:
            yield Told(prop, LossKind.PROP, SHOWN if shows(prop, shown) else "")


def colours_of(scene: Scene, drawn: Drawn) -> Iterator[Told]:
    """Yields what is told of the colours of a scene, but for things that are told with theirs."""
    shown = things_in(drawn.place, drawn.time, drawn.weather)
    for coloured in colours_apart(scene):
        if shows(coloured, shown):
            yield Told(coloured, LossKind.COLOUR, SHOWN)
        else:
            yield _of_figures(coloured, drawn.characters)


def things_of(scene: Scene) -> Iterator[str]:
    """Yields the things in a scene, held or not, each once.

    The place, what somebody wears and who else is there are told elsewhere.
    """
    held = chain.from_iterable(figure.holding for figure in scene.figures)
    worn = chain.from_iterable(figure.wearing for figure in scene.figures)
    elsewhere = {scene.place, *worn, *scene.extras}
    for thing in dict.fromkeys([*scene.props, *held]):
        if thing not in elsewhere:
            yield thing


def colours_apart(scene: Scene) -> Iterator[str]:
    """Yields the colours of a scene, each once, but for things that are told with theirs."""
    figures = chain.from_iterable((*one.holding, *one.wearing) for one in scene.figures)
    things = [*scene.props, *figures, *scene.extras, scene.place]
    known = [frozenset(words_of(thing)) for thing in things]
    for coloured in dict.fromkeys(scene.colours):
        if not any(thing.issuperset(words_of(coloured)) for thing in known):
            yield coloured


def _of_figures(coloured: str, figures: Sequence[Character]) -> Told:
    """Returns what the figures show of a coloured thing: a garment, a hat, hair, eyes or fur."""
    reading = Reading(coloured)
    noun = reading.words[-1] if reading.words else ""
    if noun in _BODY:
        colours, part = _BODY[noun]
        seen = [str(getattr(one, part)) for one in figures]
        return _told(reading, reading.take_colour(colours), part, seen)
    hat = reading.take_first(words.HATS)
    if hat is not None:
        colour = reading.take_colour(words.COLOURS)
        hats = [one.hat for one in figures if one.hat == hat.meaning]
        called = any(colour and colour.meaning in words.HAT_COLOURS[one] for one in hats)
        became = "" if called and not hat.bent and not reading.left() else hat.meaning
        return Told(coloured, LossKind.COLOUR, *((SHOWN, became) if hats else ()))
    garment = reading.take_first(words.CLOTHES)
    if garment is None:
        return Told(coloured, LossKind.COLOUR)
    colour = reading.take_colour(words.COLOURS)
    if colour is not None and garment.bent:
        colour = replace(colour, bent=True)
    worn = [str(one.colour) for one in figures if one.garment == garment.meaning]
    return _told(reading, colour, garment.meaning, worn)


def _told(reading: Reading, colour: Match | None, noun: str, seen: Sequence[str]) -> Told:
    """Returns whether a colour is among the drawn ones; else that colour, or the first one."""
    if not seen:
        return Told(reading.text, LossKind.COLOUR)
    if colour is None or colour.meaning not in seen:
        return Told(reading.text, LossKind.COLOUR, SHOWN, f"{seen[0]} {noun}")
    bent = colour.bent or bool(reading.left())
    became = f"{colour.meaning} {noun}" if bent else ""
    return Told(reading.text, LossKind.COLOUR, SHOWN, became)
