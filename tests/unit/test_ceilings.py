"""Ceilings: what a picture can cost if other models must draw it, or draw it again."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from server.domain.health import HealthState, ProviderHealth
from server.domain.states import ImageType, Lane
from server.routing.catalogue import KNOWN, SDXL, STORYBOOK, Catalogue
from server.routing.ceilings import PAID_RENDERS, ceiling
from server.routing.conditions import BudgetRest, Conditions
from server.routing.router import route
from server.routing.wishes import Wish

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
CALM = Conditions(NOW)
FLARE, BIG = KNOWN["gpt-image-2.5-flare"], KNOWN["gpt-image-2"]
ALL = Catalogue([STORYBOOK, SDXL, FLARE, BIG])
FLARE_CALL, BIG_CALL = 67_680 + 9_000, 225_720 + 9_000  # with three previews


def most(catalogue: Catalogue = ALL, conditions: Conditions = CALM, **changes: Any) -> int:
    """Returns the ceiling of a scene."""
    wish = replace(Wish(ImageType.SCENE, "", "", 1), **changes)
    return ceiling(catalogue, route(catalogue, wish, conditions), conditions)


def test_the_dearest_model_is_paid_for_twice_and_previews_with_it() -> None:
    assert most() == PAID_RENDERS * BIG_CALL
    assert most(Catalogue([STORYBOOK, FLARE])) == PAID_RENDERS * FLARE_CALL
    assert most(Catalogue([FLARE])) == PAID_RENDERS * FLARE_CALL
    assert most(Catalogue([STORYBOOK, SDXL])) == 0


def test_what_the_caller_rules_out_is_no_part_of_it() -> None:
    assert most(provider="local") == 0
    assert most(model=FLARE.name) == PAID_RENDERS * FLARE_CALL
    assert most(max_cost_micros=100_000) == 100_000
    assert most(max_cost_micros=0) == 0
    # The calls that draw have the limit for each of them as well.
    assert most(max_cost_micros=200_000) == PAID_RENDERS * FLARE_CALL


@pytest.mark.parametrize(
    ("conditions", "changes"),
    [
        (replace(CALM, rest=BudgetRest(total=0)), {}),
        (replace(CALM, held={Lane.LOCAL: None}), {}),
        (
            replace(CALM, health={("openai", ""): ProviderHealth("openai", "", HealthState.OFF)}),
            {},
        ),
        (CALM, {"complete_by": NOW + timedelta(seconds=11)}),
        (CALM, {"shown": {BIG.name: 0.1}, "min_score": 4.0}),
    ],
)
def test_what_may_draw_later_is_part_of_it(conditions: Conditions, changes: dict[str, Any]) -> None:
    assert most(conditions=conditions, **changes) == PAID_RENDERS * BIG_CALL


def test_the_successor_of_a_model_that_is_retired_while_its_job_waits_is_part_of_it() -> None:
    tomorrow = replace(FLARE, retires_on=(NOW + timedelta(days=1)).date())
    heir = replace(BIG, successor_of=(FLARE.name,))
    late = NOW + timedelta(days=1)
    wish = Wish(ImageType.SCENE, FLARE.name, "", 1)
    catalogue = Catalogue([tomorrow, heir])
    assert [one.model for one in route(catalogue, wish, CALM).offers] == [tomorrow]
    assert [one.model for one in route(catalogue, wish, Conditions(late)).offers] == [heir]
    assert most(catalogue, model=FLARE.name) == PAID_RENDERS * BIG_CALL
    next_year = replace(FLARE, retires_on=(NOW + timedelta(days=365)).date())
    assert most(Catalogue([next_year, heir]), model=FLARE.name) == PAID_RENDERS * FLARE_CALL
