"""Budgets: what jobs may cost in a day (UTC), in millionths of a US dollar."""

from collections.abc import Awaitable, Callable, Collection, Iterable
from datetime import UTC, datetime, time, timedelta
from typing import TypeVar

from imggen.rules.money import exactly
from imggen.v1 import errors_pb2 as reasons
from server.domain.money import Budget
from server.errors import ResourceExhausted

T = TypeVar("T")


class OverBudget(ResourceExhausted):
    """Raised for a price that the rest of today's budget of a scope does not cover.

    `picture_micros` is that of the cheapest of its pictures that count in the budget.
    """

    def __init__(
        self,
        price_micros: int,
        scope: str,
        picture_micros: int | None = None,
        why: str = "the rest of today's budget does not cover the price",
        retry_after: timedelta | None = None,
    ) -> None:
        super().__init__(
            f"{why}; try again tomorrow (UTC), or ask an operator to raise it",
            reasons.ERROR_REASON_BUDGET_EXHAUSTED,
            metadata={"price_micros": str(price_micros), "scope": scope},
            retry_after=retry_after,
        )
        self.price_micros = price_micros
        self.scope = scope
        self.picture_micros = price_micros if picture_micros is None else picture_micros


def exhausted(prices: Collection[tuple[str, int]], scope: str) -> OverBudget:
    """Returns the error of pictures that the rest of a scope's budget does not cover together.

    Each has the provider that it would be paid to, and its price.
    """
    counted = [
        micros
        for provider, micros in prices
        if micros and (scope == f"provider:{provider}" or not scope.startswith("provider:"))
    ]
    return OverBudget(sum(micros for _, micros in prices), scope, min(counted, default=None))


def told(error: OverBudget, budget: Budget, now: datetime) -> OverBudget:
    """Returns a refusal with the amounts of the budget that does not cover it, and its renewal."""
    error.retry_after = renewed_after(now)
    if budget.limit_micros is None:  # it was removed meanwhile
        return error
    why = not_covered(budget, error.price_micros)
    return OverBudget(error.price_micros, error.scope, error.picture_micros, why, error.retry_after)


def not_covered(budget: Budget, price_micros: int) -> str:
    """Returns which budget does not cover a price, with what is left of it."""
    limit = budget.limit_micros or 0
    left = exactly(max(limit - budget.held_micros - budget.spent_micros, 0), "nothing")
    return (
        f"today's budget of {budget.scope} does not cover the price, up to"
        f" {exactly(price_micros)}: {left} is left of {exactly(limit, '$0')}"
    )


async def within_budget(ways: Iterable[Callable[[], Awaitable[T]]]) -> T:
    """Returns what the first way gives that the budgets cover, so that a free one is not refused.

    Raises OverBudget where they cover none.
    """
    refused: OverBudget | None = None
    for way in ways:
        try:
            return await way()
        except OverBudget as error:
            refused = refused or error
    raise refused or ValueError("there is nothing to admit")


def renewed_after(now: datetime) -> timedelta:
    """Returns the time until the next day's budget begins."""
    return datetime.combine(now.date() + timedelta(days=1), time(), UTC) - now
