"""Budgets: their renewal, and their refusals."""

from datetime import UTC, datetime, timedelta

import pytest

from server.money.budgets import exhausted, renewed_after


@pytest.mark.parametrize(
    ("now", "left"),
    [
        (datetime(2026, 2, 28, tzinfo=UTC), timedelta(days=1)),
        (datetime(2026, 2, 28, 23, 59, 30, tzinfo=UTC), timedelta(seconds=30)),
        (datetime(2026, 12, 31, 12, tzinfo=UTC), timedelta(hours=12)),
    ],
)
def test_a_budget_is_renewed_at_midnight_in_utc(now: datetime, left: timedelta) -> None:
    assert renewed_after(now) == left


def test_a_refusal_names_the_price_and_the_retry_delay() -> None:
    refusal = exhausted(40_000, "provider:openai")
    assert refusal.metadata == {"price_micros": "40000", "scope": "provider:openai"}
    assert refusal.retry_after is not None
    assert timedelta(0) < refusal.retry_after <= timedelta(days=1)
