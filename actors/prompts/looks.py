"""A character as the storybook checkpoint can draw it: every attribute in the grammar's values."""

from dataclasses import dataclass, replace
from typing import Self

from actors.prompts.acting import Acting
from actors.prompts.reading import Reading
from actors.storybook import attributes as drawn
from actors.storybook import vocabulary as words
from actors.storybook.animals import COATS, DRAWN, KINDS
from actors.storybook.grammar import SUBJECTS
from actors.storybook.table import Match
from server.domain.characters import Description, Gender

_ADULT, _ELDER = 16, 60
"""Anyone younger than 16 is drawn as a child: the grammar has no teenagers."""
_SUBJECTS = {phrases[0]: key for key, phrases in SUBJECTS.items()}
_GENDERS = {Gender.FEMALE: drawn.Gender.FEMALE, Gender.MALE: drawn.Gender.MALE}


@dataclass(frozen=True, slots=True)
class Looks:
    """A character in the grammar's values, its kind of animal, and the words not understood."""

    character: drawn.Character
    kind: str
    unknown: tuple[str, ...]


def read_looks(description: Description, acting: Acting) -> Looks:
    """Reads a description; attributes that it leaves open get fixed defaults, so that pages agree.

    An expression in the scene wins over one in the traits. An animal that the grammar lacks
    becomes the nearest one, and its kind counts as unknown.
    """
    readings = _Readings.of(description)
    kind = _kind(readings.species)
    body = _animal(readings, description, kind) if kind else _person(readings, description)
    character = _dressed(body, readings)
    mood = readings.traits.take(words.EXPRESSIONS)
    expression = acting.expression or drawn.Expression(mood.meaning if mood else "smiling")
    acted = replace(character, expression=expression, view=acting.view, pose=acting.pose)
    return Looks(acted, kind, readings.unknown())


@dataclass(frozen=True, slots=True)
class _Readings:
    """The parts of a description, each being read."""

    species: Reading
    hair: Reading
    eyes: Reading
    skin: Reading
    clothing: Reading
    features: Reading
    traits: Reading

    @classmethod
    def of(cls, description: Description) -> Self:
        human = description.species.strip().lower() in words.HUMAN
        return cls(
            Reading("" if human else description.species),
            Reading(description.hair),
            Reading(description.eyes),
            Reading(description.skin),
            Reading(description.clothing),
            Reading(". ".join(description.features)),
            Reading(". ".join(description.traits)),
        )

    def unknown(self) -> tuple[str, ...]:
        parts = (self.species, self.hair, self.eyes, self.skin)
        others = (self.clothing, self.features, self.traits)
        return tuple(word for reading in (*parts, *others) for word in reading.unknown())


def _kind(species: Reading) -> str:
    """Returns the kind of animal; one that is drawn as another stays unread."""
    found = next(iter(KINDS.matches(species.words)), None)
    if found is None:
        return ""
    if found.meaning in DRAWN:
        species.take_meaning(KINDS, found.meaning)
    return found.meaning


def _animal(readings: _Readings, description: Description, kind: str) -> drawn.Character:
    species, coat = COATS[kind]
    for part in (readings.skin, readings.hair, readings.features):
        part.take_each(words.COAT_WORDS)
    said = (
        readings.skin.take_first(words.FURS)
        or readings.hair.take_first(words.FURS)
        or readings.species.take_first(words.FURS)
        or _before_fur(readings.features)
    )
    _, gender = _subject(description, readings, default=drawn.Gender.MALE)
    fur = drawn.Fur(said.meaning) if said else coat
    return drawn.Character(species=species, gender=gender, fur=fur)


def _person(readings: _Readings, description: Description) -> drawn.Character:
    age, gender = _subject(description, readings, default=drawn.Gender.FEMALE)
    colour = readings.hair.take_first(words.HAIR_COLOURS)
    skin = readings.skin.take(words.SKIN)
    child, male = age is drawn.Age.CHILD, gender is drawn.Gender.MALE
    # `a long beard` among the features is not long hair.
    bearded = male and not child and _flagged(readings, words.BEARD)
    style = readings.hair.take_first(words.HAIR_STYLES)
    if style is None and "beard" not in readings.features.words:
        style = readings.features.take_first(words.HAIR_STYLES)
    default = drawn.Hair.GREY if age is drawn.Age.ELDER else drawn.Hair.BROWN
    cut = drawn.HairStyle.SHORT if male else drawn.HairStyle.LONG
    return drawn.Character(
        age=age,
        gender=gender,
        skin=drawn.Skin(skin.meaning) if skin else drawn.Skin.LIGHT,
        hair=drawn.Hair(colour.meaning) if colour else default,
        hair_style=drawn.HairStyle(style.meaning) if style else cut,
        freckles=_flagged(readings, words.FRECKLES),
        beard=bearded,
    )


def _dressed(character: drawn.Character, readings: _Readings) -> drawn.Character:
    clothing, features = readings.clothing, readings.features
    scarf, glasses = _flagged(readings, words.SCARF), _flagged(readings, words.GLASSES)
    hat = clothing.take_first(words.HATS) or features.take_first(words.HATS)
    garment = clothing.take_first(words.CLOTHES)
    colour = (
        clothing.take_before(words.COLOURS, garment.start)
        if garment
        else clothing.take_first(words.COLOURS)
    )
    eyes = readings.eyes.take(words.EYES) or features.take(words.EYES)
    return replace(
        character,
        eyes=drawn.Eyes(eyes.meaning) if eyes else drawn.Eyes.BROWN,
        garment=drawn.Garment(garment.meaning) if garment else drawn.Garment.SHIRT,
        colour=drawn.Colour(colour.meaning) if colour else drawn.Colour.BLUE,
        hat=drawn.Hat(hat.meaning) if hat else drawn.Hat.NONE,
        glasses=glasses,
        scarf=scarf,
    )


def _subject(
    description: Description, readings: _Readings, default: drawn.Gender
) -> tuple[drawn.Age, drawn.Gender]:
    """Returns age and gender: the stated ones, else those of `a king` or `Grandpa Tom`."""
    said = (
        readings.features.take(words.SUBJECTS)
        or Reading(description.species).take(words.SUBJECTS)
        or Reading(description.name).take(words.SUBJECTS)
    )
    age, gender = _SUBJECTS[said.meaning] if said else (drawn.Age.CHILD, default)
    if description.age is not None:
        age = _age(description.age)
    return age, _GENDERS.get(description.gender, gender)


def _age(years: int) -> drawn.Age:
    if years < _ADULT:
        return drawn.Age.CHILD
    return drawn.Age.ADULT if years < _ELDER else drawn.Age.ELDER


def _flagged(readings: _Readings, feature: str) -> bool:
    parts = (readings.features, readings.clothing, readings.hair)
    # Every part is read, even if the first one matches.
    said = [part.take_meaning(words.FEATURES, feature) for part in parts]
    return any(said)


def _before_fur(features: Reading) -> Match | None:
    if "fur" not in features.words:
        return None
    return features.take_before(words.FURS, features.words.index("fur"))
