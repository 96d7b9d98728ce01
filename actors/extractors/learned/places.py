"""The learned reader of places: what all the words of a story together tell of where it happens.

Each word votes for kinds of places by how near it is in meaning to the words that tell them, the
more so the closer the nearest is. The place that rules have found has votes, too. What the pages
before told is kept as shares of belief, of which a page takes over most: a filter over a hidden
Markov chain. How much all that counts is learned (`recipe/reading/learning.py`).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
from safetensors.numpy import load_file

from actors.extractors.learned.kinds import kind_of, place_kinds
from actors.extractors.learned.table import WEIGHTS, WordTable
from actors.extractors.rules.evidence import Clue
from actors.extractors.rules.found import Found, Way

PARAMETERS = WEIGHTS / "places.safetensors"
_SURE = 0.45
"""How likely a place must be that the rules have not found: a wrong one is worse than none."""
_OVERRULES = 0.8
"""The same where the rules have found another."""
_FEW = 9
"""Fewer words than these are left to the rules: one or two things can be anywhere."""
_EXPLICIT = 2.0
"""What a place of a known kind must be worth to stand, whatever else the page that names it says.

What is of no kind is often only a part of the place: a rope, a hatch.
"""
_SETTLED = 8.0
"""What such a place adds to its kind, in nats: the pages after it begin there."""
_NAMED_WORTH = (1.2, 2.0, 2.6, 3.3)
_GIVEN_WORTH = (0.8, 1.1)

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Parameters:
    """What is learned; all in nats but `sharpness`, `steepness` and `near`.

    `parts` has a weight for each `Part` of a word; `named` and `free` what the rules' place counts
    by how it was found, where it is of a known kind and where it is of none. `prior` is how likely
    each kind is on a first page, and after all a place of no kind; `stay`, as a logit, how likely
    a page is where the one before it was. `shift` (dimensions of a word, kinds) is what is added to
    how near a word is to each kind.
    """

    sharpness: Floats
    steepness: Floats
    near: Floats
    doubt: Floats
    scale: Floats
    parts: Floats
    named: Floats
    free: Floats
    prior: Floats
    stay: Floats
    shift: Floats

    @classmethod
    def load(cls, path: Path) -> "Parameters":
        """Returns the parameters of a file."""
        return cls(**load_file(path))


def way_of(found: Found) -> int:
    """Returns which weight of `named` and `free` goes for a place that rules have found."""
    if found.way is Way.NAMED:
        return int(np.searchsorted(_NAMED_WORTH, found.worth, "right"))
    if found.way is Way.GIVEN:
        return 5 + int(np.searchsorted(_GIVEN_WORTH, found.worth, "right"))
    return 8 if found.way is Way.GATHERED else 9


class Likeness:
    """How near words are to those that tell each kind of place."""

    def __init__(self, table: WordTable) -> None:
        self._table = table
        told = [
            (at, vector)
            for at, kind in enumerate(place_kinds())
            for word in kind.words
            if (vector := table.vector(word)) is not None
        ]
        self._told = np.stack([vector for _, vector in told])
        self._starts = np.searchsorted([at for at, _ in told], np.arange(len(place_kinds())))

    def vector(self, lemma: str, lower: str) -> Floats | None:
        """Returns the vector of a word, or None for an unknown one."""
        return self._table.vector(lemma, lower)

    def near(self, vector: Floats) -> Floats:
        """Returns the nearness (-1 to 1) of a word to each kind of place."""
        return np.asarray(np.maximum.reduceat(self._told @ vector, self._starts), np.float32)


@dataclass(frozen=True, slots=True)
class Belief:
    """Where a page happens: a name, and how likely each kind of place is.

    The last of the `shares` goes to `other`, a place of no kind. `doubt` is why the name is unsure;
    empty where it is not.
    """

    name: str
    shares: Floats
    other: str = ""
    doubt: str = ""

    @property
    def share(self) -> float:
        """How likely the kind of the named place is, or a place of no kind for one of none."""
        kind = kind_of(self.name)
        return float(self.shares[-1 if kind is None else kind])


class PlaceReader:
    """Decides where a page happens, by its words and by what the rules have found."""

    def __init__(self, likeness: Likeness, parameters: Parameters) -> None:
        self._likeness = likeness
        self._by = parameters
        self._first = np.exp(parameters.prior - parameters.prior.max())
        self._first /= self._first.sum()
        self._votes = lru_cache(maxsize=20_000)(self._votes_of)

    @classmethod
    @cache
    def shipped(cls) -> "PlaceReader":
        """Returns the reader that ships, loaded once."""
        return cls(Likeness(WordTable.shipped()), Parameters.load(PARAMETERS))

    def decide(self, clues: Iterable[Clue], found: Found, before: Belief | None) -> Belief:
        """Returns where a page happens; `before` is the belief after the page before it."""
        votes = [
            (one, vote) for one in clues if (vote := self._votes(one.lemma, one.lower)) is not None
        ]
        told = bool(found.name) and found.way is not Way.KEPT
        known = kind_of(found.name) if told else None
        explicit = found.way is Way.NAMED and found.worth >= _EXPLICIT and known is not None
        stands = explicit or len(votes) < _FEW
        other = found.name if told and known is None else before.other if before else ""
        likely = self._expected(before, other)
        scores = np.log(likely + 1e-9)
        if len(votes) >= _FEW:
            scores[:-1] += self._sum(votes)
        if told:
            weights = self._by.free if known is None else self._by.named
            at = len(likely) - 1 if known is None else known
            scores[at] += _SETTLED if stands else weights[way_of(found)]
        shares = np.exp(scores - scores.max())
        shares = np.asarray(shares / shares.sum(), np.float32)
        name = found.name if stands else self._named(shares, found, before, other)
        return Belief(name, shares, other)

    def _named(self, shares: Floats, found: Found, before: Belief | None, other: str) -> str:
        """Returns the name of the likeliest place, or the rules' where that is not sure."""
        best = int(np.argmax(shares))
        told = found.name and found.way is not Way.KEPT
        if shares[best] < (_OVERRULES if told else _SURE):
            return found.name
        if best == len(shares) - 1:
            return other
        for one in (found.name, before.name if before else ""):
            if one and kind_of(one) == best:
                return one
        return place_kinds()[best].name

    def _expected(self, before: Belief | None, other: str) -> Floats:
        """Returns how likely each kind is before a word of the page is read."""
        likely = self._first.copy()
        if before is not None:
            stay = 1 / (1 + np.exp(-self._by.stay[0]))
            kept = before.shares.copy()
            kept[-1] *= other == before.other
            likely = stay * kept + (1 - stay) * likely
        likely[-1] *= bool(other)
        return np.asarray(likely, np.float32)

    def _sum(self, votes: Iterable[tuple[Clue, Floats]]) -> Floats:
        """Returns what the words of a page add to each kind."""
        weighed = [self._by.parts[one.part] * vote for one, vote in votes]
        return np.asarray(self._by.scale[0] * np.sum(weighed, axis=0), np.float32)

    def _votes_of(self, lemma: str, lower: str) -> Floats | None:
        vector, by = self._likeness.vector(lemma, lower), self._by
        if vector is None:
            return None
        near = self._likeness.near(vector) + vector @ by.shift
        shares = np.exp(by.sharpness * (near - near.max()))
        shares = shares / shares.sum()
        votes = np.log(by.doubt + (1 - by.doubt) * len(near) * shares)
        return np.asarray(votes / (1 + np.exp(by.steepness * (by.near - near.max()))), np.float32)
