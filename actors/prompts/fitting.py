"""Captions that fit: what a text encoder would not read any more is left out, and named."""

from dataclasses import replace
from typing import Any

from actors.storybook.attributes import (
    Character,
    Expression,
    HairStyle,
    Hat,
    Pose,
    Scene,
    View,
    Weather,
)
from actors.storybook.grammar import LONGEST, caption, length

_PLAIN: tuple[tuple[str, Any], ...] = (
    ("freckles", False),
    ("scarf", False),
    ("glasses", False),
    ("beard", False),
    ("pose", Pose.STANDING),
    ("view", View.FRONT),
    ("hat", Hat.NONE),
)
"""What can be left out of a character, the smallest first, and what is drawn instead."""
_LONG_HAIR = frozenset({HairStyle.BUN, HairStyle.PONYTAIL})
"""The styles that take five words, where the others take three."""


def fit(scene: Scene) -> tuple[Scene, tuple[str, ...]]:
    """Returns a scene whose caption is read to its end, and what had to be left out for that.

    The last character loses something before the first one does. Among three nobody has more
    than looks and clothes: the checkpoint was shown no others.
    """
    lost: list[str] = []
    crowded = len(scene.characters) > 2
    for attribute, plain in (*_PLAIN, *([("expression", Expression.SMILING)] if crowded else [])):
        for index in reversed(range(len(scene.characters))):
            if crowded or _too_long(scene):
                scene = _without(scene, index, attribute, plain, lost)
    if _too_long(scene) and scene.weather is Weather.RAIN:
        scene = replace(scene, weather=Weather.DRY)
        lost.append("rain")
    for index in reversed(range(len(scene.characters))):
        if _too_long(scene) and scene.characters[index].hair_style in _LONG_HAIR:
            scene = _without(scene, index, "hair_style", HairStyle.LONG, lost)
    return scene, tuple(lost)


def _too_long(scene: Scene) -> bool:
    return length(caption(scene)) > LONGEST


def _without(scene: Scene, index: int, attribute: str, plain: Any, lost: list[str]) -> Scene:
    character: Character = scene.characters[index]
    had = getattr(character, attribute)
    if had == plain:
        return scene
    lost.append(attribute if had is True else str(had))
    characters = list(scene.characters)
    characters[index] = replace(character, **{attribute: plain})
    return replace(scene, characters=tuple(characters))
