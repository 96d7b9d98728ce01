"""What joined pictures gain, and what the mean time of a job is divided by."""

from itertools import pairwise

import pytest

from server.domain.joined import ALONE, Joined, all_of, at_once

EIGHT = Joined(8, 2.8)


def test_the_gain_grows_with_the_pictures_up_to_those_that_are_drawn_at_once() -> None:
    gains = [EIGHT.gain_of(pictures) for pictures in range(1, 9)]
    assert gains[0] == 1
    assert gains[-1] == pytest.approx(2.8)
    assert gains == sorted(gains)
    assert EIGHT.gain_of(10) == gains[-1]


def test_each_picture_more_makes_all_of_them_longer_by_as_much() -> None:
    seconds = [pictures / EIGHT.gain_of(pictures) for pictures in range(1, 9)]
    steps = [later - earlier for earlier, later in pairwise(seconds)]
    assert steps == pytest.approx([steps[0]] * 7)


def test_pictures_in_turns_gain_nothing() -> None:
    assert ALONE.gain_of(5) == 1
    assert Joined(4, 1.0).gain_of(3) == pytest.approx(1)


def test_devices_add_up() -> None:
    both = all_of([Joined(8, 2.5), Joined(4, 2.0)])
    assert both == Joined(12, 4.5)
    with pytest.raises(ValueError, match="there is none"):
        all_of([])


def test_jobs_that_share_no_device_are_as_many_as_their_slots() -> None:
    assert at_once(8, None, 3.0) == 8


@pytest.mark.parametrize("pictures", range(1, 11))
def test_no_time_is_taken_for_shorter_than_it_is(pictures: int) -> None:
    """The times are those of a device that is never slower with more pictures at once."""
    drawn = min(pictures, 8)
    seconds = drawn / EIGHT.gain_of(drawn) * pictures / drawn
    pace = at_once(10, 2.8, pictures) / seconds
    assert pace <= 2.8 + 1e-9
    if pictures in {1, 10}:  # alone, and full
        assert pace == pytest.approx(2.8)


def test_there_are_never_more_at_once_than_slots() -> None:
    assert at_once(2, 2.8, 9.0) == 2
    assert at_once(0, 2.8) == 1
