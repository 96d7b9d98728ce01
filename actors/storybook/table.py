"""A table of words: what a grammar says, by the free words that mean it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Match:
    """Is a phrase found in a text: its meaning, and the positions of its words."""

    meaning: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Table:
    """Maps phrases, as tuples of lower-case words, to the words of a grammar."""

    meanings: tuple[str, ...]
    phrases: Mapping[tuple[str, ...], str]
    longest: int

    def matches(self, words: Sequence[str]) -> Iterator[Match]:
        """Yields the phrases found in the words from left to right, the longest at each place."""
        start = 0
        while start < len(words):
            match = self._at(words, start)
            if match is not None:
                yield match
            start = match.end if match is not None else start + 1

    def _at(self, words: Sequence[str], start: int) -> Match | None:
        for end in range(min(start + self.longest, len(words)), start, -1):
            meaning = self.phrases.get(tuple(words[start:end]))
            if meaning is not None:
                return Match(meaning, start, end)
        return None


def table(meanings: Mapping[str, tuple[str, ...]]) -> Table:
    """Builds a table from the grammar's words, each with the free words that mean it as well."""
    phrases = {
        tuple(phrase.split()): meaning
        for meaning, others in meanings.items()
        for phrase in (meaning, *others)
    }
    return Table(tuple(meanings), phrases, max(len(phrase) for phrase in phrases))
