"""SDXL's dialect: plain language, like the captions of pictures on the web."""

from actors.prompts.dialect import CompiledPrompt
from server.domain.characters import Description, Gender
from server.domain.spec import RenderSpec
from server.domain.states import ImageType

_NEGATIVE = "lowres, blurry, deformed, bad anatomy, extra limbs, text, watermark, signature"
_AN = ("a", "e", "i", "o", "u", "8", "11-", "18-")
_ADULT = 18
_CHILDREN = {Gender.FEMALE: "girl", Gender.MALE: "boy", Gender.UNSPECIFIED: "child"}
_ADULTS = {Gender.FEMALE: "woman", Gender.MALE: "man", Gender.UNSPECIFIED: "person"}


class SdxlDialect:
    """Writes the style's template, the scene, then each character's looks."""

    def compile(self, spec: RenderSpec, scene: str) -> CompiledPrompt:
        """Returns the prompt of a spec, with all of its content."""
        descriptions = [character.description for character in spec.characters]
        scene = _clean(scene)
        if spec.image_type is ImageType.PORTRAIT:
            people = " and ".join(_look(description) for description in descriptions)
            said = [f"portrait of {people}", scene]
        else:
            said = [scene, *(_look(description) for description in descriptions)]
        return CompiledPrompt(
            prompt=". ".join([_clean(spec.style.prompt_template), *filter(None, said)]),
            negative_prompt=_join_once(spec.style.negative_prompt, _NEGATIVE),
        )


def _look(description: Description) -> str:
    """Returns a character in one clause: `Mia, a brave 7-year-old girl with long red hair, ...`."""
    noun = _noun(description)
    kind = " ".join(_clean(word) for word in (", ".join(description.traits), noun) if word)
    article = "an" if kind.startswith(_AN) else "a"
    looks = [
        _of("hair", description.hair),
        _of("eyes", description.eyes),
        _of(_cover(description), description.skin),
        *map(_clean, description.features),
    ]
    look = f"{_clean(description.name)}, {article} {kind}"
    if any(looks):
        look += f" with {', '.join(filter(None, looks))}"
    if description.clothing:
        look += f", wearing {_clean(description.clothing)}"
    return look


def _noun(description: Description) -> str:
    age, species = description.age, _clean(description.species)
    years = "" if age is None else f"{age}-year-old "
    if species and species.lower() not in {"human", "person"}:
        gender = "" if description.gender is Gender.UNSPECIFIED else f"{description.gender} "
        return f"{years}{gender}{species}"
    return f"{years}{_person(description)}"


def _person(description: Description) -> str:
    gender = description.gender
    if description.age is None:
        return "character" if gender is Gender.UNSPECIFIED else f"{gender} character"
    return (_CHILDREN if description.age < _ADULT else _ADULTS)[gender]


def _cover(description: Description) -> str:
    return "skin" if _clean(description.species).lower() in {"", "human", "person"} else "fur"


def _of(noun: str, words: str) -> str:
    """Adds the noun to its adjectives if they lack it: `red` becomes `red hair`."""
    words = _clean(words)
    return words if not words or noun in words.lower() else f"{words} {noun}"


def _join_once(*lists: str) -> str:
    words = (_clean(word) for words in lists for word in words.split(","))
    return ", ".join(dict.fromkeys(filter(None, words)))


def _clean(text: str) -> str:
    return " ".join(text.split()).strip(" .,;")
