"""Captions cut to the length that a text encoder reads; the parts left out are returned."""

from dataclasses import replace
from typing import Any

from actors.prompts.told import AROUND, LeftOut
from actors.storybook.attributes import (
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


def fit(scene: Scene) -> tuple[Scene, LeftOut]:
    """Returns a scene whose caption is read to its end, and the attributes left out for that.

    The last character loses an attribute before the first one does. Three characters have only
    looks and clothes: the checkpoint was trained on nothing else.
    """
    left_out: dict[tuple[int, str], str] = {}
    crowded = len(scene.characters) > 2
    for attribute, plain in (*_PLAIN, *([("expression", Expression.SMILING)] if crowded else [])):
        for index in reversed(range(len(scene.characters))):
            if (crowded or _too_long(scene)) and _has(scene, index, attribute, plain):
                scene = _without(scene, index, attribute, plain)
                left_out[index, attribute] = ""
    if _too_long(scene) and scene.weather is Weather.RAIN:
        scene = replace(scene, weather=Weather.DRY)
        left_out[AROUND, "weather"] = ""
    for index in reversed(range(len(scene.characters))):
        if _too_long(scene) and scene.characters[index].hair_style in _LONG_HAIR:
            scene = _without(scene, index, "hair_style", HairStyle.LONG)
            left_out[index, "hair_style"] = "long hair"
    return scene, left_out | _averted(scene)


def _averted(scene: Scene) -> dict[tuple[int, str], str]:
    """Returns the expressions of the characters that are seen from behind."""
    return {
        (index, "expression"): ""
        for index, character in enumerate(scene.characters)
        if character.view is View.BACK
    }


def _too_long(scene: Scene) -> bool:
    return length(caption(scene)) > LONGEST


def _has(scene: Scene, index: int, attribute: str, plain: Any) -> bool:
    return bool(getattr(scene.characters[index], attribute) != plain)


def _without(scene: Scene, index: int, attribute: str, plain: Any) -> Scene:
    characters = list(scene.characters)
    characters[index] = replace(characters[index], **{attribute: plain})
    return replace(scene, characters=tuple(characters))
