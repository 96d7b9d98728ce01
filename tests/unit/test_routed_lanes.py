"""Lanes of a job: the best offer's at once, others by its deadline and where lanes are paused."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from server.domain.health import HealthState, ProviderHealth
from server.domain.lanes import JobLane
from server.domain.states import ImageType, Lane
from server.routing.catalogue import KNOWN, SDXL, STORYBOOK, Catalogue
from server.routing.conditions import BudgetRest, Conditions, LaneLoad
from server.routing.lanes import first_lanes, lanes
from server.routing.router import route, route_again
from server.routing.wishes import Wish

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
CALM = Conditions(NOW)
FLARE, BIG = KNOWN["gpt-image-2.5-flare"], KNOWN["gpt-image-2"]
BOTH = Catalogue([STORYBOOK, SDXL, BIG, FLARE])
WISH = Wish(ImageType.SCENE, "", "", 1, min_score=2.5)
IN_TIME = replace(WISH, complete_by=NOW + timedelta(minutes=5))


def _lanes(wish: Wish, conditions: Conditions = CALM) -> tuple[JobLane, ...]:
    return lanes(route(BOTH, wish, conditions), conditions)


def test_without_a_deadline_only_the_best_lane_opens() -> None:
    assert _lanes(WISH) == (JobLane(Lane.LOCAL, ("sdxl",)),)


@pytest.mark.parametrize("slots", [None, 4])
def test_while_the_best_lane_is_paused_the_next_one_opens_at_once(slots: int | None) -> None:
    paused = LaneLoad(slots=slots, paused=True)
    now = replace(CALM, lanes={Lane.LOCAL: paused})
    local, hosted = _lanes(WISH, now)
    assert local == JobLane(Lane.LOCAL, ("sdxl",))
    assert hosted == JobLane(Lane.HOSTED, (FLARE.name, BIG.name))
    other = replace(CALM, lanes={Lane.HOSTED: paused})
    assert [one.lane for one in _lanes(WISH, other)] == [Lane.LOCAL]
    both = replace(CALM, lanes={Lane.LOCAL: paused, Lane.HOSTED: paused})
    assert [one.lane for one in _lanes(WISH, both)] == [Lane.LOCAL, Lane.HOSTED]


def test_a_paused_lane_opens_no_other_beyond_the_limits_or_the_budget() -> None:
    now = replace(CALM, lanes={Lane.LOCAL: LaneLoad(paused=True)})
    assert [one.lane for one in _lanes(replace(WISH, max_cost_micros=0), now)] == [Lane.LOCAL]
    assert [one.lane for one in _lanes(replace(WISH, provider="local"), now)] == [Lane.LOCAL]
    poor = replace(now, rest=BudgetRest(total=0))
    assert [one.lane for one in _lanes(WISH, poor)] == [Lane.LOCAL]
    limited = _lanes(replace(WISH, max_cost_micros=100_000), now)
    assert limited[1:] == (JobLane(Lane.HOSTED, (FLARE.name,)),)


def test_a_deadline_leaves_out_a_paused_lane() -> None:
    now = replace(CALM, lanes={Lane.LOCAL: LaneLoad(paused=True)})
    assert _lanes(IN_TIME, now) == (JobLane(Lane.HOSTED, (FLARE.name, BIG.name)),)


def test_a_deadline_opens_the_other_lane_while_its_soonest_model_is_in_time() -> None:
    local, hosted = _lanes(IN_TIME)
    assert local == JobLane(Lane.LOCAL, ("sdxl",))
    # gpt-image-2.5-flare draws for 30 s: half of it again and 5 s are kept free.
    spill = NOW + timedelta(seconds=300 - 50)
    assert hosted == JobLane(Lane.HOSTED, (FLARE.name, BIG.name), spill)


def test_a_spill_that_is_nearly_late_opens_at_once() -> None:
    tight = replace(WISH, complete_by=NOW + timedelta(seconds=40))
    assert [opening.opens_at for opening in _lanes(tight)] == [None, None]


def test_no_lane_opens_for_an_offer_beyond_the_limits() -> None:
    assert [one.lane for one in _lanes(replace(IN_TIME, max_cost_micros=0))] == [Lane.LOCAL]
    limited = _lanes(replace(IN_TIME, max_cost_micros=100_000))
    assert limited[1].models == (FLARE.name,)
    assert [one.lane for one in _lanes(replace(IN_TIME, min_score=3.5))] == [Lane.HOSTED]


def test_a_lane_whose_queue_is_too_long_is_left_out() -> None:
    busy = replace(CALM, lanes={Lane.LOCAL: LaneLoad(waiting=500, slots=1)})
    assert _lanes(IN_TIME, busy) == (JobLane(Lane.HOSTED, (FLARE.name, BIG.name)),)


def test_a_job_that_nothing_may_draw_now_opens_when_that_has_passed() -> None:
    soon = NOW + timedelta(seconds=12)
    waiting = ProviderHealth("openai", "", HealthState.WAITING, 1, soon)
    fine = replace(WISH, min_score=3.5)
    conditions = replace(CALM, health={("openai", ""): waiting})
    seen = soon + timedelta(seconds=1.5)
    assert _lanes(fine, conditions) == (JobLane(Lane.HOSTED, (FLARE.name, BIG.name), seen),)
    [first] = first_lanes(route(BOTH, fine, conditions), conditions)
    assert first.opens_at == NOW  # its wait counts from its first look
    off = replace(waiting, state=HealthState.OFF, until=None)
    [opening] = _lanes(fine, replace(CALM, health={("openai", ""): off}))
    assert opening.opens_at == NOW + timedelta(minutes=1)
    midnight = NOW + timedelta(hours=12)
    poor = replace(CALM, rest=BudgetRest(total=0, renews_at=midnight))
    assert [one.opens_at for one in _lanes(fine, poor)] == [midnight + timedelta(seconds=1.5)]
    assert _lanes(replace(WISH, min_score=4.9)) == ()


def test_a_late_job_is_open_to_every_lane() -> None:
    late = replace(WISH, complete_by=NOW - timedelta(seconds=1))
    found = lanes(route_again(BOTH, late, CALM), CALM)
    assert [(one.lane, one.opens_at) for one in found] == [(Lane.LOCAL, None), (Lane.HOSTED, None)]
