"""What words tell of places: how likely each kind is where a word comes up.

`weights/card.md` tells where the table comes from.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from actors.extractors.rules.evidence import Clue

Floats = npt.NDArray[np.float32]
_LEAST = 0.02
"""What is added to each share, so that no word rules a kind out."""


@dataclass(frozen=True, slots=True)
class Telling:
    """How often a word comes up in some kinds of places; the rest is spread as all pages are."""

    kinds: npt.NDArray[np.uint8]
    shares: Floats

    @property
    def told(self) -> float:
        """The share that the word gives to kinds of its own."""
        return float(self.shares.sum())


class PlaceWords:
    """The words and expressions that tell places, by their base form."""

    def __init__(self, tellings: Mapping[str, Telling], pages: Floats) -> None:
        self._tellings = tellings
        self.pages = pages
        """How often each kind is the place of a page."""
        self._votes = lru_cache(maxsize=20_000)(self._votes_of)

    @classmethod
    def of_arrays(cls, data: Mapping[str, npt.NDArray[np.generic]], pages: Floats) -> "PlaceWords":
        """Returns the table of a file: `words`, and of each the `kinds` from `starts` on."""
        words = data["words"].tobytes().decode().split("\n")
        starts = data["starts"].tolist()
        kinds = np.asarray(data["kinds"], np.uint8)
        shares = np.asarray(data["shares"], np.float32)
        spans = zip(starts, [*starts[1:], len(kinds)], strict=True)
        tellings = {
            word: Telling(kinds[begin:end], shares[begin:end])
            for word, (begin, end) in zip(words, spans, strict=True)
        }
        return cls(tellings, pages)

    def __contains__(self, word: str) -> bool:
        return word in self._tellings

    def told(self, word: str) -> float:
        """Returns how much a word tells of any place: 0 for an unknown one, up to 1."""
        telling = self._tellings.get(word)
        return telling.told if telling is not None else 0.0

    def votes(self, word: str) -> Floats:
        """Returns what a known word adds to each kind, in nats."""
        return self._votes(word)

    def known(self, clues: Iterable[Clue]) -> Iterator[tuple[str, Clue]]:
        """Yields the words that tell; an expression takes the place of the words in it."""
        every = list(clues)
        joined = [one for one in every if one.joins and one.lemma in self._tellings]
        covered = Counter(word for one in joined for word in one.joins)
        for one in joined:
            yield one.lemma, one
        for one in every:
            if one.joins:
                continue
            if covered[one.lemma] or covered[one.lower]:
                covered[one.lemma] -= 1
                continue
            word = next((each for each in (one.lemma, one.lower) if each in self._tellings), "")
            if word:
                yield word, one

    def _votes_of(self, word: str) -> Floats:
        telling = self._tellings[word]
        shares = self.pages * (1 - telling.told)
        shares[telling.kinds] += telling.shares
        return np.asarray(np.log((shares + _LEAST) / (self.pages + _LEAST)), np.float32)
