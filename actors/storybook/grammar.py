"""The grammar: the contents of a picture in the words of captions and prompts.

The first phrase of each table is the canonical one. A caption names everything that is visible
except defaults: a front view, arms down, a clear sky, the middle, and the smiles of three.
"""

import re
from collections.abc import Sequence
from random import Random

from actors.storybook.attributes import (
    Age,
    Character,
    Expression,
    Framing,
    Garment,
    Gender,
    HairStyle,
    Hat,
    Place,
    Pose,
    Position,
    Scene,
    Skin,
    Species,
    Style,
    Time,
    View,
    Weather,
)

Phrases = tuple[str, ...]

STYLES: dict[Style, Phrases] = {
    Style.CARTOON: ("cartoon style", "cartoon", "flat cartoon illustration"),
    Style.WATERCOLOR: ("watercolor style", "watercolor painting", "soft watercolor"),
    Style.REALISTIC: ("realistic style", "realistic", "photorealistic"),
    Style.ANIME: ("anime style", "anime", "manga style"),
    Style.STORYBOOK: ("storybook style", "classic storybook illustration", "vintage storybook"),
    Style.RENDER: ("3d render", "3d render style", "3d animation style"),
}
FRAMINGS: dict[Framing, Phrases] = {
    Framing.CLOSE_UP: ("portrait of", "close-up portrait of", "character portrait of"),
    Framing.HALF_BODY: ("half body illustration of", "waist up view of", "half body portrait of"),
    Framing.FULL_BODY: ("full body illustration of", "full body view of", "scene with"),
}
POSITIONS: dict[Position, Phrases] = {
    Position.CENTRE: ("in the middle",),
    Position.LEFT: ("on the left", "at the left side"),
    Position.RIGHT: ("on the right", "at the right side"),
}
GROUPS: dict[int, Phrases] = {
    2: ("scene with two characters,", "two characters,", "illustration of two characters,"),
    3: ("scene with three characters,", "three characters,", "illustration of three characters,"),
}
NOBODY: Phrases = ("scene", "view", "illustration")
"""The opening of a place without characters, in words that the captions of others have too."""
PLACES: dict[Place, Phrases] = {
    Place.PLAIN: ("plain background", "simple background"),
    Place.FOREST: ("in a forest", "in the woods", "among trees"),
    Place.BEACH: ("at the beach", "by the sea", "on a beach"),
    Place.CASTLE: ("in front of a castle", "near a castle", "at the castle"),
    Place.BEDROOM: ("in a bedroom", "in a cozy bedroom", "indoors"),
    Place.CITY: ("in a city", "on a city street", "in a town"),
    Place.SNOW: ("in the snow", "in a snowy landscape", "in winter"),
    Place.SPACE: ("in space", "on the moon", "in outer space"),
    Place.MEADOW: ("in a meadow", "in a field of flowers", "in a garden"),
}
TIMES: dict[Time, Phrases] = {
    Time.DAY: ("during the day", "sunny day", "daytime"),
    Time.SUNSET: ("at sunset", "golden hour", "evening"),
    Time.NIGHT: ("at night", "under the stars", "nighttime"),
}
SUBJECTS: dict[tuple[Age, Gender], Phrases] = {
    (Age.CHILD, Gender.FEMALE): ("young girl", "little girl", "girl"),
    (Age.CHILD, Gender.MALE): ("young boy", "little boy", "boy"),
    (Age.ADULT, Gender.FEMALE): ("woman", "adult woman", "mother"),
    (Age.ADULT, Gender.MALE): ("man", "adult man", "father"),
    (Age.ELDER, Gender.FEMALE): ("old woman", "elderly woman", "grandmother"),
    (Age.ELDER, Gender.MALE): ("old man", "elderly man", "grandfather"),
}
SPECIES: dict[Species, str] = {
    Species.FOX: "fox",
    Species.BEAR: "bear",
    Species.RABBIT: "rabbit",
    Species.CAT: "cat",
}
SEXES: dict[Gender, str] = {Gender.FEMALE: "girl", Gender.MALE: "boy"}
SKINS: dict[Skin, Phrases] = {
    Skin.PALE: ("pale skin", "fair skin"),
    Skin.LIGHT: ("light skin",),
    Skin.TAN: ("tan skin", "olive skin"),
    Skin.BROWN: ("brown skin",),
    Skin.DARK: ("dark skin", "black skin"),
}
HAIR_STYLES: dict[HairStyle, Phrases] = {
    HairStyle.SHORT: ("short {} hair",),
    HairStyle.LONG: ("long {} hair", "long straight {} hair"),
    HairStyle.CURLY: ("curly {} hair", "wavy {} hair"),
    HairStyle.BRAIDED: ("braided {} hair", "{} hair in braids", "{} pigtails"),
    HairStyle.BUN: ("{} hair in a bun", "{} bun"),
    HairStyle.PONYTAIL: ("{} hair in a ponytail", "{} ponytail"),
    HairStyle.SPIKY: ("spiky {} hair", "messy {} hair"),
}
GARMENTS: dict[Garment, Phrases] = {
    Garment.DRESS: ("a {} dress", "a {} gown"),
    Garment.SHIRT: ("a {} shirt", "a {} blouse"),
    Garment.SWEATER: ("a {} sweater", "a {} jumper"),
    Garment.COAT: ("a {} coat", "a {} jacket"),
    Garment.OVERALLS: ("{} overalls", "{} dungarees"),
    Garment.CLOAK: ("a {} cloak", "a {} cape"),
}
EXPRESSIONS: dict[Expression, Phrases] = {
    Expression.SMILING: ("smiling", "happy", "gentle smile"),
    Expression.LAUGHING: ("laughing", "joyful", "excited"),
    Expression.SAD: ("sad", "worried", "sad expression"),
    Expression.SURPRISED: ("surprised", "amazed", "surprised expression"),
    Expression.ANGRY: ("angry", "frowning", "angry expression"),
}
VIEWS: dict[View, Phrases] = {
    View.FRONT: ("front view", "facing forward"),
    View.THREE_QUARTER: ("three-quarter view", "turned slightly"),
    View.SIDE: ("side view", "in profile"),
    View.BACK: ("back view", "seen from behind"),
}
POSES: dict[Pose, Phrases] = {
    Pose.STANDING: ("standing",),
    Pose.WAVING: ("waving", "waving hello"),
    Pose.CHEERING: ("arms up", "cheering"),
}
RAIN: Phrases = ("in the rain", "rainy")


