"""Ceilings: the most that a picture can cost, whichever models are called for it."""

from dataclasses import replace
from datetime import UTC, date, datetime, time
from functools import lru_cache

from server.routing.catalogue import Catalogue
from server.routing.conditions import Conditions
from server.routing.router import Routing, route
from server.routing.wishes import Wish

PAID_RENDERS = 2
"""How many calls that draw a picture are paid for at most; `begin_call` refuses a third one."""


def ceiling(catalogue: Catalogue, routing: Routing, conditions: Conditions) -> int:
    """Returns the most that all calls that draw a picture can cost together, in micros.

    They may go to every model within the caller's limits: the others fail, are not there any more,
    or do not show enough of the page, and a late picture is better than none. Somebody may watch
    each of them, so that its previews count. A job that its caller retries is paid for again.
    """
    wish, first = routing.wish, routing.first
    size = wish.display if first is None else first.format.display
    sized = replace(wish, display=size, complete_by=None, shown={}, key="")
    most = PAID_RENDERS * _dearest(catalogue, sized, conditions.now.date())
    return most if wish.max_cost_micros is None else min(most, wish.max_cost_micros)


@lru_cache(maxsize=1_000)
def _dearest(catalogue: Catalogue, wish: Wish, today: date) -> int:
    """Returns the most that a call for a wish can cost, in micros.

    Neither queues, speeds, health nor budgets change it, so that equal wishes share it for a day.
    """
    now = datetime.combine(today, time(), UTC)
    names = [row.name for row in catalogue.resolve_soon(wish.model, now)] or [wish.model]
    found = [route(catalogue, replace(wish, model=name), Conditions(now)) for name in names]
    prices = [one.price_micros + one.previews_micros for each in found for one in each.offers]
    return max(prices, default=0)
