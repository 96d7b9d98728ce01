"""Estimates of joined pictures, whether the latest ones were drawn alone or together."""

from datetime import timedelta

import pytest

from actors.serve.scaling import replicas_for
from server.domain.jobs import Outcome
from server.domain.states import Lane, Quality, Stage
from server.routing.catalogue import STORYBOOK
from server.routing.conditions import GpuCost
from server.routing.observer import Observer
from tests.builders import outcome
from tests.integration.job_queue import JobQueue

HOUR = timedelta(hours=1)
SLOTS, GAIN = 10, 2.5
ALONE_S = 4.0
EACH_S = ALONE_S / GAIN
"""How long each of many pictures takes while the slots are full."""

_DRAWN = """
WITH placed AS (
  SELECT job_id, now() - (row_number() OVER () - 1) / $1 * $2::interval AS until FROM attempts
), jobs AS (
  UPDATE image_generation_jobs SET completed_at = placed.until
  FROM placed WHERE placed.job_id = id
)
UPDATE attempts SET started_at = placed.until - $2::interval, finished_at = placed.until
FROM placed WHERE placed.job_id = attempts.job_id
"""


async def drawn(job_queue: JobQueue, together: int, each: float) -> None:
    """Has 100 pictures drawn, some together and then the next ones, in so many seconds each."""
    store = job_queue.store
    made: dict[Stage, int] = {Stage.RENDERING: int(each * 1000)}
    for _ in range(100):
        await job_queue.submit(signal=False)
    for claim in await store.leases.claim("before", Lane.LOCAL, 100, HOUR):
        done: Outcome = outcome(claim.job_id, stage_ms=made)
        assert await store.leases.complete(claim, done)
    await store.database.execute(_DRAWN, together, timedelta(seconds=each))


async def ready(job_queue: JobQueue, gain: float | None = GAIN) -> None:
    """Tells of a worker whose slots share a device."""
    await job_queue.store.workers.ready("w", {Lane.LOCAL: SLOTS}, HOUR, gain=gain)


FULL_S = ALONE_S * SLOTS / GAIN


@pytest.mark.parametrize(("together", "each"), [(1, ALONE_S), (SLOTS, FULL_S)])
async def test_many_pictures_take_as_long_whether_the_latest_were_alone_or_joined(
    job_queue: JobQueue, together: int, each: float
) -> None:
    store = job_queue.store
    await drawn(job_queue, together, each)
    await ready(job_queue)
    for _ in range(20):
        await job_queue.submit(signal=False)
    now = await Observer(store, GpuCost()).conditions()
    assert now.waits(STORYBOOK, Quality.STANDARD) == pytest.approx(20 * EACH_S, rel=0.05)
    outlook = await store.jobs.outlook(Lane.LOCAL)
    assert outlook.mean_duration is not None
    seconds = outlook.mean_duration.total_seconds() / outlook.at_once
    assert outlook.waiting == 20
    assert seconds == pytest.approx(EACH_S, rel=0.05)
    demand = await store.demands.of(Lane.LOCAL, "storybook")
    assert demand.render is not None
    assert demand.render.total_seconds() / demand.at_once == pytest.approx(EACH_S, rel=0.05)
    within, unmeasured = timedelta(seconds=21 * EACH_S), timedelta(seconds=1)
    assert replicas_for([demand], within, unmeasured) == 1


async def test_before_any_picture_was_measured_the_catalogues_time_is_that_of_a_lone_one(
    job_queue: JobQueue,
) -> None:
    await ready(job_queue)
    for _ in range(20):
        await job_queue.submit(signal=False)
    now = await Observer(job_queue.store, GpuCost()).conditions()
    lone = STORYBOOK.grades[Quality.STANDARD].seconds
    assert now.waits(STORYBOOK, Quality.STANDARD) == pytest.approx(20 * lone / GAIN)


async def test_workers_that_do_not_tell_are_counted_by_their_slots_until_one_does(
    job_queue: JobQueue,
) -> None:
    store = job_queue.store
    await store.workers.ready("old", {Lane.LOCAL: 2, Lane.HOSTED: 8}, HOUR)
    now = await Observer(store, GpuCost()).conditions()
    assert now.lanes[Lane.LOCAL].at_once(measured=True) == 2
    assert now.lanes[Lane.HOSTED].at_once(measured=True) == 8
    await ready(job_queue)
    now = await Observer(store, GpuCost()).conditions()
    local = now.lanes[Lane.LOCAL]
    assert (local.slots, local.gain) == (SLOTS + 2, GAIN + 1)
    assert now.lanes[Lane.HOSTED].at_once(measured=True) == 8