LONGEST = 77
"""The tokens that a text encoder reads, including start and end."""


class Speaker:
    """Chooses phrases: the canonical ones without a random source, else any of them."""

    def __init__(self, chance: Random | None = None) -> None:
        self._chance = chance

    def say(self, phrases: Phrases) -> str:
        """Returns one of the phrases."""
        return phrases[0] if self._chance is None else self._chance.choice(phrases)

    def leaves_out(self, share: float) -> bool:
        """Returns whether a default is left out this time; canonical captions always do so."""
        return self._chance is None or self._chance.random() < share


def length(said: str) -> int:
    """Returns the number of tokens of a caption: words, digits, marks, start and end."""
    return 2 + len(re.findall(r"[a-z]+|[0-9]|[^a-z0-9\s]+", said))


def caption(scene: Scene, chance: Random | None = None) -> str:
    """Returns a scene's caption: the canonical one, or one phrased at random."""
    speaker = Speaker(chance)
    said = [speaker.say(STYLES[scene.style]), _cast(scene, speaker)]
    if scene.position is not Position.CENTRE:
        said.append(speaker.say(POSITIONS[scene.position]))
    said.append(speaker.say(PLACES[scene.place]))
    if not scene.place.timeless:
        said.append(speaker.say(TIMES[scene.time]))
    if scene.weather is Weather.RAIN:
        said.append(speaker.say(RAIN))
    if chance is not None and chance.random() < 0.3:
        said = [*said[1:], said[0]]
    return ", ".join(said)


def _cast(scene: Scene, speaker: Speaker) -> str:
    count = len(scene.characters)
    if count == 0:
        return speaker.say(NOBODY)
    people = [describe(character, speaker, count) for character in scene.characters]
    opening = GROUPS[count] if count > 1 else FRAMINGS[scene.framing]
    return f"{speaker.say(opening)} {' and '.join(people)}"


def describe(character: Character, speaker: Speaker, count: int = 1) -> str:
    """Returns a character's part of a caption, shorter in company: 77 tokens are the limit."""
    brief = count > 1
    looks = _looks(character, speaker)
    subject = _subject(character, speaker)
    said = [f"{_article(subject)} {subject} with {', '.join(looks)}" if looks else subject]
    said.append(f"wearing {_worn(character, speaker)}")
    plain = count == 3 and character.expression is Expression.SMILING
    if character.view is not View.BACK and not plain:
        said.append(speaker.say(EXPRESSIONS[character.expression]))
    if character.view is not View.FRONT or not (brief or speaker.leaves_out(0.8)):
        said.append(speaker.say(VIEWS[character.view]))
    if character.pose is not Pose.STANDING or not (brief or speaker.leaves_out(0.8)):
        said.append(speaker.say(POSES[character.pose]))
    return ", ".join(said)


def _subject(character: Character, speaker: Speaker) -> str:
    if character.is_animal:
        kind = f"{SEXES[character.gender]} {SPECIES[character.species]}"
        return f"{character.fur} {kind}"
    return speaker.say(SUBJECTS[character.age, character.gender])


def _looks(character: Character, speaker: Speaker) -> Sequence[str]:
    averted = character.view is View.BACK
    looks = [] if averted else [f"{character.eyes} eyes"]
    if character.glasses and not averted:
        looks.append(speaker.say(("glasses", "round glasses")))
    if character.is_animal:
        return looks or ["a tail"]
    looks.insert(0, speaker.say(SKINS[character.skin]))
    looks.insert(0, speaker.say(HAIR_STYLES[character.hair_style]).format(character.hair))
    if character.freckles and not averted:
        looks.append("freckles")
    if character.beard and not averted:
        looks.append(speaker.say(("a beard", "a long beard")))
    return looks


def _worn(character: Character, speaker: Speaker) -> str:
    worn = [speaker.say(GARMENTS[character.garment]).format(character.colour)]
    worn[0] = worn[0].replace("a orange", "an orange")
    if character.hat is not Hat.NONE:
        worn.append(f"a {character.hat}")
    if character.scarf:
        worn.append("a scarf")
    return " and ".join(worn)


def _article(noun: str) -> str:
    return "an" if noun[0] in "aeiou" else "a"
