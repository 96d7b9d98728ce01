"""The colours of a scene in words: each is said with the thing that has it."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from itertools import chain

from actors.prompts.reading import words_of
from server.domain.scenes import Figure, Scene

_ARTICLES = frozenset({"a", "an", "the"})


def coloured(scene: Scene) -> Scene:
    """Returns a scene whose things are called by their colours: the lamp is the red lamp.

    Its `colours` are those that are left. Of what two figures have, nothing says whose is meant.
    """
    had = Counter(chain.from_iterable({*one.holding, *one.wearing} for one in scene.figures))
    things = [one for one in dict.fromkeys([*scene.props, *had, *scene.extras, scene.place]) if one]
    names: dict[str, str] = {}
    left = []
    for colour in dict.fromkeys(scene.colours):
        if any(_words(colour) <= _words(names.get(one, one)) for one in things):
            continue
        free = (one for one in things if one not in names and had[one] < 2)
        thing = next((one for one in free if _is_of(colour, one)), None)
        if thing is None:
            left.append(colour)
        else:
            names[thing] = colour
    return _renamed(replace(scene, colours=tuple(left)), names)


def _is_of(colour: str, thing: str) -> bool:
    """Returns whether a coloured thing may be a thing without its colour."""
    same = words_of(colour)[-1:] == words_of(thing)[-1:]
    return same and _words(thing) < _words(colour)


def _words(said: str) -> frozenset[str]:
    return frozenset(words_of(said)) - _ARTICLES


def _renamed(scene: Scene, names: dict[str, str]) -> Scene:
    def named(things: Sequence[str]) -> tuple[str, ...]:
        return tuple(names.get(one, one) for one in things)

    def of(figure: Figure) -> Figure:
        return replace(figure, holding=named(figure.holding), wearing=named(figure.wearing))

    return replace(
        scene,
        figures=tuple(map(of, scene.figures)),
        extras=named(scene.extras),
        props=named(scene.props),
        place=names.get(scene.place, scene.place),
    )
