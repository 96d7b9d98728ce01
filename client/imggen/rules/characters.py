"""What a character may hold."""

from collections.abc import Sequence

from imggen.fields import short_names
from imggen.rules.checks import SHORT_TEXT, Checks
from imggen.rules.filters import wanted
from imggen.v1 import errors_pb2 as reasons
from imggen.v1.character_pb2 import Character, Gender

SETTABLE = (
    *("name", "age", "gender", "species", "hair", "eyes", "skin", "clothing"),
    *("features", "traits"),
)
"""The fields that callers can set."""

MAX_LIST = 16
OLDEST = 150

_LISTS = ("features", "traits")
_GENDERS = short_names(Gender)


def read_character(checks: Checks, given: Character, names: Sequence[str]) -> Character:
    """Returns the named fields of a character, cleaned; those with a violation are left out."""
    read = Character()
    for name in names:
        path = f"character.{name}"
        if name == "age":
            _read_age(checks, path, given, read)
        elif name == "gender":
            wanted(checks, path, given.gender, _GENDERS)
            read.gender = given.gender
        elif name in _LISTS:
            getattr(read, name).extend(_texts(checks, path, getattr(given, name)))
        else:
            text = checks.line(path, getattr(given, name), SHORT_TEXT, required=name == "name")
            setattr(read, name, text or "")
    return read


def _read_age(checks: Checks, path: str, given: Character, read: Character) -> None:
    if given.HasField("age"):
        allowed = range(OLDEST + 1)
        checks.within(path, given.age, allowed, reasons.ERROR_REASON_FIELD_OUT_OF_RANGE)
        read.age = given.age


def _texts(checks: Checks, path: str, values: Sequence[str]) -> list[str]:
    """Cleans a list of texts; those with a violation are left out."""
    checks.at_most(path, len(values), MAX_LIST, "entries")
    read = [
        checks.line(f"{path}[{index}]", value, SHORT_TEXT, required=True)
        for index, value in enumerate(values[:MAX_LIST])
    ]
    return [text for text in read if text is not None]
