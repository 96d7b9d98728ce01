"""The kinds of places that the learned reader tells apart."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

_FILE = Path(__file__).parent / "places.txt"


@dataclass(frozen=True, slots=True)
class PlaceKind:
    """A kind of place: its name, and all names of such a place, those of several words hyphened."""

    name: str
    names: tuple[str, ...]


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
        name, _, names = line.partition(" = ")
        own = name.replace(" ", "-")
        others = tuple(one for one in names.split() if one != own)
        yield PlaceKind(name, (own, *others))
