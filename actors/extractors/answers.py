"""The answers of chat models: a scene as JSON, held against the text that it was read from.

A model may only say what the text says: a character who is not of the cast, and words that the
text does not have, are left out.
"""

import json
import unicodedata
from collections.abc import Mapping
from enum import StrEnum
from typing import Any, TypeVar

from actors.extractors.bounds import MOST_ITEMS, MOST_LETTERS
from actors.extractors.pages import Page
from actors.extractors.said import Said
from imggen.rules.graphemes import first
from server.domain.ids import CharacterId
from server.domain.scenes import DayTime, Figure, Mood, Scene, Season, Weather

E = TypeVar("E", bound=StrEnum)

_WORDS = {"type": "array", "items": {"type": "string"}}
_NO_TEXT = frozenset({"Cc", "Cs", "Co", "Cn"})
"""The categories of characters that are no text, or that no database takes."""


def _one_of(values: type[StrEnum]) -> dict[str, Any]:
    return {"type": "string", "enum": ["", *values]}


def _object(fields: Mapping[str, Any]) -> dict[str, Any]:
    # Strict schemas need every field, and refuse all others.
    return {
        "type": "object",
        "properties": dict(fields),
        "required": list(fields),
        "additionalProperties": False,
    }


SCHEMA = _object(
    {
        "figures": {
            "type": "array",
            "items": _object(
                {
                    "name": {"type": "string"},
                    "doing": _WORDS,
                    "mood": _one_of(Mood),
                    "holding": _WORDS,
                    "wearing": _WORDS,
                    "without": _WORDS,
                }
            ),
        },
        "away": _WORDS,
        "extras": _WORDS,
        "place": {"type": "string"},
        "time": _one_of(DayTime),
        "season": _one_of(Season),
        "weather": {"type": "array", "items": {"type": "string", "enum": list(Weather)}},
        "props": _WORDS,
        "colours": _WORDS,
        "absent": _WORDS,
    }
)
"""The JSON schema of an answer."""


def read_answer(content: str, page: Page) -> Scene:
    """Returns the scene of an answer, without what the page's text does not say.

    Raises ValueError for an answer of another form.
    """
    try:
        answer = json.loads(content)
        return _Answer(page).scene(answer)
    except (KeyError, TypeError, RecursionError) as error:
        raise ValueError(f"the answer is no scene: {error!r}") from error


class _Answer:
    def __init__(self, page: Page) -> None:
        names = [one.description.name for one in page.cast]
        self._characters = {
            _plain(name): CharacterId(one.id) for name, one in zip(names, page.cast, strict=True)
        }
        self._here = Said([page.text], names)
        self._told = Said([*page.before, page.text], names) if page.before else self._here
        self._text = page.text

    def scene(self, answer: Mapping[str, Any]) -> Scene:
        figures = [self._figure(one) for one in _list(answer["figures"])]
        there = {one.character: one for one in figures if one is not None}
        away = [self._called(name) for name in _list(answer["away"])]
        place = _clean(answer["place"])
        return Scene(
            figures=tuple(there.values()),
            away=tuple(dict.fromkeys(one for one in away if one and one not in there)),
            extras=self._said(answer["extras"]),
            place=place if self._told.has(place) else "",
            time=_member(DayTime, answer["time"]),
            season=_member(Season, answer["season"]),
            weather=_members(Weather, answer["weather"]),
            props=self._said(answer["props"]),
            colours=self._said(answer["colours"]),
            absent=self._said(answer["absent"]),
            told=" ".join(self._text.split()),
        )

    def _figure(self, data: Mapping[str, Any]) -> Figure | None:
        character = self._called(data["name"])
        if character is None:
            return None
        return Figure(
            character=character,
            doing=self._said(data["doing"]),
            mood=_member(Mood, data["mood"]),
            holding=self._said(data["holding"]),
            wearing=self._said(data["wearing"]),
            without=self._said(data["without"]),
        )

    def _called(self, name: object) -> CharacterId | None:
        """Returns the character of a name, None for one that is not of the cast."""
        return self._characters.get(_plain(name))

    def _said(self, phrases: object) -> tuple[str, ...]:
        """Returns the phrases that the page says, as many as a scene keeps."""
        kept = dict.fromkeys(_clean(one) for one in _list(phrases)[: 2 * MOST_ITEMS])
        return tuple(one for one in kept if self._here.has(one))[:MOST_ITEMS]


def _list(value: object) -> list[Any]:
    if not isinstance(value, list):
        raise TypeError("no list where one must be")
    return value


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("no text where one must be")
    return value


def _plain(name: object) -> str:
    """Returns a name as it is compared."""
    return " ".join(unicodedata.normalize("NFKC", _text(name)).casefold().split())


def _clean(phrase: object) -> str:
    """Returns a phrase in lower case, without characters that are no text."""
    known = (one for one in _text(phrase).lower() if unicodedata.category(one) not in _NO_TEXT)
    return " ".join(first("".join(known), MOST_LETTERS).split())


def _member(values: type[E], value: object) -> E | None:
    """Returns the member of a value; None for an empty one, or one that is not known."""
    found = _text(value).casefold()
    return values(found) if found in set(values) else None


def _members(values: type[E], value: object) -> tuple[E, ...]:
    found = (_member(values, one) for one in _list(value))
    return tuple(dict.fromkeys(one for one in found if one is not None))
