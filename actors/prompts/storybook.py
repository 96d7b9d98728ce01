"""The storybook checkpoint's dialect: the caption grammar that it was trained on."""

from collections.abc import Sequence

from actors.prompts.dialect import CompiledPrompt
from actors.prompts.person import Person, read_person
from actors.prompts.reading import Reading
from actors.storybook import vocabulary as words
from server.domain.characters import Description, FrozenCharacter
from server.domain.spec import RenderSpec
from server.domain.states import ImageType
from server.domain.styles import Style
from server.routing.catalogue import STORYBOOK

_DEFAULT_STYLE = "storybook style"
_DEFAULT_TIME = "during the day"
_TIMELESS = frozenset({"plain background", "in space"})


class StorybookDialect:
    """Writes captions as the training pictures had them.

    The checkpoint knows people, one or two of them, in nine places at three times of day.
    Whatever else the content says is returned as unknown.
    """

    def compile(self, spec: RenderSpec, scene: str) -> CompiledPrompt:
        """Returns the caption of a spec; raises ValueError for more than two characters."""
        _check_count(spec.characters)
        style, strange = _style(spec.style)
        names = [character.description.name for character in spec.characters]
        setting = Reading(scene, ignore=names)
        place, when, mood = _place(setting, spec), _time(setting), _mood(setting)
        descriptions = _descriptions(spec.characters, setting)
        people = [read_person(description, expression=mood) for description in descriptions]
        said = [style, f"{_framing(spec, people)}{_people(people)}", place]
        if place not in _TIMELESS:
            said.append(when)
        lost = [word for person in people for word in person.unknown]
        if len(people) > 1:
            lost += [word for each in descriptions for word in _too_small(each)]
        return CompiledPrompt(
            prompt=", ".join(said),
            negative_prompt="",
            unknown=tuple(dict.fromkeys([*strange, *lost, *setting.unknown()])),
        )


def _check_count(characters: Sequence[FrozenCharacter]) -> None:
    if len(characters) > STORYBOOK.max_characters:
        raise ValueError(
            f"characters: {len(characters)} are too many for {STORYBOOK.name}; "
            f"use {STORYBOOK.max_characters} or fewer"
        )


def _style(style: Style) -> tuple[str, tuple[str, ...]]:
    found = Reading(style.id).take(words.STYLES) or Reading(style.prompt_template).take(
        words.STYLES
    )
    return (found.meaning, ()) if found else (_DEFAULT_STYLE, (style.id,))


def _place(setting: Reading, spec: RenderSpec) -> str:
    place = setting.take(words.PLACES)
    if place is not None:
        return place.meaning
    return "plain background" if spec.image_type is ImageType.PORTRAIT else "in a meadow"


def _time(setting: Reading) -> str:
    time = setting.take(words.TIMES)
    return time.meaning if time else _DEFAULT_TIME


def _mood(setting: Reading) -> str:
    mood = setting.take(words.EXPRESSIONS)
    return mood.meaning if mood else ""


def _descriptions(characters: Sequence[FrozenCharacter], setting: Reading) -> list[Description]:
    """Returns who is in the picture; the grammar has no picture without a person."""
    if characters:
        return [character.description for character in characters]
    somebody = setting.take(words.SUBJECTS)
    return [Description(name="", features=(somebody.meaning,) if somebody else ())]


def _framing(spec: RenderSpec, people: Sequence[Person]) -> str:
    if len(people) > 1:
        return "scene with "
    # Figures in full-body pictures have eyes of 4 pixels; half bodies still show the place.
    return "portrait of " if spec.image_type is ImageType.PORTRAIT else "half body illustration of "


def _people(people: Sequence[Person]) -> str:
    if len(people) == 1:
        return _alone(people[0])
    return " and ".join(_small(person) for person in people)


def _alone(person: Person) -> str:
    subject = " ".join(word for word in (person.trait, person.subject) if word)
    looks = ", ".join([person.hair, person.skin, person.eyes, *person.features])
    return (
        f"{_article(subject)} {subject} with {looks}, wearing {_worn(person)}, {person.expression}"
    )


def _small(person: Person) -> str:
    """Returns a person in a picture of two, where longer captions lose style and colours.

    Eyes are a few pixels there, so that nothing is lost with them.
    """
    flags = [flag for flag in person.features if flag != "freckles"]
    looks = ", ".join([person.hair, person.skin, *flags])
    mood = "" if person.expression == "smiling" else f", {person.expression}"
    subject = f"{_article(person.subject)} {person.subject}"
    return f"{subject} with {looks}, wearing {_worn(person)}{mood}"


def _too_small(description: Description) -> tuple[str, ...]:
    freckles = [said for said in description.features if "freckle" in said.lower()]
    return Reading(" ".join([description.eyes, *freckles, *description.traits])).unknown()


def _worn(person: Person) -> str:
    return " and ".join([person.garment, *([f"a {person.hat}"] if person.hat else [])])


def _article(noun: str) -> str:
    return "an" if noun[0] in "aeiou" else "a"
