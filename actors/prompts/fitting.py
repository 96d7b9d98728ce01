"""Captions cut to the length that a text encoder reads; the parts left out are returned."""

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
"""The attributes that can be left out, the smallest first, and the values drawn instead."""
_LONG_HAIR = frozenset({HairStyle.BUN, HairStyle.PONYTAIL})
"""The styles that take five words instead of three."""


def fit(scene: Scene) -> tuple[Scene, tuple[str, ...]]:
    """Returns a scene whose caption is read to its end, and the attributes left out for that.

    The last character loses an attribute before the first one does. Three characters have only
    looks and clothes: the checkpoint was trained on nothing else.
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
