"""Budgets: their renewal, and their refusals."""

from datetime import UTC, datetime, timedelta

import pytest

from server.domain.money import Budget
from server.money.budgets import OverBudget, exhausted, renewed_after, told

NOW = datetime(2026, 11, 28, 19, tzinfo=UTC)


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
    budget = Budget("provider:openai", NOW.date(), 500_000, 150_000, 350_000)
    refusal = told(OverBudget(40_000, "provider:openai"), budget, NOW)
    assert refusal.metadata == {"price_micros": "40000", "scope": "provider:openai"}
    assert refusal.retry_after == timedelta(hours=5)


def test_a_refusal_tells_the_scope_its_limit_and_what_is_left() -> None:
    refusal = OverBudget(120_000, "provider:openai")
    found = told(refusal, Budget("provider:openai", NOW.date(), 500_000, 150_000, 250_000), NOW)
    assert found.message == (
        "today's budget of provider:openai does not cover the price, up to $0.1200: $0.1000 is left"
        " of $0.5000; try again tomorrow (UTC), or ask an operator to raise it"
    )
    assert (found.reason, found.metadata) == (refusal.reason, refusal.metadata)
    assert told(refusal, Budget("provider:openai", NOW.date(), None), NOW) is refusal


@pytest.mark.parametrize(
    ("scope", "least"), [("global", 1), ("user:x", 1), ("provider:a", 3), ("provider:b", 1)]
)
def test_a_refusal_of_several_pictures_knows_the_cheapest_that_counts(
    scope: str, least: int
) -> None:
    refusal = exhausted([("a", 3), ("b", 1), ("a", 4), ("local", 0)], scope)
    assert (refusal.price_micros, refusal.picture_micros) == (8, least)
