"""Covers: with as many of a story's leading characters as a model may draw within the limits."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

from server.routing.router import Refusal, Routing


class RoutedCover(NamedTuple):
    """A cover with so many characters, and what may draw it."""

    characters: int
    routing: Routing


def covers(
    route: Callable[[int], Routing | None], most: int, *, reuses: bool
) -> tuple[RoutedCover, ...]:
    """Returns the cover to draw, then what takes its place where no budget covers it.

    The first has the most characters that a model may draw, now or once it is well again; those
    that follow have fewer, and each is cheaper. `route` routes a cover by its number of characters
    and returns None where that alone is wrong; there is none if every number is. `reuses` is
    whether a stored picture may answer, whatever the budgets cover. Where no number may be drawn,
    the one that tells why is returned.
    """
    found = [RoutedCover(each, routed) for each in range(most, -1, -1) if (routed := route(each))]
    drawn = [one for one in found if _waits(one.routing, reuses=reuses)]
    if drawn:
        return tuple(_ever_cheaper(drawn))
    short = [one for one in found if one.routing.refusal is Refusal.OVER_BUDGET]
    return tuple(short[-1:] or found[:1])


def _waits(routing: Routing, *, reuses: bool) -> bool:
    """Returns whether a job may be admitted with a routing."""
    match routing.refusal:
        case None | Refusal.NOT_NOW:
            return True
        case Refusal.OVER_BUDGET:
            return reuses
        case _:
            return False


def _ever_cheaper(drawn: list[RoutedCover]) -> Iterator[RoutedCover]:
    first, *others = drawn
    yield first
    least = _least(first.routing)
    for one in others:
        if one.routing.offers and _least(one.routing) < least:
            least = _least(one.routing)
            yield one


def _least(routing: Routing) -> int:
    offers = routing.offers or (routing.first,)
    return min(offer.price_micros for offer in offers if offer)
