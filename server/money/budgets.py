"""Budgets: what jobs may cost in a day (UTC), in millionths of a US dollar."""

from datetime import UTC, datetime, time, timedelta

from imggen.v1 import errors_pb2 as reasons
from server.errors import ResourceExhausted


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


def renewed_after(now: datetime) -> timedelta:
    """Returns the time until the next day's budget begins."""
    return datetime.combine(now.date() + timedelta(days=1), time(), UTC) - now
