"""The slots of a worker, by lane."""

import pytest

from actors.worker.lanes import Slots
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


def test_slots_of_an_unknown_lane_are_refused() -> None:
    with pytest.raises(ValueError, match="warp"):
        Slots({"warp": 1})
