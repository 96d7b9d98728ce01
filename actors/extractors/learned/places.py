"""The learned reader of places: what all the words of a story together tell of where it happens.

Each word that tells something of places votes for their kinds. The places that a page names have
votes, too, by how they are named. What the pages before told is kept as shares of belief, of which
a page takes over most: a filter over a hidden Markov chain, which goes on to a place of before, or
to one like it, more often than to any other. How much all that counts is learned
(`recipe/reading/learning.py`).
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file

from actors.extractors.learned.encoder import gelu
from actors.extractors.learned.features import (
    SiteFeatures,
    features_of_page,
    features_of_sites,
)
from actors.extractors.learned.kinds import kind_of, place_kinds
from actors.extractors.learned.words import Floats, PlaceWords
from actors.extractors.rules.evidence import Clue, PageClues
from actors.extractors.rules.found import Found, Way

PARAMETERS = Path(__file__).parent / "weights" / "places.safetensors"
SPREAD = 6.0
"""A page of more words that tell something has its votes weighed down."""
_SURE = 0.2
"""How likely a place must be that the rules have not found: a wrong one is worse than none."""
_OVERRULES = 0.4
"""The same where the rules have found another."""
_FEW = 13
_FEW_FIRST = 16
"""A page of fewer words, and a first one, is left to the rules: two things can be anywhere."""
_MANY = 7
"""Unless so many of its words tell places."""
_OF_SENSE = 0.5
"""What the sense of a page counts; much of it is what its words tell, too."""
_OF_SENSE_FOUND = 0.1
"""The same where the rules have found a place."""
_OF_OTHERS = 1.0
"""What is added beside it to named places of no kind, of which it knows nothing, in nats."""
_DENIED = "denied"
"""The trait of a place that the page says is not there."""
_NAMES = 0.5
"""What a named place must add to its kind, in nats, for the page's word to be its name."""
_EXPLICIT = 2.0
"""What a place of a known kind is worth by the rules where a page says outright that it is there.

What is of no kind is often only a part of the place: a rope, a hatch.
"""
_EXPLICIT_OTHER = 4.0
"""The same of a place of no kind."""
_LEAST = 1e-4
"""What is added to how often each kind is the place of a page."""
_NAMED = 3.0
"""What such a place adds to its kind, in nats."""
_SETTLED = 8.0
"""The same of one that stands, whatever else the page says: the pages after it begin there."""


@dataclass(frozen=True, slots=True)
class Parameters:
    """What is learned; in nats where nothing else is said.

    `parts` has a weight for each `Part` of a word, `scale` one for all, and `spread` (a logit) is
    how far many words weigh each other down. `traits` and `numbers` are what each counts of a
    place that the page names; `hidden_` and `out_` are a layer over the same, of which
    `hidden_traits` has a row for each trait. `unnamed` is added to a place of no kind, `carried` to
    one of the page before. `page` (numbers of a page, kinds) is what a page adds to each kind.
    `prior` is how likely each kind is on a first page; `stay` (numbers of a page), as a logit, how
    likely a page is where the one before was; `back`, as one, how likely else at an earlier place.
    `near` (kinds, kinds) is how much likelier a page goes on from one kind to another.
    """

    scale: Floats
    spread: Floats
    parts: Floats
    traits: Floats
    numbers: Floats
    hidden_traits: Floats
    hidden_numbers: Floats
    hidden_bias: Floats
    out_weights: Floats
    out_bias: Floats
    unnamed: Floats
    carried: Floats
    page: Floats
    prior: Floats
    stay: Floats
    back: Floats
    near: Floats


@dataclass(frozen=True, slots=True)
class Belief:
    """Where a page happens: a name, and how likely each kind of place is.

    The last of the `shares` goes to `other`, the likeliest place of no kind. `visited` adds up the
    shares of kinds of all pages so far. `doubt` is why the name is unsure; empty where it is not.
    """

    name: str
    shares: Floats
    other: str = ""
    doubt: str = ""
    visited: Floats | None = None

    @property
    def share(self) -> float:
        """How likely the kind of the named place is, or a place of no kind for one of none."""
        kind = kind_of(self.name)
        return float(self.shares[-1 if kind is None else kind])


