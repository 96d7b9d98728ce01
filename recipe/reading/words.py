"""The table of words: which places each tells, by people's judgement and by what pages say.

`words.txt` has a word or an expression a line: on how many of ten pages where it comes up the scene
is in each kind of place. The pages that are learned from correct that, the more so the more often
the word comes up.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from actors.extractors.learned.kinds import kind_of, place_kinds
from actors.extractors.learned.words import Floats, PlaceWords, Telling
from actors.extractors.rules.evidence import Clue, Part

WORDS = Path(__file__).parent / "words.txt"
_MOST = 0.95
"""What a word tells of its kinds at most: it may come up anywhere."""
_OF_NAME = 0.8
"""What the name of a kind tells of it."""
_JUDGED = 15.0
"""As how many pages people's judgement of a word counts."""
_OFTEN = 4
"""How often a word that nobody judged comes up at least to be learned."""
_LEAST_SHARE = 0.004
_FAR = (Part.AFAR, Part.LIKENESS, Part.ELSEWHERE)


@dataclass(slots=True)
class Seen:
    """On how many pages a word came up, and of which kinds their places were."""

    pages: float
    kinds: Counter[int]


Labelled = tuple[Iterable[Clue], Sequence[int]]
"""The clues of a page, and the kinds of its place."""


class WordCounts:
    """People's judgement of words, and how often each came up in each kind of place."""

    def __init__(self, stories: Sequence[Sequence[Labelled]], pages: Floats) -> None:
        self._judged = dict(judged_words())
        self._pages = pages
        self._of_story = [self._count(story) for story in stories]
        self._all: dict[str, Seen] = {}
        for counts in self._of_story:
            for word, seen in counts.items():
                into = self._all.setdefault(word, Seen(0, Counter()))
                into.pages += seen.pages
                into.kinds.update(seen.kinds)

    def table(self, without: int | None = None) -> PlaceWords:
        """Returns the table; `without` what one story tells, so that it is not read by itself."""
        own = {} if without is None else self._of_story[without]
        if without is not None:
            return PlaceWords(
                {word: self._telling(word, own.get(word)) for word in own}, self._pages
            )
        return PlaceWords(dict(self.tellings()), self._pages)

    def tellings(self) -> Iterator[tuple[str, Telling]]:
        """Yields the words of the table."""
        often = {word for word, seen in self._all.items() if seen.pages >= _OFTEN}
        for word in sorted({*self._judged, *often}):
            yield word, self._telling(word, None)

    def _count(self, story: Sequence[Labelled]) -> dict[str, Seen]:
        found: dict[str, Seen] = defaultdict(lambda: Seen(0, Counter()))
        for clues, kinds in story:
            near = {one.lemma for one in clues if one.part not in _FAR and self._counts(one)}
            for word in near if kinds else ():
                found[word].pages += 1
                found[word].kinds.update({kind: 1 / len(kinds) for kind in kinds})
        return dict(found)

    def _counts(self, clue: Clue) -> bool:
        return not clue.joins or clue.lemma in self._judged

    def _telling(self, word: str, without: Seen | None) -> Telling:
        judged = self._judged.get(word)
        shares = np.zeros(len(self._pages), np.float32) if judged is None else judged.copy()
        seen = self._all.get(word, Seen(0, Counter()))
        count = seen.pages
        shares *= _JUDGED
        for kind, pages in seen.kinds.items():
            shares[kind] += pages
        if without is not None:
            count -= without.pages
            for kind, pages in without.kinds.items():
                shares[kind] -= pages
        shares /= _JUDGED + count
        shares[shares < _LEAST_SHARE] = 0
        kinds = np.flatnonzero(shares)
        return Telling(kinds.astype(np.uint8), shares[kinds].astype(np.float32))


def judged_words(path: Path = WORDS) -> Iterator[tuple[str, Floats]]:
    """Yields each word of the list with how likely it makes each kind, names of kinds first."""
    at = {kind.name: number for number, kind in enumerate(place_kinds())}
    for number, kind in enumerate(place_kinds()):
        for name in kind.names:
            yield name, _row({number: _OF_NAME})
    for line in path.read_text(encoding="utf-8").splitlines():
        word, _, said = line.partition(": ")
        told = (one.rsplit(" ", 1) for one in said.split(", "))
        yield word, _row({at[kind]: int(tenths) / 10 for kind, tenths in told})


def _row(shares: Mapping[int, float]) -> Floats:
    row = np.zeros(len(place_kinds()), np.float32)
    for kind, share in shares.items():
        row[kind] = share
    return row * min(1.0, _MOST / float(row.sum()))


def kinds_of(places: Iterable[str]) -> list[int]:
    """Returns the kinds of a page's places."""
    return [kind for kind in map(kind_of, places) if kind is not None]


def likeness_of_kinds() -> Floats:
    """Returns how alike kinds are by the words that tell them (cosine; 0 of a kind to itself)."""
    rows = np.stack([row for _, row in judged_words()])
    alike = rows.T @ rows
    lengths = np.sqrt(np.diag(alike)) + 1e-6
    alike = alike / lengths[:, None] / lengths[None]
    np.fill_diagonal(alike, 0)
    return np.asarray(alike, np.float32)
