"""The words for content in plain English, which every dialect of sentences shares."""

from actors.prompts.wearing import dressed
from server.domain.characters import Description, Gender
from server.domain.scenes import Figure

_AN = ("a", "e", "i", "o", "u", "8", "11-", "18-")
_ADULT = 18
_CHILDREN = {Gender.FEMALE: "girl", Gender.MALE: "boy", Gender.UNSPECIFIED: "child"}
_ADULTS = {Gender.FEMALE: "woman", Gender.MALE: "man", Gender.UNSPECIFIED: "person"}


def look(description: Description, figure: Figure | None = None) -> str:
    """Returns a character in one clause: `Mia, a brave 7-year-old girl with long red hair, ...`.

    A figure has the description's clothes as its page changes them.
    """
    if figure is not None:
        description = dressed(description, figure)
    noun = _noun(description)
    kind = " ".join(clean(word) for word in (", ".join(description.traits), noun) if word)
    article = "an" if kind.startswith(_AN) else "a"
    looks = [
        _of("hair", description.hair),
        _of("eyes", description.eyes),
        _of(_cover(description), description.skin),
        *map(clean, description.features),
    ]
    said = f"{clean(description.name)}, {article} {kind}"
    if any(looks):
        said += f" with {', '.join(filter(None, looks))}"
    if description.clothing:
        said += f", wearing {clean(description.clothing)}"
    return said


def join_once(*lists: str) -> str:
    """Joins lists of words that commas separate; each word comes once."""
    words = (clean(word) for words in lists for word in words.split(","))
    return ", ".join(dict.fromkeys(filter(None, words)))


def clean(text: str) -> str:
    """Returns a text in one line, without the marks around it."""
    return " ".join(text.split()).strip(" .,;")


def _noun(description: Description) -> str:
    age, species = description.age, clean(description.species)
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
    return "skin" if clean(description.species).lower() in {"", "human", "person"} else "fur"


def _of(noun: str, words: str) -> str:
    """Adds the noun to its adjectives if they lack it: `red` becomes `red hair`."""
    words = clean(words)
    return words if not words or noun in words.lower() else f"{words} {noun}"
