"""A character as the storybook checkpoint can draw it: every attribute in the grammar's values."""

from dataclasses import dataclass, replace

from actors.prompts.acting import Acting
from actors.prompts.clothes import read_clothes
from actors.prompts.described import Described, is_of_body, is_unseen
from actors.prompts.reading import Reading
from actors.prompts.told import SHOWN, Told
from actors.storybook import attributes as drawn
from actors.storybook.animals import COATS
from actors.storybook.grammar import SUBJECTS
from actors.storybook.table import Match
from actors.storybook.vocabulary import looks as words
from actors.storybook.vocabulary import people
from actors.storybook.vocabulary.acting import EXPRESSIONS
from server.domain.characters import Description, Gender
from server.domain.scenes import Figure, LossKind

_ADULT, _ELDER = 16, 60
"""Anyone younger than 16 is drawn as a child: the grammar has no teenagers."""
_SUBJECTS = {phrases[0]: key for key, phrases in SUBJECTS.items()}
_GENDERS = {Gender.FEMALE: drawn.Gender.FEMALE, Gender.MALE: drawn.Gender.MALE}
_FUR = frozenset({"fur", "furry", "coat"})
_CUTS = {drawn.HairStyle.BUN: "bun", drawn.HairStyle.PONYTAIL: "ponytail"}


@dataclass(frozen=True, slots=True)
class Looks:
    """A character in the grammar's values, and what its description and its page tell of it."""

    character: drawn.Character
    told: tuple[Told, ...]


def read_looks(description: Description, figure: Figure, acting: Acting) -> Looks:
    """Reads a description; attributes that it leaves open get fixed defaults, so that pages agree.

    What a page says of a figure wins over its description: the clothes, what it is without, the
    expression. An animal that the grammar lacks becomes the nearest one.
    """
    parts = Described(description, figure)
    body = _animal(parts, parts.kind) if parts.kind else _person(parts)
    page = [one for one in figure.wearing if not is_of_body(one)]
    clothes = read_clothes(description, parts.worn, page, figure.without)
    character = replace(
        body,
        eyes=drawn.Eyes(parts.colour(parts.eyes, words.EYES, "eyes", "eyes") or "brown"),
        garment=clothes.garment,
        colour=clothes.colour,
        hat=clothes.hat,
        scarf=clothes.scarf,
        glasses=clothes.glasses,
        expression=_expression(parts, acting),
        view=acting.view,
        pose=acting.pose,
    )
    return Looks(character, (*parts.told(), *clothes.told))


def name_of(character: drawn.Character) -> str:
    """Returns what a character is drawn as, in one noun: `fox`, `old man`."""
    if character.is_animal:
        return str(character.species)
    return SUBJECTS[character.age, character.gender][0]


def _animal(parts: Described, kind: Match) -> drawn.Character:
    species, coat = COATS[kind.meaning]
    parts.species.mark([kind])
    for part in (parts.skin, parts.hair, *parts.features):
        part.take_each(words.COAT_WORDS)
    furry = [one for one in parts.features if not _FUR.isdisjoint(one.words)]
    readings = (parts.skin, parts.hair, parts.species, *furry)
    coats = (parts.colour(reading, words.FURS, "fur", "fur") for reading in readings)
    said = next((colour for colour in coats if colour), "")
    _, gender = _subject(parts, default=drawn.Gender.MALE)
    left = parts.species.left()
    if kind.bent or left:
        phrase = " ".join([*left, parts.species.said(kind)])
        parts.tell(phrase, LossKind.LOOK, SHOWN, str(species))
    return drawn.Character(species=species, gender=gender, fur=drawn.Fur(said or coat))


def _person(parts: Described) -> drawn.Character:
    age, gender = _subject(parts, default=drawn.Gender.FEMALE)
    child, male = age is drawn.Age.CHILD, gender is drawn.Gender.MALE
    hair = parts.colour(parts.hair, words.HAIR_COLOURS, "hair", "hair")
    cut = _cut(parts.hair, parts)
    return drawn.Character(
        age=age,
        gender=gender,
        skin=drawn.Skin(parts.colour(parts.skin, words.SKIN, "skin", "skin") or "light"),
        hair=drawn.Hair(hair or ("grey" if age is drawn.Age.ELDER else "brown")),
        hair_style=cut or (drawn.HairStyle.SHORT if male else drawn.HairStyle.LONG),
        freckles=parts.flag(words.FRECKLES),
        beard=male and not child and parts.flag(words.BEARD),
    )


def _cut(hair: Reading, parts: Described) -> drawn.HairStyle | None:
    """Takes how hair is worn; its length too where the style has that length."""
    found = hair.find(words.HAIR_STYLES)
    styled = [match for match in found if match.meaning not in words.HAIR_LENGTHS]
    best = next(iter(styled or found), None)
    if best is None:
        return None
    cut = drawn.HairStyle(best.meaning)
    long = cut in words.LONG_STYLES
    for match in found:
        length = match.meaning in words.HAIR_LENGTHS and (match.meaning == "long") == long
        if match.meaning == cut or (length and not match.bent):
            hair.mark([match])
            became = _CUTS.get(cut, f"{cut} hair") if match.bent else ""
            parts.tell(hair.said(match), LossKind.LOOK, "hair_style", became)
    return cut


def _subject(parts: Described, default: drawn.Gender) -> tuple[drawn.Age, drawn.Gender]:
    """Returns age and gender: the stated ones, else those of `a king` or `Grandpa Tom`."""
    description = parts.description
    species = () if parts.kind else (parts.species,)
    known = [(one, one.take(people.SUBJECTS)) for one in (*parts.features, *species)]
    names = (description.species, description.name)
    others = (Reading(said).take(people.SUBJECTS) for said in names)
    said = next((match for match in (*(match for _, match in known), *others) if match), None)
    age, gender = _SUBJECTS[said.meaning] if said else (drawn.Age.CHILD, default)
    if description.age is not None:
        age = _age(description.age)
    gender = _GENDERS.get(description.gender, gender)
    subject = SUBJECTS[age, gender][0]
    for part, match in known:
        same = match is not None and match.meaning == subject and not match.bent and not part.left()
        if match is not None or (part is parts.species and part.words):
            parts.tell(part.take_whole(), LossKind.LOOK, SHOWN, "" if same else subject)
    return age, gender


def _age(years: int) -> drawn.Age:
    if years < _ADULT:
        return drawn.Age.CHILD
    return drawn.Age.ADULT if years < _ELDER else drawn.Age.ELDER


def _expression(parts: Described, acting: Acting) -> drawn.Expression:
    """Returns what a page says of a face, else the first trait that shows in it."""
    expression = acting.expression
    for trait in parts.traits:
        match = next(iter(trait.find(EXPRESSIONS)), None)
        # A curious fox does not look surprised on every page; a shy one may look sad.
        if match is None or match.meaning == drawn.Expression.SURPRISED:
            continue
        trait.mark([match])
        bent = match.bent or bool(trait.left())
        phrase = trait.take_whole()
        bent = bent and not is_unseen(phrase)
        if acting.expression is not None:
            continue
        expression = expression or drawn.Expression(match.meaning)
        shown = match.meaning == expression
        became = match.meaning if bent and shown else ""
        parts.tell(phrase, LossKind.LOOK, "expression" if shown else "", became)
    return expression or drawn.Expression.SMILING
