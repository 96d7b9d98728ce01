"""Tables of words: the words of a grammar, by the free words that stand for them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

Phrase = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Match:
    """A phrase found in a text: its meaning, and the positions of its words.

    A `bent` phrase means something else than the grammar's word that stands for it.
    """

    meaning: str
    start: int
    end: int
    bent: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """Maps phrases, as tuples of lower-case words, to the words of a grammar.

    The `bent` ones mean something else, for which the grammar's word is the nearest.
    """

    meanings: tuple[str, ...]
    phrases: Mapping[Phrase, str]
    bent: frozenset[Phrase]
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
                    return Match(meaning, start, end, form in self.bent)
        return None


def table(
    meanings: Mapping[str, tuple[str, ...]], bent: Mapping[str, tuple[str, ...]] | None = None
) -> Table:
    """Builds a table from the grammar's words, each with the free words that mean it as well.

    `bent` are the free words for which a grammar's word only stands. Raises ValueError for a
    phrase with two meanings.
    """
    phrases: dict[Phrase, str] = {}
    other: set[Phrase] = set()
    for meaning, same in meanings.items():
        for phrase in (meaning, *same):
            _add(phrases, phrase, meaning)
    for meaning, near in (bent or {}).items():
        for phrase in near:
            other.add(_add(phrases, phrase, meaning))
    longest = max(len(phrase) for phrase in phrases)
    return Table(tuple(map(str, meanings)), phrases, frozenset(other), longest)


def union(*tables: Table) -> Table:
    """Returns a table of all phrases of the tables; the first table's meaning of one counts."""
    phrases: dict[Phrase, str] = {}
    bent: set[Phrase] = set()
    for each in tables:
        bent |= {phrase for phrase in each.bent if phrase not in phrases}
        phrases = {**each.phrases, **phrases}
    meanings = tuple(meaning for table in tables for meaning in table.meanings)
    return Table(meanings, phrases, frozenset(bent), max(table.longest for table in tables))


def _add(phrases: dict[Phrase, str], phrase: str, meaning: str) -> Phrase:
    words = tuple(phrase.lower().replace("-", " ").split())
    known = phrases.setdefault(words, str(meaning))
    if known != meaning:
        raise ValueError(f"{phrase!r}: means {known!r} and {str(meaning)!r}; keep one")
    return words


def _singulars(phrase: Phrase) -> Iterator[Phrase]:
    """Yields a phrase with each possible singular of its last word."""
    *first, last = phrase
    if not last.endswith("s") or last.endswith(("ss", "us")) or len(last) <= 3:
        return
    yield (*first, last[:-1])
    if last.endswith("ies"):
        yield (*first, last[:-3] + "y")
    if last.endswith(("ches", "shes", "xes", "sses")):
        yield (*first, last[:-2])
