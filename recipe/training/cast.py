"""Look-alike characters, the scenes that show one again, and brief captions."""

from collections.abc import Sequence
from dataclasses import replace
from random import Random
from typing import Any

from actors.storybook.grammar import (
    EXPRESSIONS,
    FRAMINGS,
    GROUPS,
    PLACES,
    POSES,
    POSITIONS,
    RAIN,
    SEXES,
    SPECIES,
    STYLES,
    SUBJECTS,
    TIMES,
    VIEWS,
    Speaker,
)
from recipe.illustrator.attributes import (
    Character,
    Expression,
    Hat,
    Pose,
    Position,
    Scene,
    Style,
    View,
    Weather,
)
from recipe.illustrator.sampling import Domain, sample_character, sample_scene

GROUP = 4
"""Consecutive characters that look alike, so that their differences must be learned."""
IDENTITY = (
    *("species", "age", "gender", "skin", "hair", "hair_style", "fur", "eyes"),
    *("garment", "colour", "hat", "glasses", "freckles", "beard", "scarf"),
)
"""The attributes of a character's identity, whatever it does and wherever it is."""
_BODY = ("skin", "hair", "hair_style", "garment", "colour", "hat", "glasses")
_COAT = ("fur", "garment", "colour", "hat", "glasses", "scarf")
_ALONE = 3
"""The framings of a domain that show one character."""


def character_of(seed: int, index: int, domain: Domain) -> Character:
    """Returns the character with a number: every fourth is new, the next three look like it."""
    first = _at_rest(Random(f"cast {seed} {index // GROUP}"), domain)
    if index % GROUP == 0:
        return first
    return look_alike(first, Random(f"look-alike {seed} {index}"), least=1)


def look_alike(character: Character, chance: Random, least: int = 2) -> Character:
    """Returns one of the same species, age and gender with two or three other attributes changed.

    With `least` 1, a single one may differ, as a judge must learn to notice.
    """
    names = _COAT if character.is_animal else _BODY
    changed = chance.sample(names, chance.randint(least, 3))
    others: dict[str, Any] = {name: _other(character, name, chance) for name in changed}
    return replace(character, **others)


def look_alikes(character: Character, chance: Random, count: int) -> list[Character]:
    """Returns different look-alikes of a character."""
    found: list[Character] = []
    while len(found) < count:
        other = look_alike(character, chance)
        if other not in found:
            found.append(other)
    return found


def partner(index: int) -> int:
    """Returns the number of a character's partner in pictures of two; the relation is mutual."""
    return index ^ GROUP


def style_of(seed: int, index: int, domain: Domain) -> Style:
    """Returns the style of a character, which its look-alikes and its partner share."""
    return Random(f"style {seed} {index // (2 * GROUP)}").choice(domain.styles)


def met_alone(character: Character, chance: Random, domain: Domain) -> Scene:
    """Returns a scene of the domain with the character alone in it, in any view but the back."""
    weights = (*domain.framings[:_ALONE], 0.0, 0.0)
    scene = sample_scene(chance, replace(domain, framings=weights))  # type: ignore[arg-type]
    return replace(scene, characters=(_as_met(character, scene.characters[0]),))


def met_together(cast: Sequence[Character], chance: Random, domain: Domain) -> Scene:
    """Returns a scene of the domain with these two or three characters, from left to right."""
    weights = (0.0, 0.0, 0.0, float(len(cast) == 2), float(len(cast) == 3))
    scene = sample_scene(chance, replace(domain, framings=weights))
    pairs = zip(cast, scene.characters, strict=True)
    return replace(scene, characters=tuple(_as_met(known, shown) for known, shown in pairs))


def has_company(domain: Domain) -> bool:
    """Returns whether the domain has pictures of two."""
    return domain.framings[_ALONE] > 0


def reference_scene(character: Character, style: Style) -> Scene:
    """Returns the scene of a character's reference: a smiling close-up on a plain background."""
    return Scene((_still(character),), style=style)


def brief_caption(scene: Scene, chance: Random | None = None) -> str:
    """Returns a caption without looks: what the characters are and do, and where."""
    speaker = Speaker(chance)
    count = len(scene.characters)
    opening = GROUPS[count] if count > 1 else FRAMINGS[scene.framing]
    people = " and ".join(_role(each, speaker) for each in scene.characters)
    said = [speaker.say(STYLES[scene.style]), f"{speaker.say(opening)} {people}"]
    if scene.position is not Position.CENTRE:
        said.append(speaker.say(POSITIONS[scene.position]))
    said.append(speaker.say(PLACES[scene.place]))
    if not scene.place.timeless:
        said.append(speaker.say(TIMES[scene.time]))
    if scene.weather is Weather.RAIN:
        said.append(speaker.say(RAIN))
    return ", ".join(said)


def _role(character: Character, speaker: Speaker) -> str:
    if character.is_animal:
        subject = f"{SEXES[character.gender]} {SPECIES[character.species]}"
    else:
        subject = speaker.say(SUBJECTS[character.age, character.gender])
    said = [f"{'an' if subject[0] in 'aeiou' else 'a'} {subject}"]
    if character.view is not View.BACK:
        said.append(speaker.say(EXPRESSIONS[character.expression]))
    if character.view is not View.FRONT:
        said.append(speaker.say(VIEWS[character.view]))
    if character.pose is not Pose.STANDING:
        said.append(speaker.say(POSES[character.pose]))
    return ", ".join(said)


def _at_rest(chance: Random, domain: Domain) -> Character:
    framing = sample_scene(chance, replace(domain, framings=(1, 0, 0, 0, 0))).framing
    return _still(sample_character(chance, replace(domain, turned=0), framing))


def _still(character: Character) -> Character:
    return replace(character, view=View.FRONT, expression=Expression.SMILING, pose=Pose.STANDING)


def _as_met(known: Character, shown: Character) -> Character:
    """Returns a character that acts like another; a back view, which shows too little, is front."""
    view = View.FRONT if shown.view is View.BACK else shown.view
    return replace(known, expression=shown.expression, view=view, pose=shown.pose)


def _other(character: Character, name: str, chance: Random) -> object:
    value = getattr(character, name)
    if isinstance(value, bool):
        return not value
    if name == "hat" and value is not Hat.NONE:
        return Hat.NONE
    return chance.choice([each for each in type(value) if each is not value])
