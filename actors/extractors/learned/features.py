"""Features: what the learned reader of places sees of a page beside its words."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from actors.extractors.learned.kinds import kind_of
from actors.extractors.learned.words import Floats, PlaceWords
from actors.extractors.rules.evidence import PageClues
from actors.extractors.rules.found import Found, Way
from actors.extractors.rules.sites import Site

SITE_NUMBERS = 8
_STRONG = 2.4
"""What a place is worth at least that somebody of the page is in, by the rules."""
OPENINGS = (
    *("after", "afternoon", "and", "at", "back", "but", "by", "day", "evening", "finally"),
    *("first", "friday", "home", "in", "inside", "later", "monday", "morning", "next", "night"),
    *("on", "once", "outside", "saturday", "so", "soon", "sunday", "that", "then", "thursday"),
    *("tuesday", "wednesday", "when"),
)
"""Words that tell, at the beginning of a page, whether it goes on where the one before was."""
PAGE_NUMBERS = 5 + len(OPENINGS)


@dataclass(frozen=True, slots=True)
class SiteFeatures:
    """A place that a page tells: its kind, None for none, its traits, and numbers beside them."""

    name: str
    kind: int | None
    traits: frozenset[str]
    numbers: tuple[float, ...]


def features_of_sites(found: Found, words: PlaceWords) -> Iterator[SiteFeatures]:
    """Yields the places of a page, each as often as the page tells it."""
    best = max((one.worth for one in found.sites), default=0.0)
    count = 1 + max((one.order for one in found.sites), default=0)
    seen = Counter[str]()
    for one in found.sites:
        seen[one.name] += 1
        kind = kind_of(one.name)
        traits = {*one.traits, *_standing(one, found, kind, seen[one.name])}
        told = words.told(one.noun)
        yield SiteFeatures(
            one.name,
            kind,
            frozenset(traits),
            (
                *(one.worth / 4, (one.worth - best) / 4, float(one.worth == best > 0)),
                *(one.order / count, float(np.log(count)) / 2, told, told * (kind is None), 1.0),
            ),
        )
    if found.name and found.way is not Way.KEPT and found.name not in seen:
        kind = kind_of(found.name)
        traits = {f"way {found.way}", "unknown" if kind is None else "known"}
        numbers = (found.worth / 4, 0.0, 1.0, 1.0, 0.0, 0.0, 0.0, 1.0)
        yield SiteFeatures(found.name, kind, frozenset(traits), numbers)


def _standing(one: Site, found: Found, kind: int | None, time: int) -> Iterator[str]:
    yield "unknown" if kind is None else "known"
    if one.name == found.name and found.way is not Way.KEPT:
        yield f"chosen {found.way}"
    if time > 1:
        yield "again"
    if one.sentence == 0:
        yield "first sentence"


def features_of_page(page: PageClues, found: Found) -> Floats:
    """Returns the numbers of a page (PAGE_NUMBERS)."""
    strong = any(one.worth > _STRONG for one in found.sites)
    opening = set(page.opening)
    return np.array(
        [
            *(1.0, float(page.moves), float(strong), float(np.log(page.length)) / 4),
            *(float(page.speaks), *(float(one in opening) for one in OPENINGS)),
        ],
        np.float32,
    )
