"""Budgets: what jobs may cost in a day (UTC), in millionths of a US dollar."""

from collections.abc import Awaitable, Callable, Iterable
from datetime import UTC, datetime, time, timedelta
from typing import TypeVar

from imggen.rules.money import at_most, exactly
from imggen.v1 import errors_pb2 as reasons
from server.domain.money import Budget
from server.errors import ResourceExhausted

T = TypeVar("T")


class OverBudget(ResourceExhausted):
    """Raised for a price that the rest of today's budget of a scope does not cover."""


def exhausted(price_micros: int, scope: str) -> OverBudget:
    """Returns the error of a price that the rest of today's budget of a scope does not cover."""
    return OverBudget(
        "the rest of today's budget does not cover the price; try again tomorrow (UTC), or ask an"
        " operator to raise it",
        reasons.ERROR_REASON_BUDGET_EXHAUSTED,
        metadata={"price_micros": str(price_micros), "scope": scope},
        retry_after=renewed_after(datetime.now(UTC)),
    )


def told(error: OverBudget, budget: Budget) -> OverBudget:
    """Returns a refusal whose message has the amounts of the budget that does not cover it."""
    limit = budget.limit_micros
    if limit is None:  # it was removed meanwhile
        return error
    left = exactly(max(limit - budget.held_micros - budget.spent_micros, 0), "nothing")
    price = at_most(int(error.metadata["price_micros"]))
    return OverBudget(
        f"today's budget of {budget.scope} does not cover the price, up to {price}: {left} is left"
        f" of {exactly(limit, '$0')}; try again tomorrow (UTC), or ask an operator to raise it",
        error.reason,
        metadata=error.metadata,
        retry_after=error.retry_after,
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
