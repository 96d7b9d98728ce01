"""The slots of a worker, by lane."""

import pytest

from actors.worker.lanes import Share, Slots
from server.domain.joined import Joined
from server.domain.states import Lane


def test_a_running_job_takes_a_slot_of_its_own_lane_alone() -> None:
    slots = Slots({"local": 2, "hosted": 1})
    assert slots.free([]) == {Lane.LOCAL: 2, Lane.HOSTED: 1}
    assert slots.free([Lane.LOCAL]) == {Lane.LOCAL: 1, Lane.HOSTED: 1}
    assert slots.free([Lane.LOCAL, Lane.LOCAL]) == {Lane.HOSTED: 1}
    assert slots.free([Lane.LOCAL, Lane.LOCAL, Lane.HOSTED]) == {}


def test_lanes_that_are_said_to_have_jobs_come_first() -> None:
    slots = Slots({"read": 1, "local": 2, "hosted": 1})
    assert list(slots.free([])) == [Lane.READ, Lane.LOCAL, Lane.HOSTED]
    told = list(slots.free([Lane.LOCAL], first={"hosted", "local", "a lane of a newer gateway"}))
    assert told == [Lane.LOCAL, Lane.HOSTED, Lane.READ]
    assert list(slots.free([Lane.HOSTED], first={"hosted"})) == [Lane.READ, Lane.LOCAL]


def test_a_worker_serves_the_lanes_of_its_slots() -> None:
    slots = Slots({"local": 2, "hosted": 0})
    assert slots.serves("local")
    assert not slots.serves("hosted")
    assert not slots.serves("a lane of a newer gateway")


def test_without_an_upscaler_none_are_told_of_its_lane() -> None:
    slots = Slots({"local": 2, "hosted": 0, "upscale": 1})
    assert slots.told(upscales=True) == {Lane.LOCAL: 2, Lane.UPSCALE: 1}
    assert slots.told(upscales=False) == {Lane.LOCAL: 2, Lane.UPSCALE: 0}
    assert slots.free([])[Lane.UPSCALE] == 1
    assert Slots({"local": 2, "upscale": 0}).told(upscales=False) == {Lane.LOCAL: 2}


@pytest.mark.parametrize(("pictures", "slots"), [(1, 2), (2, 3), (4, 5), (8, 10), (16, 20)])
def test_measured_slots_are_what_is_drawn_at_once_and_one_more_for_every_four(
    pictures: int, slots: int
) -> None:
    measured = Slots({"local": "measured", "hosted": 1})
    assert measured.most == {Lane.LOCAL: 2, Lane.HOSTED: 1}
    assert measured.follow(Share(Joined(pictures, 1.0))) == (slots != 2)
    assert measured.most == {Lane.LOCAL: slots, Lane.HOSTED: 1}
    assert measured.free([Lane.LOCAL])[Lane.LOCAL] == slots - 1


def test_measured_slots_follow_a_diffuser_that_is_replaced_and_outlast_one_that_is_silent() -> None:
    slots = Slots({"local": "measured"})
    for pictures, most in ((8, 10), (2, 3)):
        assert slots.follow(Share(Joined(pictures, 1.5)))
        assert slots.most == {Lane.LOCAL: most}
    assert not slots.follow(None)
    assert not slots.follow(Share(Joined(2, 1.5)))
    assert (slots.most, slots.gain) == ({Lane.LOCAL: 3}, 1.5)


def test_the_diffusers_of_a_pool_are_shared_among_its_workers() -> None:
    """Three diffusers of 8 for two workers: 12 drawn by each, and 3 more."""
    slots = Slots({"local": "measured"})
    assert slots.follow(Share(Joined(24, 8.4), workers=2))
    assert slots.most == {Lane.LOCAL: 15}
    assert slots.gain == pytest.approx(4.2)


def test_a_number_that_was_set_stays_and_gains_as_much_as_so_many_do() -> None:
    slots = Slots({"local": 2})
    eight = Joined(8, 2.8)
    assert not slots.follow(Share(eight))
    assert (slots.most, slots.gain) == ({Lane.LOCAL: 2}, eight.gain_of(2))
    assert Slots({"local": 2}).gain is None
    hosted = Slots({"hosted": 2})
    hosted.follow(Share(eight))
    assert hosted.gain is None


def test_slots_of_an_unknown_lane_are_refused() -> None:
    with pytest.raises(ValueError, match="warp"):
        Slots({"warp": 1})
