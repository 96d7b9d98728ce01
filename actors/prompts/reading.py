"""Free text read word by word, with a record of the words that were understood."""

import re
from collections import Counter
from collections.abc import Collection, Iterable

from actors.storybook.table import Match, Table

_WORD = re.compile(r"[^\W_]+(?:['\u2019][^\W_]+)*|[,;.!?]")
_BREAKS = frozenset({",", ";", ".", "!", "?", "and", "with", "&"})

_PLACING = frozenset(
    {
        "in",
        "into",
        "inside",
        "at",
        "on",
        "onto",
        "through",
        "across",
        "by",
        "under",
        "among",
        "near",
    }
)

_SILENT = """
a about above across after again all along already also always am an and any are around
as at away back be because been before began behind being below beside between both but
by came can color colored colour coloured come comes could did do does done down dressed
each else even ever every eye eyed eyes face few for from fur get gets give gives go
goes going gone got had hair haired has have having he her here hers herself him himself
his how i if illustration in into is it its itself just know let like look looking looks
made make makes many matching may me more most much must my near never next no not now
of off old on once one only onto or other our out over own pair picture portrait put
quite rather really said same saw say says scene see seen sees she should skin so some
soon still such take takes than that the their them themselves then there these they
thing things this those though three through till to together too took toward towards
two under until up upon us very was way we wearing wears went were what when where
which while who whole whose why will with without wore would year years yet you young
your
"""

SILENT = frozenset(_SILENT.split())
"""Words without a visible meaning, which never count as unknown."""


class Reading:
    """A text being read: words that a table takes are marked as understood."""

    def __init__(self, text: str, *, ignore: Collection[str] = ()) -> None:
        self.text = text
        self.words = words_of(text)
        ignored = {word for name in ignore for word in words_of(name)}
        self._read = [word in SILENT or word in ignored or len(word) == 1 for word in self.words]

    def take(self, table: Table) -> Match | None:
        """Takes the most frequent meaning of a table, or the first one among equals.

        `into the forest` counts for more than `their house`: it says where something happens.
        """
        matches = self.find(table)
        if not matches:
            return None
        said: Counter[str] = Counter()
        for match in matches:
            said[match.meaning] += 3 if self._placed(match) else 2
        best = max(matches, key=lambda match: (said[match.meaning], -match.start))
        self.mark(match for match in matches if match.meaning == best.meaning)
        return best

    def take_first(self, table: Table) -> Match | None:
        """Takes the first phrase of a table, and leaves the others unread."""
        first = next(iter(self.find(table)), None)
        if first is not None:
            self.mark([first])
        return first

    def take_each(self, table: Table) -> tuple[Match, ...]:
        """Takes every phrase of a table, from left to right."""
        matches = tuple(self.find(table))
        self.mark(matches)
        return matches

    def take_all(self, table: Table) -> tuple[str, ...]:
        """Takes every meaning of a table in the text, in the table's order."""
        said = {match.meaning for match in self.take_each(table)}
        return tuple(meaning for meaning in table.meanings if meaning in said)

    def take_before(self, table: Table, end: int) -> Match | None:
        """Takes the last phrase before a position, with no comma or `and` between."""
        start = end
        while start > 0 and self.words[start - 1] not in _BREAKS:
            start -= 1
        matches = [match for match in self.find(table) if start <= match.start < end]
        if not matches:
            return None
        self.mark(matches[-1:])
        return matches[-1]

    def take_after(self, table: Table, words: Collection[str]) -> tuple[Match, ...]:
        """Takes the phrases of a table that directly follow one of the words."""
        matches = tuple(
            match
            for match in self.find(table)
            if match.start > 0 and self.words[match.start - 1] in words
        )
        self.mark(matches)
        return matches

    def take_meaning(self, table: Table, meaning: str) -> bool:
        """Takes the phrases of a table that have one meaning; returns whether there are any."""
        matches = [match for match in self.find(table) if match.meaning == meaning]
        self.mark(matches)
        return bool(matches)

    def forget(self, table: Table) -> None:
        """Marks the phrases of a table as not understood after all."""
        for match in table.matches(self.words):
            for i in _range(match):
                self._read[i] = self.words[i] in SILENT

    def said(self, match: Match) -> str:
        """Returns the words of a match in the text."""
        return " ".join(self.words[match.start : match.end])

    def unknown(self) -> tuple[str, ...]:
        """Returns the words that no table has taken, each once."""
        pairs = zip(self.words, self._read, strict=True)
        return tuple(dict.fromkeys(word for word, read in pairs if not read))

    def find(self, table: Table) -> list[Match]:
        """Returns the phrases of a table without words that another table has taken."""
        return [
            match
            for match in table.matches(self.words)
            if not any(self._read[i] and self.words[i] not in SILENT for i in _range(match))
        ]

    def mark(self, matches: Iterable[Match]) -> None:
        """Marks phrases as understood."""
        for match in matches:
            for i in _range(match):
                self._read[i] = True

    def _placed(self, match: Match) -> bool:
        return not _PLACING.isdisjoint(self.words[max(match.start - 3, 0) : match.start])


def words_of(text: str) -> list[str]:
    """Returns the words and the marks of a text, in lower case; `the wolf's` is `the wolf`."""
    return [re.sub("['\u2019]s$", "", word.lower()) for word in spelled_words(text)]


def spelled_words(text: str) -> list[str]:
    """Returns the words and the marks of a text as it spells them."""
    return _WORD.findall(text.replace("-", " ").replace("_", " "))


def _range(match: Match) -> range:
    return range(match.start, match.end)
