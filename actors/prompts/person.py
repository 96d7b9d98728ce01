"""A character as the storybook checkpoint can draw it: every attribute in the grammar's words."""

from dataclasses import dataclass

from actors.prompts.reading import Reading
from actors.storybook import vocabulary as words
from server.domain.characters import Description, Gender

_TEEN, _ADULT, _ELDER = 13, 18, 60
_FEMALE = {"child": words.GIRL, "teen": "teenage girl", "adult": "woman", "elder": "old woman"}
_MALE = {"child": words.BOY, "teen": "teenage boy", "adult": "man", "elder": "old man"}
_TIED = frozenset({"bun", "ponytail"})


@dataclass(frozen=True, slots=True)
class Person:
    """Is a character in the words of the grammar, and the words that got lost."""

    subject: str
    hair: str
    skin: str
    eyes: str
    features: tuple[str, ...]
    garment: str
    hat: str
    expression: str
    trait: str
    unknown: tuple[str, ...]


def read_person(description: Description, *, expression: str = "") -> Person:
    """Reads a description; what it leaves open gets a fixed default, so that pages agree.

    `expression` is the scene's, which wins over what the traits suggest.
    """
    hair, eyes = Reading(description.hair), Reading(description.eyes)
    skin, clothing = Reading(description.skin), Reading(description.clothing)
    features, traits = (
        Reading(". ".join(description.features)),
        Reading(". ".join(description.traits)),
    )
    species = Reading("" if _human(description) else description.species)

    subject = _subject(description, features)
    flags = [
        flag for reading in (features, clothing, hair) for flag in reading.take_all(words.FEATURES)
    ]
    hair_words = _hair(hair, features, _coat(description, skin), subject)
    hat = _hat(clothing) or _hat(features)
    garment = _garment(clothing)
    mood = traits.take(words.EXPRESSIONS) if not expression else None
    trait = traits.take_first(words.TRAITS)
    eye = eyes.take(words.EYES) or features.take(words.EYES)
    tone = skin.take(words.SKIN)
    return Person(
        subject=subject,
        hair=hair_words,
        skin=f"{tone.meaning if tone else 'light'} skin",
        eyes=f"{eye.meaning if eye else 'brown'} eyes",
        features=tuple(flag for flag in words.FEATURES.meanings if flag in flags),
        garment=garment,
        hat=hat,
        expression=expression or (mood.meaning if mood else "smiling"),
        trait=trait.meaning if trait else "",
        unknown=tuple(
            word
            for reading in (species, hair, eyes, skin, clothing, features, traits)
            for word in reading.unknown()
        ),
    )


def _human(description: Description) -> bool:
    return description.species.strip().lower() in words.HUMAN


def _subject(description: Description, features: Reading) -> str:
    said = (
        features.take(words.SUBJECTS)
        or Reading(description.species).take(words.SUBJECTS)
        or Reading(description.name).take(words.SUBJECTS)
    )
    if said is not None and description.age is None:
        return _of_gender(said.meaning, description.gender)
    female = _female(description, said.meaning if said else "")
    return (_FEMALE if female else _MALE)[_age_group(description.age)]


def _of_gender(subject: str, gender: Gender) -> str:
    group = next(group for group in _FEMALE if subject in (_FEMALE[group], _MALE[group]))
    if gender is Gender.UNSPECIFIED:
        return subject
    return (_FEMALE if gender is Gender.FEMALE else _MALE)[group]


def _female(description: Description, said: str) -> bool:
    if description.gender is not Gender.UNSPECIFIED:
        return description.gender is Gender.FEMALE
    return said not in _MALE.values()


def _age_group(age: int | None) -> str:
    if age is None or age < _TEEN:
        return "child"
    if age < _ADULT:
        return "teen"
    return "adult" if age < _ELDER else "elder"


def _coat(description: Description, skin: Reading) -> str:
    """Returns the colour of an animal's coat: its fur's, else what its kind is known for."""
    if _human(description):
        return ""
    fur = skin.take(words.HAIR_COLOURS)
    kind = Reading(description.species).take(words.FUR)
    return fur.meaning if fur else kind.meaning if kind else ""


def _hair(hair: Reading, features: Reading, coat: str, subject: str) -> str:
    colour = hair.take_first(words.HAIR_COLOURS)
    # `a long beard` among the features is no long hair.
    beard = "beard" in features.words
    style = hair.take_first(words.HAIR_STYLES) or (
        None if beard else features.take_first(words.HAIR_STYLES)
    )
    default = "grey" if subject.startswith("old") else "brown"
    shade = colour.meaning if colour else coat or default
    cut = style.meaning if style else "short" if subject in _MALE.values() else "long"
    return f"{shade} hair in a {cut}" if cut in _TIED else f"{cut} {shade} hair"


def _hat(reading: Reading) -> str:
    hat = reading.take_first(words.HATS)
    return hat.meaning if hat else ""


def _garment(clothing: Reading) -> str:
    garment = clothing.take_first(words.CLOTHES)
    colour = (
        clothing.take_before(words.COLOURS, garment.start)
        if garment
        else clothing.take_first(words.COLOURS)
    )
    name = garment.meaning if garment else "shirt"
    article = "" if name == "overalls" else "a "
    return f"{article}{colour.meaning if colour else 'blue'} {name}"
