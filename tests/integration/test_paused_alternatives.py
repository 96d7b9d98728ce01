"""A model that failed a job is asked again while all that may draw the job instead is paused."""

from typing import Any

import pytest

from actors.providers.base import Provider
from actors.providers.fake import FakeProvider
from actors.worker.rerouting import Rerouting
from server.domain.jobs import Job, NewJob
from server.domain.lanes import JobLane
from server.domain.limits import Limits
from server.domain.states import JobStatus, Lane
from server.routing.catalogue import KNOWN, STORYBOOK, Catalogue
from server.routing.conditions import GpuCost
from server.routing.failover import FailureKind
from server.routing.observer import Observer
from tests.builders import new_job
from tests.integration.job_queue import JobQueue, until
from tests.integration.paid_jobs import PRICE, admitted, failing

CATALOGUE = Catalogue([STORYBOOK, KNOWN["fake"]])
LOCAL, HOSTED = JobLane(Lane.LOCAL, ("storybook",)), JobLane(Lane.HOSTED, ("fake",))
SETTINGS: dict[str, Any] = {"slots": {"hosted": 2}, "no_offer_s": 0, "poll_s": 0.05}


async def submit(queue: JobQueue, *lanes: JobLane) -> NewJob:
    new = new_job(queue.user, lanes=lanes, limits=Limits(), price_micros=PRICE, provider="fake")
    return await admitted(queue, new)


def drawing(kind: FailureKind) -> dict[str, Provider]:
    """Returns a hosted model that fails once, and nothing else."""
    return {"fake": FakeProvider([failing(kind)])}


async def pause(queue: JobQueue) -> None:
    await queue.store.paused_lanes.pause(Lane.LOCAL, queue.user)


async def given_back(queue: JobQueue, new: NewJob) -> Job:
    """Waits until the first attempt has ended, and returns the job."""

    async def waits() -> Job | None:
        job = await queue.job(new.id)
        return job if (job.attempt, job.status) == (1, JobStatus.QUEUED) else None

    found: Job = await until(waits)
    return found


async def reroute(queue: JobQueue) -> int:
    """Routes all waiting jobs again; returns how many have other lanes now."""
    observer = Observer(queue.store, GpuCost(), fresh_s=0)
    return await Rerouting(CATALOGUE, observer, queue.store, queue.signals).reroute()


async def test_a_model_that_failed_is_asked_again_while_the_other_one_is_paused(
    job_queue: JobQueue,
) -> None:
    await pause(job_queue)
    new = await submit(job_queue, LOCAL, HOSTED)
    hosted = drawing(FailureKind.NOT_CONNECTED)
    async with job_queue.worker(providers=hosted, catalogue=CATALOGUE, **SETTINGS):
        job = await given_back(job_queue, new)
        assert {one.lane for one in job.lanes} == {Lane.LOCAL, Lane.HOSTED}
        assert {one.lane: one.opens_at is None for one in job.lanes}[Lane.LOCAL]
        await job_queue.store.database.execute("UPDATE job_lanes SET opens_at = now()")
        job = await job_queue.becomes(new, JobStatus.COMPLETED)
    assert (job.model, job.attempt, job.retry_count) == ("fake", 2, 0)


async def test_a_job_leaves_a_lane_that_is_paused_for_the_model_that_failed_it(
    job_queue: JobQueue,
) -> None:
    new = await submit(job_queue, HOSTED)
    hosted = drawing(FailureKind.NOT_CONNECTED)
    async with job_queue.worker(providers=hosted, catalogue=CATALOGUE, **SETTINGS):
        job = await given_back(job_queue, new)
        assert [one.lane for one in job.lanes] == [Lane.LOCAL]
        await pause(job_queue)
        assert await reroute(job_queue) == 1
        job = await job_queue.becomes(new, JobStatus.COMPLETED)
    assert (job.model, job.attempt) == ("fake", 2)


@pytest.mark.parametrize(
    "kind",
    [
        FailureKind.MODERATED,
        FailureKind.MODEL_GONE,
        FailureKind.UNREADABLE,
        FailureKind.OUTCOME_UNKNOWN,
    ],
    ids=str,
)
async def test_what_asking_again_does_not_help_waits_for_the_paused_lane(
    job_queue: JobQueue, kind: FailureKind
) -> None:
    await pause(job_queue)
    new = await submit(job_queue, LOCAL, HOSTED)
    async with job_queue.worker(
        providers=drawing(kind), catalogue=CATALOGUE, moderated_tries_next_offer=True, **SETTINGS
    ):
        job = await given_back(job_queue, new)
        assert [one.lane for one in job.lanes] == [Lane.LOCAL]
        assert await reroute(job_queue) == 0


async def test_a_job_returns_to_the_other_model_once_its_lane_is_resumed(
    job_queue: JobQueue,
) -> None:
    new = await submit(job_queue, HOSTED)
    hosted = drawing(FailureKind.NOT_CONNECTED)
    async with job_queue.worker(providers=hosted, catalogue=CATALOGUE, **SETTINGS):
        await given_back(job_queue, new)
    await pause(job_queue)
    assert await reroute(job_queue) == 1
    await job_queue.store.paused_lanes.resume(Lane.LOCAL)
    assert await reroute(job_queue) == 1
    assert [one.lane for one in (await job_queue.job(new.id)).lanes] == [Lane.LOCAL]