@dataclass(frozen=True, slots=True)
class Answers:
    """What a page may answer, before any rule: kinds, then places of none, last the carried one.

    `scores` are in nats, `names` those of the places of no kind; `sites` are the named places, each
    with what it adds.
    """

    scores: Floats
    kinds: int
    names: tuple[str, ...]
    sites: tuple[tuple[SiteFeatures, float], ...]
    before: Belief | None

    def after(self, shares: Floats, name: str) -> Belief:
        """Returns the belief after the page; `shares` are those of the answers."""
        of_kinds, others = shares[: self.kinds], shares[self.kinds :]
        best = int(np.argmax(others))
        kept = self.before.visited if self.before is not None else None
        visited = of_kinds if kept is None else of_kinds + kept
        after = np.append(of_kinds, others[best])
        return Belief(
            name,
            np.asarray(after, np.float32),
            self.names[best],
            visited=np.asarray(visited, np.float32),
        )


class PlaceReader:
    """Decides where a page happens, by its words and by the places that it names."""

    def __init__(self, words: PlaceWords, traits: Sequence[str], parameters: Parameters) -> None:
        self.words = words
        """What words tell of places."""
        self._trait = {name: at for at, name in enumerate(traits)}
        self._by = parameters
        self._first = softmax(parameters.prior)
        self._on = softmax(parameters.prior[None] + parameters.near)
        self._often = np.log(words.pages + _LEAST)

    @classmethod
    @cache
    def shipped(cls) -> "PlaceReader":
        """Returns the reader that ships, loaded once."""
        return cls.of_file(PARAMETERS)

    @classmethod
    def of_file(cls, path: Path) -> "PlaceReader":
        """Returns the reader of a file."""
        data = load_file(path)
        learnt = {one.name: data[f"by_{one.name}"] for one in fields(Parameters)}
        traits = data["traits"].tobytes().decode().split("\n")
        words = PlaceWords.of_arrays(data, np.asarray(data["pages"], np.float32))
        return cls(words, traits, Parameters(**learnt))

    def decide(
        self, page: PageClues, found: Found, before: Belief | None, sense: Floats | None = None
    ) -> Belief:
        """Returns where a page happens; `before` is the belief after the page before it.

        `sense` is how likely the page as a whole makes each kind, in nats.
        """
        told = bool(found.name) and found.way is not Way.KEPT
        known = kind_of(found.name) if told else None
        outright = found.way in {Way.NAMED, Way.GIVEN} and found.worth >= _EXPLICIT
        explicit = outright and (known is not None or found.worth >= _EXPLICIT_OTHER)
        telling = len(list(self.words.known(page.words)))
        few = page.length < (_FEW if before else _FEW_FIRST) and telling < _MANY
        stands = few or (explicit and before is None)
        answers = self.answers(page, found, before)
        if sense is not None and not outright:
            counts = _OF_SENSE_FOUND if told else _OF_SENSE
            answers.scores[:-1] += self._of_sense(counts * (sense - self._often), answers)
        if told and (outright or stands):
            at = answers.kinds + answers.names.index(found.name) if known is None else known
            answers.scores[at] += _SETTLED if stands else _NAMED
        shares = softmax(answers.scores)
        return answers.after(shares, found.name if stands else self._named(shares, found, answers))

    def _of_sense(self, added: Floats, answers: Answers) -> Floats:
        """Returns what the sense of a page adds to each kind, and to places of none."""
        # It takes a place that the page denies or remembers for one that it tells.
        passed = [
            one.kind
            for one, worth in answers.sites
            if one.kind is not None and (worth < 0 or _DENIED in one.traits)
        ]
        added[passed] = np.minimum(added[passed], 0)
        return np.append(added, np.full(len(answers.names) - 1, _OF_OTHERS)).astype(np.float32)

    def answers(self, page: PageClues, found: Found, before: Belief | None) -> Answers:
        """Returns what is learned of each answer; `before` is the belief after the page before."""
        sites = list(features_of_sites(found, self.words))
        telling = list(self.words.known(page.words))
        numbers = features_of_page(page, found)
        others = list(dict.fromkeys(one.name for one in sites if one.kind is None))
        carried = np.array([self._carried(before, numbers)], np.float32)
        ones = np.ones(len(others), np.float32)
        scores = np.log(np.concatenate([self._expected(before, numbers), ones, carried]) + 1e-9)
        kinds = len(self._first)
        scores[:kinds] += numbers @ self._by.page + self._sum(telling)
        scores[kinds:-1] += self._by.unnamed[0]
        worths = self._worths(sites)
        for one, worth in zip(sites, worths, strict=True):
            scores[kinds + others.index(one.name) if one.kind is None else one.kind] += worth
        names = (*others, before.other if before else "")
        return Answers(
            scores, kinds, names, tuple(zip(sites, worths.tolist(), strict=True)), before
        )

    def _named(self, shares: Floats, found: Found, answers: Answers) -> str:
        """Returns the name of the likeliest place, or the rules' where nothing is likely."""
        best, before = int(np.argmax(shares)), answers.before
        told = found.name and found.way is not Way.KEPT
        if shares[best] < (_OVERRULES if told else _SURE):
            return found.name
        if best >= answers.kinds:
            return answers.names[best - answers.kinds]
        own = [
            (worth, one.name)
            for one, worth in answers.sites
            if one.kind == best and worth >= _NAMES
        ]
        if own:
            return max(own)[1]
        if before is not None and kind_of(before.name) == best:
            return before.name
        return place_kinds()[best].name

    def _expected(self, before: Belief | None, numbers: Floats) -> Floats:
        """Returns how likely each kind is before a word of the page is read."""
        if before is None or before.visited is None:
            return self._first
        stay, back = _sigmoid(float(numbers @ self._by.stay)), _sigmoid(float(self._by.back[0]))
        kept = before.shares[:-1]
        on = kept @ self._on + (1 - kept.sum()) * self._first
        visited = before.visited / max(float(before.visited.sum()), 1e-6)
        return np.asarray(stay * kept + (1 - stay) * ((1 - back) * on + back * visited), np.float32)

    def _carried(self, before: Belief | None, numbers: Floats) -> float:
        """Returns how likely the place of no kind is where the page before may have been."""
        if before is None or not before.other:
            return 0.0
        stay = _sigmoid(float(numbers @ self._by.stay))
        return float(stay * before.shares[-1] * np.exp(self._by.carried[0]))

    def _sum(self, telling: Sequence[tuple[str, Clue]]) -> Floats:
        """Returns what the words of a page add to each kind."""
        votes = np.zeros(len(self._first), np.float32)
        for word, clue in telling:
            votes += self._by.parts[clue.part] * self.words.votes(word)
        many = (max(len(telling), 1) / SPREAD) ** -_sigmoid(float(self._by.spread[0]))
        return np.asarray(votes * self._by.scale[0] * many, np.float32)

    def _worths(self, sites: Sequence[SiteFeatures]) -> Floats:
        """Returns what each named place adds to its kind."""
        by = self._by
        if not sites:
            return np.zeros(0, np.float32)
        traits = np.zeros((len(sites), len(self._trait)), np.float32)
        for at, one in enumerate(sites):
            traits[at, [self._trait[name] for name in one.traits if name in self._trait]] = 1
        numbers = np.array([one.numbers for one in sites], np.float32)
        hidden = traits @ by.hidden_traits + numbers @ by.hidden_numbers + by.hidden_bias
        line = traits @ by.traits + numbers @ by.numbers
        return np.asarray(gelu(hidden) @ by.out_weights + by.out_bias + line, np.float32)


def softmax(scores: Floats) -> Floats:
    """Returns shares that add up to 1."""
    shares = np.exp(scores - scores.max(-1, keepdims=True))
    return np.asarray(shares / shares.sum(-1, keepdims=True), np.float32)


def _sigmoid(logit: float) -> float:
    return float(1 / (1 + np.exp(-logit)))
