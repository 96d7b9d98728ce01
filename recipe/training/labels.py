"""Labels of captions and pictures: the attributes of each character, as classes."""

from dataclasses import dataclass, fields
from enum import StrEnum

from recipe.illustrator.attributes import Character, Scene, View

SLOTS = 3
IGNORED = -100
"""The class of an attribute that is not visible; losses and accuracies skip it."""
_SETTING = ("style", "framing", "position", "place", "time", "weather")
_FACE = frozenset({"eyes", "glasses", "freckles", "beard", "expression"})
_PERSON = frozenset({"age", "skin", "hair", "hair_style", "freckles", "beard"})


@dataclass(frozen=True, slots=True)
class Label:
    """One attribute of the picture, or of the character in a slot."""

    name: str
    slot: int | None
    classes: tuple[object, ...]

    def of(self, scene: Scene) -> int:
        """Returns the class of a scene, IGNORED if the attribute is not visible."""
        if self.slot is None:
            timeless = self.name == "time" and scene.place.timeless
            return IGNORED if timeless else self.classes.index(getattr(scene, self.name))
        if self.slot >= len(scene.characters):
            return IGNORED
        character = scene.characters[self.slot]
        if not _visible(character, self.name):
            return IGNORED
        return self.classes.index(getattr(character, self.name))


def all_labels() -> tuple[Label, ...]:
    """Returns every label, the picture's own first."""
    character = Character()
    scene = Scene((character,))
    own = [Label(name, None, _classes(getattr(scene, name))) for name in _SETTING]
    theirs = [
        Label(each.name, slot, _classes(getattr(character, each.name)))
        for slot in range(SLOTS)
        for each in fields(Character)
    ]
    return (*own, *theirs)


def _classes(value: object) -> tuple[object, ...]:
    return tuple(type(value)) if isinstance(value, StrEnum) else (False, True)


def _visible(character: Character, name: str) -> bool:
    if character.is_animal and name in _PERSON:
        return False
    if name == "fur":
        return character.is_animal
    return not (character.view is View.BACK and name in _FACE)
