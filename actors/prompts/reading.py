"""Free text read word by word, with a record of the words that were understood."""

import re
from collections import Counter
from collections.abc import Collection, Iterable

from actors.storybook.table import Match, Table
from actors.storybook.vocabulary.looks import SHADES, VAGUE, VIVID
from imggen.rules.unicode import EXTEND

_LETTER = rf"[^\W_][{EXTEND}]*"  # with its marks and joiners
_WORD = re.compile(rf"(?:{_LETTER})+(?:['\u2019](?:{_LETTER})+)*|[,;.!?]")
_ARTICLES = frozenset({"a", "an", "the", "her", "his", "its", "their", "some"})
_MARKS = frozenset({",", ";", ".", "!", "?"})
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
        self._spans = [match.span() for match in _WORD.finditer(_joined(text))]
        ignored = {word for name in ignore for word in words_of(name)}
        self._read = [word in SILENT or word in ignored or len(word) == 1 for word in self.words]
        self.taken = False
        """Whether a table has taken any of the words."""

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

    def take_colour(self, table: Table) -> Match | None:
        """Takes the first colour of a table, with the words that change it: `dark red`.

        Of colours side by side the last one counts: `golden brown`.
        """
        found = self.find(table)
        if not found:
            return None
        first = last = found[0]
        for match in found[1:]:
            if match.start == last.end:
                last = match
        start = first.start
        while start > 0 and self.words[start - 1] in SHADES:
            start -= 1
        changed = first is not last or any(
            word not in VIVID for word in self.words[start : first.start]
        )
        colour = Match(last.meaning, start, last.end, changed or last.bent)
        self.mark([colour])
        return colour

    def take_whole(self) -> str:
        """Takes all words, and returns them as a phrase."""
        self.mark([Match("", 0, len(self.words))])
        return self.phrase()

    def said(self, match: Match) -> str:
        """Returns the words of a match as the text has them."""
        return self.phrase(match.start, match.end)

    def left(self) -> tuple[str, ...]:
        """Returns the words side by side that nothing has taken, as phrases.

        A text of which nothing was taken is one phrase.
        """
        if not self.taken and not VAGUE.issuperset(self._unread()):
            return (self.phrase(),)
        runs: list[list[int]] = [[]]
        for at, (word, read) in enumerate(zip(self.words, self._read, strict=True)):
            if read or not word[0].isalnum():
                runs.append([])
            else:
                runs[-1].append(at)
        said = (run for run in runs if not VAGUE.issuperset(self.words[at] for at in run))
        return tuple(dict.fromkeys(self.phrase(run[0], run[-1] + 1) for run in said))

    def phrase(self, start: int = 0, end: int | None = None) -> str:
        """Returns the words from one place to another as the text has them, without an article."""
        places = list(range(start, len(self.words) if end is None else end))
        while places and not self.words[places[-1]][0].isalnum():
            places.pop()
        while places and (self.words[places[0]] in _ARTICLES or self.words[places[0]] in _MARKS):
            places.pop(0)
        if not places:
            return ""
        return " ".join(self.text[self._spans[places[0]][0] : self._spans[places[-1]][1]].split())

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
            self.taken = True
            for i in _range(match):
                self._read[i] = True

    def _unread(self) -> list[str]:
        return [word for word, read in zip(self.words, self._read, strict=True) if not read]

    def _placed(self, match: Match) -> bool:
        return not _PLACING.isdisjoint(self.words[max(match.start - 3, 0) : match.start])


def words_of(text: str) -> list[str]:
    """Returns the words and the marks of a text, in lower case; `the wolf's` is `the wolf`."""
    return [re.sub("['\u2019]s$", "", word.lower()) for word in spelled_words(text)]


def spelled_words(text: str) -> list[str]:
    """Returns the words and the marks of a text as it spells them."""
    return _WORD.findall(_joined(text))


def _joined(text: str) -> str:
    """Returns a text of the same length, in which the parts of `dark-red` are words."""
    return text.replace("-", " ").replace("_", " ")


def _range(match: Match) -> range:
    return range(match.start, match.end)
