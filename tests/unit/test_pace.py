"""The pace of loops: rounds are apart on average, and a few may follow each other at once."""

import pytest

from server.pace import Pace


class Clock:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def paused(pace: Pace, clock: Clock, rounds: int) -> list[float]:
    """Returns the pauses of rounds that take no time, each of which begins when it may."""
    found = []
    for _ in range(rounds):
        found.append(pace.pause())
        clock.now += found[-1]
    return found


def test_each_round_is_followed_by_a_pause() -> None:
    clock = Clock()
    assert paused(Pace(0.5, clock=clock), clock, 3) == [0.5, 0.5, 0.5]


def test_after_a_rest_some_rounds_follow_each_other_at_once() -> None:
    clock = Clock()
    pace = Pace(0.5, at_once=3, clock=clock)
    assert paused(pace, clock, 5) == [0.0, 0.0, 0.0, 0.5, 0.5]
    clock.now += 0.5
    assert paused(pace, clock, 2) == [0.0, 0.5]
    clock.now += 60.0
    assert paused(pace, clock, 4) == [0.0, 0.0, 0.0, 0.5]


@pytest.mark.parametrize("at_once", [0, 3])
def test_a_round_may_take_as_long_as_it_likes(at_once: int) -> None:
    clock = Clock()
    pace = Pace(0.5, at_once, clock)
    pace.pause()
    clock.now += 7.0
    assert pace.pause() == (0.0 if at_once else 0.5)


def test_a_loop_without_pauses_never_waits() -> None:
    clock = Clock()
    assert paused(Pace(0.0, clock=clock), clock, 3) == [0.0, 0.0, 0.0]
