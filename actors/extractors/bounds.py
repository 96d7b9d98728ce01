"""The bounds of a scene: what is kept of one, whoever has read it."""

import json
from collections.abc import Sequence
from dataclasses import asdict, replace

from imggen.rules.graphemes import first
from imggen.rules.texts import first_doubts
from server.domain.scenes import Figure, Scene, Unsure

MOST_ITEMS = 40
"""The most items of each list of a scene."""

MOST_LETTERS = 200
"""The most letters of an item."""

MOST_BYTES = 16 * 1024
"""The most bytes of a scene as JSON."""


def bounded(scene: Scene) -> Scene:
    """Returns as much of a scene as is kept: the first of everything.

    The sentences are cut first, then all lists alike but for the figures.
    """
    most = MOST_ITEMS
    kept = _cut(scene, most)
    while most and _size(kept) > MOST_BYTES:
        most //= 2
        kept = _cut(scene, most)
    return replace(kept, told=_told(scene.told, MOST_BYTES - _size(kept)))


def _cut(scene: Scene, most: int) -> Scene:
    return replace(
        scene,
        figures=tuple(_figure(one, most) for one in scene.figures[:MOST_ITEMS]),
        away=scene.away[:MOST_ITEMS],
        extras=_first(scene.extras, most),
        place=first(scene.place, MOST_LETTERS),
        weather=scene.weather[:most],
        props=_first(scene.props, most),
        colours=_first(scene.colours, most),
        absent=_first(scene.absent, most),
        unsure=_first_doubts(scene.unsure, most),
        told="",
    )


def _figure(figure: Figure, most: int) -> Figure:
    return replace(
        figure,
        doing=_first(figure.doing, most),
        holding=_first(figure.holding, most),
        wearing=_first(figure.wearing, most),
        without=_first(figure.without, most),
    )


def _first(items: Sequence[str], most: int) -> tuple[str, ...]:
    return tuple(first(item, MOST_LETTERS) for item in items[:most])


def _first_doubts(doubts: Sequence[Unsure], most: int) -> tuple[Unsure, ...]:
    """Returns as many doubts as a job tells of; what they are about is cut as the scene has it."""
    cut = [replace(one, phrase=first(one.phrase, MOST_LETTERS)) for one in doubts[:most]]
    return tuple(cut[: first_doubts([(one.phrase, one.why) for one in cut])])


def _told(text: str, most: int) -> str:
    """Returns the first words of a text whose JSON has so many bytes at most."""
    if _json_size(text) - 2 <= most:
        return text
    end = len(text)
    while end and _json_size(text[:end]) - 2 > most:
        end = min(end - 1, end * most // _json_size(text[:end]))
    return text[:end].rpartition(" ")[0]


def _size(scene: Scene) -> int:
    return _json_size(asdict(scene))


def _json_size(value: object) -> int:
    return len(json.dumps(value, ensure_ascii=False, default=str).encode())
