"""Tables of words: the words of a grammar, by the free words that mean them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Match:
    """A phrase found in a text: its meaning, and the positions of its words."""

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
        """Yields the phrases found in the words from left to right, the longest at each place.

        A plural means what its singular does, unless it has its own meaning.
        """
        start = 0
        while start < len(words):
            match = self._at(words, start)
            if match is not None:
                yield match
            start = match.end if match is not None else start + 1

    def _at(self, words: Sequence[str], start: int) -> Match | None:
        for end in range(min(start + self.longest, len(words)), start, -1):
            phrase = tuple(words[start:end])
            for form in (phrase, *_singulars(phrase)):
                if (meaning := self.phrases.get(form)) is not None:
                    return Match(meaning, start, end)
        return None


def table(meanings: Mapping[str, tuple[str, ...]]) -> Table:
    """Builds a table from the grammar's words, each with the free words that mean it as well.

    Raises ValueError for a phrase with two meanings.
    """
    phrases: dict[tuple[str, ...], str] = {}
    for meaning, others in meanings.items():
        for phrase in (meaning, *others):
            words = tuple(phrase.lower().replace("-", " ").split())
            known = phrases.setdefault(words, str(meaning))
            if known != meaning:
                raise ValueError(f"{phrase!r}: means {known!r} and {str(meaning)!r}; keep one")
    return Table(tuple(map(str, meanings)), phrases, max(len(phrase) for phrase in phrases))


def union(*tables: Table) -> Table:
    """Returns a table of all phrases of the tables; the first table's meaning of one counts."""
    phrases = {phrase: each for table in reversed(tables) for phrase, each in table.phrases.items()}
    meanings = tuple(meaning for table in tables for meaning in table.meanings)
    return Table(meanings, phrases, max(table.longest for table in tables))


def _singulars(phrase: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """Yields a phrase with each possible singular of its last word."""
    *first, last = phrase
    if not last.endswith("s") or last.endswith(("ss", "us")) or len(last) <= 3:
        return
    yield (*first, last[:-1])
    if last.endswith("ies"):
        yield (*first, last[:-3] + "y")
    if last.endswith(("ches", "shes", "xes", "sses")):
        yield (*first, last[:-2])
