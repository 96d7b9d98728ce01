"""How many replicas a backlog asks for."""

from datetime import timedelta
from typing import Any, cast

import pytest

from actors.serve.scaling import BacklogPolicy, ToldOf, replicas_for
from server.domain.lanes import Demand

WITHIN = timedelta(seconds=60)
UNMEASURED = timedelta(seconds=10)


def replicas(
    waiting: int, running: int = 0, *, oldest_s: float = 0, render_s: float | None = 6
) -> int:
    render = None if render_s is None else timedelta(seconds=render_s)
    demand = Demand(waiting, running, timedelta(seconds=oldest_s), render)
    return replicas_for([demand], WITHIN, UNMEASURED)


@pytest.mark.parametrize(
    ("waiting", "running", "wanted"), [(0, 0, 0), (1, 0, 1), (10, 0, 1), (11, 0, 2), (95, 5, 10)]
)
def test_all_that_a_lane_has_is_drawn_within_the_time(
    waiting: int, running: int, wanted: int
) -> None:
    assert replicas(waiting, running) == wanted


def test_what_waits_too_long_is_drawn_by_as_many_more() -> None:
    assert replicas(100, oldest_s=60) == 10
    assert replicas(100, oldest_s=180) == 30


@pytest.mark.parametrize(("at_once", "shared_by", "wanted"), [(2.5, 1, 4), (5, 2, 4), (0.5, 1, 10)])
def test_what_a_replica_draws_at_once_needs_no_other(
    at_once: float, shared_by: int, wanted: int
) -> None:
    demand = Demand(100, 0, timedelta(0), timedelta(seconds=6), at_once)
    assert replicas_for([demand], WITHIN, UNMEASURED, shared_by) == wanted


def test_what_is_told_is_of_the_replicas_that_ran_before_others_came() -> None:
    told_of = ToldOf()
    ran = [(2, 0.0), (2, 100.0), (4, 101.0), (8, 110.0), (8, 121.0), (8, 131.0), (3, 132.0)]
    assert [told_of.among(*each) for each in ran] == [2, 2, 2, 2, 4, 8, 3]
    # While none runs, it stays that of those that ran last, and of those before for a while.
    assert [told_of.among(*each) for each in ((0, 900.0), (5, 901.0), (5, 921.0))] == [3, 3, 5]


def test_there_are_never_more_replicas_than_jobs() -> None:
    assert replicas(3, 1, oldest_s=86_400, render_s=600) == 4


def test_before_any_picture_was_measured_its_time_is_that_of_the_config() -> None:
    assert replicas(60, render_s=None) == 10


@pytest.mark.parametrize("name", ["drawn_within_s", "unmeasured_s", "poll_s"])
@pytest.mark.parametrize("seconds", [0, -1, float("nan")])
def test_a_time_that_is_none_is_refused(name: str, seconds: float) -> None:
    with pytest.raises(ValueError, match=f"{name}: {seconds} is not above 0"):
        BacklogPolicy(**cast(Any, {name: seconds}))


def test_what_holds_the_upscaler_is_there_for_both_lanes() -> None:
    second = timedelta(seconds=1)
    drawn, upscaled = Demand(4, 0, second, 6 * second), Demand(3, 2, second, 12 * second)
    # 24 s and 60 s of work in 60 s.
    assert replicas_for([drawn, upscaled], WITHIN, UNMEASURED) == 2
    late = Demand(1, 0, 600 * second, 60 * second)
    assert replicas_for([Demand(0, 0, 0 * second, None), late], WITHIN, UNMEASURED) == 1


@pytest.mark.parametrize(
    ("lanes", "said"),
    [
        (["gpu"], "'gpu' is not a valid Lane"),
        ([], "is no list of lanes"),
        ("local", "'local' is no list of lanes"),
    ],
)
def test_lanes_that_do_not_exist_are_refused(lanes: Any, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        BacklogPolicy(lanes=lanes)
