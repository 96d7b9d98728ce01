"""Whom the words of a text name: the characters of a cast, by name, by noun, by pronoun."""

import re
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from actors.prompts.reading import SILENT, Reading, spelled_words, words_of
from actors.storybook.table import Match
from server.domain.characters import Description, Gender

STOPS = frozenset({".", "!", "?", ";"})
JOINS = frozenset({",", "and", "while", "but"})
MARKS = frozenset({":", "(", ")"})
"""The marks that a reading leaves out, but that show where a phrase ends."""
_MARK = re.compile("([:()])")
_DETERMINERS = frozenset({"the", "a", "an"})
_PRONOUNS = {
    "she": Gender.FEMALE,
    "he": Gender.MALE,
    "her": Gender.FEMALE,
    "his": Gender.MALE,
    "its": Gender.UNSPECIFIED,
}
OWNERS = frozenset({"her", "his", "its"})
_SUBJECTS = frozenset({"she", "he"})
_PEOPLE = frozenset({"human", "person"})
_CHILDREN = {Gender.FEMALE: ("girl",), Gender.MALE: ("boy",), Gender.UNSPECIFIED: ("child",)}
_ADULTS = {Gender.FEMALE: ("woman",), Gender.MALE: ("man",), Gender.UNSPECIFIED: ("person",)}
_ADULT = 18


@dataclass(frozen=True, slots=True)
class _Name:
    """The words that a character alone is called by.

    `proper` words are silent ones, such as `Will` and `May`: they name somebody only where
    the text writes them with a capital.
    """

    words: frozenset[str]
    proper: frozenset[str]

    def named(self, word: str, spelled: str) -> bool:
        return word in self.words or (word in self.proper and spelled[:1].isupper())


class NamedText:
    """A reading's words and marks, each with the character of a cast that it names."""

    def __init__(self, reading: Reading, cast: Sequence[Description]) -> None:
        self._reading = reading
        self._cast = cast
        self.words: list[str] = []
        self.who: list[int | None] = []
        self._owns: list[bool] = []
        self._places = [0]
        names = _names(cast)
        for part in _MARK.split(reading.text):
            if part in MARKS:
                self._add(part, None, owns=False, place=self._places[-1])
                continue
            for word, spelled in zip(words_of(part), spelled_words(part), strict=True):
                one = next(
                    (one for one, name in enumerate(names) if name.named(word, spelled)), None
                )
                self._add(word, one, owns=len(spelled) > len(word), place=self._places[-1] + 1)

    def _add(self, word: str, one: int | None, *, owns: bool, place: int) -> None:
        self.words.append(word)
        self.who.append(one)
        self._owns.append(owns)
        self._places.append(place)

    def word(self, at: int) -> str:
        """Returns the word at a position, or nothing outside the text."""
        return self.words[at] if 0 <= at < len(self.words) else ""

    def named(self, at: int) -> int | None:
        """Returns the character that the word at a position names."""
        return self.who[at] if 0 <= at < len(self.who) else None

    def owns(self, at: int) -> bool:
        """Returns whether the word at a position ends in `'s`."""
        return 0 <= at < len(self._owns) and self._owns[at]

    def mark(self, start: int, end: int) -> None:
        """Marks a phrase as understood in the reading."""
        self._reading.mark([Match("", self._places[start], self._places[end])])

    def mentioned(self, one: int) -> int | None:
        """Returns the position of a character's first mention by a name or a noun."""
        return self.who.index(one) if one in self.who else None

    def last_named(self, end: int, among: Collection[int]) -> int | None:
        """Returns the character of some that is named last before a position."""
        return next((one for one in reversed(self.who[:end]) if one in among), None)

    def subject(self, at: int) -> int | None:
        """Returns the character that a word names, or means: `she` and `he`."""
        return self.meant(at, ()) if self.word(at) in _SUBJECTS else self.named(at)

    def meant(self, at: int, placed: Collection[int]) -> int | None:
        """Returns the character that a pronoun means.

        It is the only one of the pronoun's gender in the cast, else the one named last of
        those that may have it and are not `placed`; `its` means an animal.
        """
        gender = _PRONOUNS[self.word(at)]
        if gender is Gender.UNSPECIFIED:
            able = [one for one in self._others(placed) if _species(self._cast[one])]
            return self.last_named(at, able)
        same = [one for one, each in enumerate(self._cast) if each.gender is gender]
        if len(same) == 1:
            return same[0]
        either = {gender, Gender.UNSPECIFIED}
        able = [one for one in self._others(placed) if self._cast[one].gender in either]
        return self.last_named(at, able)

    def _others(self, placed: Collection[int]) -> list[int]:
        return [one for one in range(len(self._cast)) if one not in placed]


def _names(cast: Sequence[Description]) -> list[_Name]:
    """Returns the names of a cast without the words that several characters share.

    Silent words count only for a name that has no others.
    """
    said = [{word for word in words_of(one.name) if word[0].isalnum()} for one in cast]
    called = [
        {*(words - SILENT - JOINS), *_nouns(one)} for words, one in zip(said, cast, strict=True)
    ]
    proper = [set() if words - SILENT - JOINS else words - _DETERMINERS for words in said]
    often = Counter(word for words in (*called, *proper) for word in words)
    return [
        _Name(
            frozenset(word for word in words if often[word] == 1),
            frozenset(word for word in silent if often[word] == 1),
        )
        for words, silent in zip(called, proper, strict=True)
    ]


def _nouns(one: Description) -> Sequence[str]:
    species = _species(one)
    if species:
        return species
    if one.age is None:
        return (*_CHILDREN[one.gender], *_ADULTS[one.gender])
    return (_CHILDREN if one.age < _ADULT else _ADULTS)[one.gender]


def _species(one: Description) -> list[str]:
    """Returns the words of a species; none for a person."""
    species = words_of(one.species)
    return [] if species and species[-1] in _PEOPLE else species
