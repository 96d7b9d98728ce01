"""The kinds of places that the learned reader tells apart, with the words that tell them."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

_FILE = Path(__file__).parent / "places.txt"


@dataclass(frozen=True, slots=True)
class PlaceKind:
    """A kind of place: its name, other names of such a place, and words that hint at it.

    A name of several words is joined by hyphens among its names.
    """

    name: str
    names: tuple[str, ...]
    hints: tuple[str, ...]

    @property
    def words(self) -> tuple[str, ...]:
        """All the words that tell it."""
        return (*self.names, *self.hints)


@cache
def place_kinds() -> tuple[PlaceKind, ...]:
    """Returns the kinds of places in a fixed order."""
    return tuple(_kinds())


@cache
def _kinds_by_name() -> dict[str, int]:
    found: dict[str, int] = {}
    for at, kind in enumerate(place_kinds()):
        for name in kind.names:
            found.setdefault(name.replace("-", " "), at)
    return found


def kind_of(place: str) -> int | None:
    """Returns the kind of a place by its last words: `old mill` is a mill; None for another."""
    words = place.lower().replace("-", " ").split()
    joined = (" ".join(words[-count:]) for count in (3, 2, 1))
    return next((_kinds_by_name()[one] for one in joined if one in _kinds_by_name()), None)


def _kinds() -> Iterator[PlaceKind]:
    for line in _FILE.read_text(encoding="utf-8").splitlines():
        called, _, hints = line.partition(":")
        name, _, names = called.partition(" = ")
        own = name.replace(" ", "-")
        others = tuple(one for one in names.split() if one != own)
        yield PlaceKind(name, (own, *others), tuple(hints.split()))
