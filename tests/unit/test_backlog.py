"""The backlog: who may have how many jobs waiting, and what a refusal says."""

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from uuid import uuid4

import pytest

from imggen.v1.errors_pb2 import ErrorReason
from server.admission.backlog import Backlog, QueueLimits, room_after
from server.domain.ids import UserId
from server.domain.jobs import Outlook
from server.domain.states import Lane
from server.errors import ResourceExhausted, Unavailable
from server.forecast.jobs import Forecast

MIA, TOM = UserId(uuid4()), UserId(uuid4())
LOCAL = [Lane.LOCAL]
BUSY = Outlook(100, 2, timedelta(seconds=4))


async def look(_lane: Lane) -> Outlook:
    return BUSY


class Counted:
    """Is a database that has counted, and how often it was asked to."""

    def __init__(self, waiting: Mapping[UserId, int]) -> None:
        self.asked = 0
        self.waiting = waiting

    async def __call__(self) -> Mapping[UserId, int]:
        self.asked += 1
        return self.waiting

    def backlog(self, limits: QueueLimits) -> Backlog:
        return Backlog(self, Forecast(look), limits)


async def test_jobs_of_one_user_beyond_the_limit_are_refused_and_others_are_not() -> None:
    backlog = Counted({MIA: 30}).backlog(QueueLimits(user=30))
    with pytest.raises(ResourceExhausted) as refused:
        await backlog.check(MIA, LOCAL)
    assert refused.value.reason == ErrorReason.ERROR_REASON_QUEUE_FULL
    assert "30 of your jobs wait already" in refused.value.message
    assert refused.value.retry_after == timedelta(seconds=6)
    await backlog.check(TOM, LOCAL)


async def test_a_refusal_tells_the_wait_of_the_busiest_of_its_lanes() -> None:
    async def look_at(lane: Lane) -> Outlook:
        return BUSY if lane is Lane.LOCAL else Outlook(100, 1, timedelta(seconds=4))

    backlog = Backlog(Counted({MIA: 30}), Forecast(look_at), QueueLimits(user=30))
    with pytest.raises(ResourceExhausted) as refused:
        await backlog.check(MIA, [Lane.LOCAL, Lane.HOSTED])
    assert refused.value.retry_after == timedelta(seconds=12)


async def test_jobs_beyond_what_may_wait_in_all_are_refused() -> None:
    backlog = Counted({MIA: 30, TOM: 20}).backlog(QueueLimits(all=50, user=40))
    with pytest.raises(ResourceExhausted, match="50 jobs wait already"):
        await backlog.check(TOM, LOCAL)


async def test_what_is_admitted_counts_before_the_database_is_asked_again() -> None:
    counted = Counted({})
    backlog = counted.backlog(QueueLimits(user=2))
    for _ in range(2):
        await backlog.check(MIA, LOCAL)
        backlog.add(MIA)
    with pytest.raises(ResourceExhausted):
        await backlog.check(MIA, LOCAL)


async def test_submits_that_come_together_count_once() -> None:
    counted = Counted({MIA: 1})
    backlog = counted.backlog(QueueLimits(user=2))
    await asyncio.gather(*(backlog.check(MIA, LOCAL) for _ in range(5)))
    assert counted.asked == 1


async def test_without_limits_nobody_is_asked() -> None:
    counted = Counted({MIA: 1_000_000})
    await counted.backlog(QueueLimits()).check(MIA, LOCAL)
    assert counted.asked == 0


async def test_a_database_that_is_away_is_for_the_submit_to_say() -> None:
    async def away() -> Mapping[UserId, int]:
        raise Unavailable("away", ErrorReason.ERROR_REASON_DATABASE_UNAVAILABLE)

    await Backlog(away, Forecast(look), QueueLimits(1, 1)).check(MIA, LOCAL)


@pytest.mark.parametrize(
    ("outlook", "limit", "seconds"),
    [
        (Outlook(0, 10, timedelta(seconds=2)), 100, 2),
        (Outlook(0, 0, timedelta(seconds=0.1)), 5, 1),
        (Outlook(0, 1, None), 10_000, 300),
    ],
)
def test_a_full_queue_has_room_when_a_tenth_is_worked_off(
    outlook: Outlook, limit: int, seconds: float
) -> None:
    assert room_after(outlook, limit) == timedelta(seconds=seconds)
