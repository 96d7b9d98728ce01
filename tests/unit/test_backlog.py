"""The backlog: the limits of waiting jobs, and the refusals."""

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
    """A fixed count of waiting jobs; records the number of its calls."""

    def __init__(self, waiting: Mapping[UserId, int]) -> None:
        self.calls = 0
        self.waiting = waiting

    async def __call__(self) -> Mapping[UserId, int]:
        self.calls += 1
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


async def test_a_refusal_names_the_wait_of_its_busiest_lane() -> None:
    async def look_at(lane: Lane) -> Outlook:
        return BUSY if lane is Lane.LOCAL else Outlook(100, 1, timedelta(seconds=4))

    backlog = Backlog(Counted({MIA: 30}), Forecast(look_at), QueueLimits(user=30))
    with pytest.raises(ResourceExhausted) as refused:
        await backlog.check(MIA, [Lane.LOCAL, Lane.HOSTED])
    assert refused.value.retry_after == timedelta(seconds=12)


async def test_jobs_beyond_the_total_limit_are_refused() -> None:
    backlog = Counted({MIA: 30, TOM: 20}).backlog(QueueLimits(all=50, user=40))
    with pytest.raises(ResourceExhausted, match="50 jobs wait already"):
        await backlog.check(TOM, LOCAL)


async def test_admitted_jobs_count_before_the_next_query() -> None:
    counted = Counted({})
    backlog = counted.backlog(QueueLimits(user=2))
    for _ in range(2):
        await backlog.check(MIA, LOCAL)
        backlog.add(MIA)
    with pytest.raises(ResourceExhausted):
        await backlog.check(MIA, LOCAL)


async def test_concurrent_submits_share_one_query() -> None:
    counted = Counted({MIA: 1})
    backlog = counted.backlog(QueueLimits(user=2))
    await asyncio.gather(*(backlog.check(MIA, LOCAL) for _ in range(5)))
    assert counted.calls == 1


async def test_without_limits_nothing_is_queried() -> None:
    counted = Counted({MIA: 1_000_000})
    await counted.backlog(QueueLimits()).check(MIA, LOCAL)
    assert counted.calls == 0


async def test_an_unavailable_database_is_left_to_the_submit_to_report() -> None:
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
def test_a_full_queue_has_room_after_a_tenth_is_done(
    outlook: Outlook, limit: int, seconds: float
) -> None:
    assert room_after(outlook, limit) == timedelta(seconds=seconds)
