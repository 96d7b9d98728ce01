"""What the rules found of a page's place, and how."""

from dataclasses import dataclass
from enum import StrEnum

from actors.extractors.rules.sites import Site


class Way(StrEnum):
    """How a place was found."""

    NAMED = "named"
    """The page names it: `in the kitchen`."""
    GIVEN = "given"
    """A thing gives it away: the fridge."""
    GATHERED = "gathered"
    """Only several things together do."""
    SPOKEN = "spoken"
    """Somebody says that it is here."""
    KEPT = "kept"
    """Nothing tells it: it is the place of the page before, if that has one."""


@dataclass(frozen=True, slots=True)
class Found:
    """A place in the words of the page, what it is worth by the rules, and how it was found.

    `sites` are all the places that the page tells, whatever the rules make of them; `elsewhere` are
    the numbers of the clauses that tell of nothing here: a dream, what is seen through a window.
    """

    name: str
    worth: float
    way: Way
    sites: tuple[Site, ...] = ()
    elsewhere: frozenset[int] = frozenset()
