"""Scores of a reader: what it read of each page against the labels."""

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from uuid import UUID

from actors.extractors.rules.english import lemma_of
from recipe.reading.corpus import Item, Kind, Page
from server.domain.scenes import Scene

_TAGS = ("NNS", "VBD", "VBG", "VBZ")
_SMALL = frozenset({"a", "an", "the", "of", "and", "with", "in", "on"})


@dataclass(slots=True)
class Score:
    """How often a kind was read rightly, was missed, and was read where it is not."""

    right: int = 0
    missed: int = 0
    wrong: int = 0
    faults: list[str] = field(default_factory=list)

    @property
    def precision(self) -> float:
        """The share of what was read that is right."""
        return self.right / max(1, self.right + self.wrong)

    @property
    def recall(self) -> float:
        """The share of what is on the pages that was read."""
        return self.right / max(1, self.right + self.missed)

    @property
    def correct(self) -> float:
        """The share of right ones among all that was read or should have been."""
        return self.right / max(1, self.right + self.missed + self.wrong)


@dataclass(slots=True)
class Scores:
    """The scores of each kind, and how many negated things would be drawn all the same."""

    kinds: dict[Kind, Score] = field(default_factory=lambda: {kind: Score() for kind in Kind})
    negations: Score = field(default_factory=Score)

    def add(self, page: Page, scene: Scene) -> None:
        """Adds a page's reading."""
        names = {one.id: one.description.name for one in page.cast}
        read = read_parts(scene, names)
        for kind in Kind:
            _add(self.kinds[kind], page, kind, read[kind])
        self._obey(page, read)

    def _obey(self, page: Page, read: Mapping[Kind, Sequence[tuple[str, str]]]) -> None:
        drawn = [
            said
            for kind in (Kind.PROPS, Kind.WEATHER, Kind.WEARING, Kind.HOLDING, Kind.EXTRAS)
            for _, said in read[kind]
        ]
        drawn += [said.split()[0] for _, said in read[Kind.DOING] if said]
        drawn += [said for _, said in read[Kind.COLOURS]]
        allowed = [
            item
            for kind in (Kind.PROPS, Kind.WEATHER, Kind.WEARING, Kind.HOLDING, Kind.EXTRAS)
            for item in page.labels[kind]
        ] + [*page.labels[Kind.DOING], *page.labels[Kind.COLOURS]]
        for item in page.labels[Kind.NOT]:
            shown = [
                said
                for said in drawn
                if fits(item, said) and not any(fits(one, said) for one in allowed)
            ]
            if shown:
                self.negations.wrong += 1
                self.negations.faults.append(f"{page.story} {page.number}: draws {shown[0]}")
            else:
                self.negations.right += 1


def _add(score: Score, page: Page, kind: Kind, read: Iterable[tuple[str, str]]) -> None:
    left = list(page.labels[kind])
    where = f"{page.story} {page.number}"
    known = list(page.labels[kind])
    if kind in (Kind.PROPS, Kind.HOLDING):
        known += page.labels[Kind.PROPS] + page.labels[Kind.HOLDING]
    for of, said in read:
        fitting = [item for item in left if item.of in ("", of) and fits(item, said)]
        if fitting:
            left.remove(fitting[0])
            score.right += not fitting[0].optional
        elif not any(item.of in ("", of) and fits(item, said) for item in known):
            score.wrong += 1
            score.faults.append(f"{where}: + {of + ': ' if of else ''}{said}")
    for item in left:
        if not item.optional:
            score.missed += 1
            score.faults.append(f"{where}: - {item}")


def read_parts(scene: Scene, names: Mapping[UUID, str]) -> dict[Kind, list[tuple[str, str]]]:
    """Returns what was read, each with the character whose it is."""
    figures = [(names[one.character], one) for one in scene.figures]
    place = [("", scene.place)] if scene.place else []
    return {
        Kind.WHO: [("", name) for name, _ in figures],
        Kind.EXTRAS: [("", extra) for extra in scene.extras],
        Kind.PLACE: place,
        Kind.TIME: [("", str(one)) for one in (scene.time, scene.season) if one],
        Kind.WEATHER: [("", str(one)) for one in scene.weather],
        Kind.DOING: [(name, said) for name, one in figures for said in one.doing],
        Kind.MOOD: [(name, str(one.mood)) for name, one in figures if one.mood],
        Kind.HOLDING: [(name, said) for name, one in figures for said in one.holding],
        Kind.PROPS: [("", said) for said in scene.props],
        Kind.WEARING: [(name, said) for name, one in figures for said in one.wearing],
        Kind.COLOURS: [("", said) for said in scene.colours],
        Kind.NOT: [("", said) for said in scene.absent],
    }


def fits(item: Item, said: str) -> bool:
    """Returns whether words that were read say any of an item's alternatives."""
    words = _bases(said)
    flat = frozenset(base for bases in words for base in bases)
    for alternative in item.alternatives:
        asked = _bases(alternative)
        if asked and all(bases & flat for bases in asked):
            return True
    return False


@lru_cache(maxsize=10_000)
def _bases(said: str) -> tuple[frozenset[str], ...]:
    """Returns the possible base forms of each word."""
    text = unicodedata.normalize("NFC", said.lower()).replace("-", " ")
    words = [word for word in text.split() if word not in _SMALL] or text.split()
    return tuple(frozenset({word, *(lemma_of(word, tag) for tag in _TAGS)}) for word in words)
