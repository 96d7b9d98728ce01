"""Jobs that nothing may draw: no look puts them off, and they wait as long as they may."""

from datetime import UTC, datetime, timedelta

import pytest

from actors.worker.rerouting import Rerouting
from server.domain.jobs import NewJob
from server.domain.lanes import JobLane, Reroute
from server.domain.states import JobStatus
from server.routing.conditions import GpuCost
from server.routing.failover import FailureKind
from server.routing.observer import Observer
from tests.integration.job_queue import JobQueue, until
from tests.integration.paid_jobs import (
    PAID,
    PRICE,
    calls,
    failing,
    money,
    providers,
    submit,
)


async def lane(queue: JobQueue, new: NewJob) -> JobLane:
    """Returns the only lane of a job."""
    [found] = (await queue.job(new.id)).lanes
    return found


async def reroute(queue: JobQueue) -> int:
    """Looks at all waiting jobs, and returns how many have other lanes now."""
    observer = Observer(queue.store, GpuCost(), fresh_s=0)
    return await Rerouting(PAID, observer, queue.store, queue.signals).reroute()


async def test_a_held_job_is_not_put_off_by_its_own_hold(job_queue: JobQueue) -> None:
    new = await submit(job_queue, model="fake")
    await job_queue.store.budgets.set_limit("global", PRICE, job_queue.user)  # what it holds
    await reroute(job_queue)
    assert (await lane(job_queue, new)).opens_at is None


@pytest.mark.parametrize("before", [timedelta(seconds=-1), timedelta(seconds=10)])
async def test_no_look_puts_off_a_job_whose_provider_is_off(
    job_queue: JobQueue, before: timedelta
) -> None:
    new = await submit(job_queue, model="fake")
    await job_queue.store.health.turn_off("fake", "", FailureKind.ACCOUNT_STOPPED)
    opens = datetime.now(UTC) + before
    known = await lane(job_queue, new)
    lanes = [JobLane(known.lane, ("fake",), opens)]
    assert await job_queue.store.leases.reroute_each([Reroute(new.id, [known], lanes)])
    await reroute(job_queue)
    assert await lane(job_queue, new) == lanes[0]


async def test_a_job_fails_after_its_wait_however_long_its_provider_asks_for(
    job_queue: JobQueue,
) -> None:
    new = await submit(job_queue, model="fake")
    await job_queue.store.health.waits("fake", timedelta(hours=1), FailureKind.RATE_LIMITED)
    async with job_queue.worker(providers=providers(), catalogue=PAID, no_offer_s=1, poll_s=0.1):
        job = await job_queue.becomes(new, JobStatus.FAILED)
    assert job.failure is not None
    assert job.failure.reason == "NO_ELIGIBLE_OFFER"
    assert "asked to wait until" in job.failure.message


async def test_a_job_of_a_model_that_is_gone_fails_at_once(job_queue: JobQueue) -> None:
    new = await submit(job_queue, model="fake")
    await job_queue.store.health.turn_off("fake", "fake", FailureKind.MODEL_GONE)
    async with job_queue.worker(providers=providers(), catalogue=PAID, no_offer_s=3600):
        job = await job_queue.becomes(new, JobStatus.FAILED)
    assert job.failure is not None
    assert job.failure.reason == "NO_ELIGIBLE_OFFER"


async def test_a_job_whose_model_is_found_gone_fails_in_the_same_attempt(
    job_queue: JobQueue,
) -> None:
    new = await submit(job_queue, model="fake")
    drawing = providers([failing(FailureKind.MODEL_GONE)])
    async with job_queue.worker(providers=drawing, catalogue=PAID, no_offer_s=3600):
        job = await job_queue.becomes(new, JobStatus.FAILED)
    assert job.failure is not None
    assert (job.attempt, job.failure.reason) == (1, "NO_ELIGIBLE_OFFER")
    assert "fake is off (model_gone)" in job.failure.message
    assert await calls(job_queue) == [(1, "fake", "released", 0)]
    assert await money(job_queue) == (0, 0)


async def test_a_job_that_pins_no_model_waits_for_one_that_is_found_gone(
    job_queue: JobQueue,
) -> None:
    new = await submit(job_queue)
    gone = [failing(FailureKind.MODEL_GONE)]
    async with job_queue.worker(providers=providers(gone, gone), catalogue=PAID, no_offer_s=3600):
        await until(lambda: _waits(job_queue))
    assert (await job_queue.job(new.id)).status is JobStatus.QUEUED


async def _waits(queue: JobQueue) -> bool:
    row = await queue.store.database.fetchrow(
        "SELECT count(*) AS jobs FROM image_generation_jobs WHERE no_offer_since IS NOT NULL"
    )
    return row is not None and row["jobs"] == 1
