"""A waiting job stands in every lane that its offers allow, and in none once it is claimed."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest

from server.domain.batches import NewBatch
from server.domain.ids import BatchId, JobId
from server.domain.jobs import BatchPlace, Claim, Failure
from server.domain.lanes import JobLane
from server.domain.states import DRAWING_LANES, JobStatus, Lane
from server.domain.stories import Draft
from server.store import Store
from tests.builders import new_job, new_user, outcome
from tests.integration.lane_jobs import (
    BOTH,
    HOSTED,
    LATER,
    LEASE,
    LOCAL,
    JobInLanes,
    lanes_of,
    standing,
    submit,
    waiting_in_both,
)
from tests.waiting import OUT_OF_STEP

NOW = timedelta(0)
FAILURE = Failure("RENDER_FAILED", "the model failed")


@pytest.fixture
async def waiting(store: Store) -> JobInLanes:
    """Returns a job that waits in both lanes."""
    return await waiting_in_both(store)


@pytest.fixture(autouse=True)
async def in_step(store: Store) -> AsyncIterator[None]:
    """Checks the rule of the queue after each test."""
    yield
    assert await store.database.fetch(OUT_OF_STEP) == []


@pytest.mark.parametrize(("lane", "models"), [(one.lane, one.models) for one in BOTH])
async def test_a_claim_in_one_lane_leaves_none(
    waiting: JobInLanes, lane: Lane, models: tuple[str, ...]
) -> None:
    assert set(await lanes_of(waiting.store)) == {"local", "hosted"}
    claim = await waiting.claim(lane)
    assert (claim.lane, claim.models) == (lane, models)
    job = await waiting.job()
    assert (job.lane, job.lanes) == (lane, BOTH)
    assert await lanes_of(waiting.store) == {}
    assert [await waiting.store.leases.claim("w", one, 1, LEASE) for one in DRAWING_LANES] == [
        [],
        [],
    ]


async def released(one: JobInLanes, claim: Claim) -> None:
    assert await one.store.leases.release([claim]) == [claim.job_id]


async def failed(one: JobInLanes, claim: Claim) -> None:
    assert await one.store.leases.fail(claim, FAILURE, retryable=True, backoff=NOW)


async def failed_with_a_pause(one: JobInLanes, claim: Claim) -> None:
    pause = timedelta(days=300)
    assert await one.store.leases.fail(claim, FAILURE, retryable=True, backoff=pause)


async def rescued(one: JobInLanes, claim: Claim) -> None:
    await one.store.leases.heartbeat([claim], timedelta(seconds=-1))
    assert await one.store.leases.rescue(NOW) == [claim.job_id]


async def retried_after_a_failure(one: JobInLanes, claim: Claim) -> None:
    assert await one.store.leases.fail(claim, FAILURE, retryable=False, backoff=NOW)
    assert await lanes_of(one.store) == {}
    assert await one.store.jobs.retry(one.user, claim.job_id, None) == 0


async def retried_after_a_cancel(one: JobInLanes, claim: Claim) -> None:
    await released(one, claim)
    assert await one.store.jobs.cancel(one.user, claim.job_id)
    assert await lanes_of(one.store) == {}
    assert await one.store.jobs.retry(one.user, claim.job_id, 0) == 0


async def given_back(one: JobInLanes, claim: Claim) -> None:
    assert await one.store.leases.give_back(claim, BOTH)


Way = Callable[[JobInLanes, Claim], Awaitable[None]]


@pytest.mark.parametrize(
    "back",
    [
        *(released, failed, failed_with_a_pause, rescued),
        *(retried_after_a_failure, retried_after_a_cancel, given_back),
    ],
)
async def test_every_way_back_to_the_queue_is_one_to_all_lanes(
    waiting: JobInLanes, back: Way
) -> None:
    await back(waiting, await waiting.claim(Lane.HOSTED))
    assert set(await lanes_of(waiting.store)) == {"local", "hosted"}
    assert (await waiting.job()).lanes == BOTH
    assert await waiting.store.database.fetch(OUT_OF_STEP) == []


async def completed(one: JobInLanes, claim: Claim) -> None:
    assert await one.store.leases.complete(claim, outcome(claim.job_id))


async def failed_for_good(one: JobInLanes, claim: Claim) -> None:
    assert await one.store.leases.fail(claim, FAILURE, retryable=False, backoff=NOW)


async def cancelled_while_it_ran(one: JobInLanes, claim: Claim) -> None:
    assert await one.store.jobs.cancel(one.user, claim.job_id)
    assert await one.store.leases.cancelled(claim)


async def cancelled_while_it_waited(one: JobInLanes, claim: Claim) -> None:
    await released(one, claim)
    assert await one.store.jobs.cancel(one.user, claim.job_id)


async def found_unclaimable(one: JobInLanes, claim: Claim) -> None:
    await released(one, claim)
    await one.store.database.execute("UPDATE image_generation_jobs SET spec = '{}'")
    assert await one.store.leases.claim("w", Lane.HOSTED, 1, LEASE) == []
    assert (await one.job()).status is JobStatus.FAILED


@pytest.mark.parametrize(
    "out",
    [
        *(completed, failed_for_good, cancelled_while_it_ran),
        *(cancelled_while_it_waited, found_unclaimable),
    ],
)
async def test_every_end_leaves_no_lane(waiting: JobInLanes, out: Way) -> None:
    await out(waiting, await waiting.claim())
    assert await lanes_of(waiting.store) == {}


async def test_a_job_of_a_batch_stands_in_its_lanes_once_it_is_ready(store: Store) -> None:
    user, batch = await new_user(store), BatchId(uuid4())
    story = await store.stories.create(user, Draft("", "", ()), None)
    assert story is not None
    jobs = [new_job(user, batch=BatchPlace(batch, place), lanes=BOTH) for place in range(3)]
    needs = ((jobs[2].id, jobs[0].id),)
    async with store.transaction() as tx:
        await tx.batches.create(NewBatch(batch, user, story, "anime", 5, None, tuple(jobs), needs))
    assert await standing(store, Lane.HOSTED) == [jobs[0].id, jobs[1].id]
    [first] = await store.leases.claim("w", Lane.HOSTED, 1, LEASE)
    assert await store.leases.complete(first, outcome(first.job_id))
    for lane in DRAWING_LANES:
        assert await standing(store, lane) == [jobs[1].id, jobs[2].id]
    [stored] = await store.batches.snapshots([batch])
    assert stored.lanes == set(DRAWING_LANES)


async def test_a_failed_batch_that_is_retried_stands_in_its_lanes_once(store: Store) -> None:
    user, batch = await new_user(store), BatchId(uuid4())
    story = await store.stories.create(user, Draft("", "", ()), None)
    assert story is not None
    jobs = [new_job(user, batch=BatchPlace(batch, place), lanes=BOTH) for place in range(2)]
    async with store.transaction() as tx:
        await tx.batches.create(NewBatch(batch, user, story, "anime", 1, None, tuple(jobs), ()))
    await store.jobs.cancel_each(user, [job.id for job in jobs])
    assert await lanes_of(store) == {}
    await store.jobs.retry_each(user, [job.id for job in jobs], None)
    assert await standing(store, Lane.LOCAL) == [jobs[0].id]


async def test_jobs_of_older_versions_stand_in_their_one_lane(store: Store) -> None:
    user = await new_user(store)
    [new] = await submit(store, user, 1, LOCAL)
    await store.database.execute("UPDATE image_generation_jobs SET lanes = NULL, turn = 5")
    assert await lanes_of(store) == {"local": 5}
    await store.database.execute(
        "UPDATE image_generation_jobs SET status = 'processing', attempt = 1, worker = 'old',"
        " lease_expires_at = now() - interval '1 s'"
    )
    assert await lanes_of(store) == {}
    assert await store.leases.rescue(NOW) == [new.id]
    [claim] = await store.leases.claim("w", Lane.LOCAL, 1, LEASE)
    assert claim.models == ("storybook",)
    assert await store.leases.give_back(claim, BOTH)
    assert await lanes_of(store) == {"local": 5, "hosted": 0}


async def test_a_lane_may_take_a_job_from_its_time(store: Store) -> None:
    user = await new_user(store)
    [new] = await submit(store, user, 1, LOCAL, replace(HOSTED, opens_at=LATER))
    assert await store.leases.claim("w", Lane.HOSTED, 1, LEASE) == []
    # Its time comes, without a statement that changes the job.
    await store.database.execute("UPDATE image_generation_jobs SET lanes[2].opens_at = NULL")
    await store.database.execute("UPDATE job_lanes SET open = false WHERE lane = 'hosted'")
    [claim] = await store.leases.claim("w", Lane.HOSTED, 1, LEASE)
    assert claim.job_id == new.id


async def test_a_pause_counts_in_every_lane(waiting: JobInLanes) -> None:
    await failed_with_a_pause(waiting, await waiting.claim())
    assert [await waiting.store.leases.claim("w", lane, 1, LEASE) for lane in DRAWING_LANES] == [
        [],
        [],
    ]


async def test_a_rows_time_that_has_come_does_not_wait_while_its_lane_is_busy(store: Store) -> None:
    busy, urgent = await new_user(store), await new_user(store)
    await submit(store, busy, 3, LOCAL)
    new = new_job(urgent, lanes=(LOCAL,), priority=0)
    await store.submits.submit(new)
    await store.database.execute("UPDATE job_lanes SET open = false WHERE priority = 0")
    claims = [(await store.leases.claim("w", Lane.LOCAL, 1, LEASE))[0] for _ in range(2)]
    assert claims[1].job_id == new.id


async def test_two_lanes_never_claim_one_job(store: Store) -> None:
    user = await new_user(store)
    jobs = await submit(store, user, 200, *BOTH)

    async def empty(lane: Lane, worker: str) -> list[JobId]:
        taken: list[JobId] = []
        while await standing(store, lane):
            claims = await store.leases.claim(worker, lane, 7, LEASE)
            taken += [claim.job_id for claim in claims]
            await store.leases.complete_each([(one, outcome(one.job_id)) for one in claims])
        return taken

    lanes = [lane for lane in DRAWING_LANES for _ in range(2)]
    taken = await asyncio.gather(*(empty(lane, f"{lane} {n}") for n, lane in enumerate(lanes)))
    assert sorted(job for jobs_of_one in taken for job in jobs_of_one) == sorted(
        job.id for job in jobs
    )


async def test_users_take_turns_in_each_lane(store: Store) -> None:
    noisy, other = await new_user(store), await new_user(store)
    await submit(store, noisy, 20, *BOTH)
    await submit(store, other, 2, HOSTED)
    await submit(store, other, 1, LOCAL)
    for lane, users in (
        (Lane.HOSTED, [noisy, other, noisy, other, noisy, noisy]),
        (Lane.LOCAL, [other, noisy, noisy]),  # four jobs of the noisy one are gone
    ):
        served = []
        for _ in users:
            [claim] = await store.leases.claim("w", lane, 1, LEASE)
            await store.leases.complete(claim, outcome(claim.job_id))
            served.append(claim.user_id)
        assert served == users


@pytest.mark.parametrize("lanes", [(), (LOCAL, LOCAL)])
async def test_a_job_has_a_lane_and_each_lane_once(
    waiting: JobInLanes, lanes: tuple[JobLane, ...]
) -> None:
    match = "a job has at least one lane, and each lane once"
    with pytest.raises(ValueError, match=match):
        await waiting.store.submits.submit(new_job(waiting.user, lanes=lanes))
    with pytest.raises(ValueError, match=match):
        await waiting.store.leases.reroute(waiting.new.id, BOTH, lanes)
    with pytest.raises(ValueError, match=match):
        await waiting.store.leases.give_back(await waiting.claim(), lanes)


async def test_a_job_in_two_lanes_counts_once(waiting: JobInLanes) -> None:
    store, other = waiting.store, await new_user(waiting.store)
    assert await store.jobs.waiting() == {waiting.user: 1}
    assert [(await store.jobs.outlook(lane)).waiting for lane in DRAWING_LANES] == [1, 1]
    assert (await store.batches.pace(other, set(DRAWING_LANES))).ahead == (1,)
    await waiting.claim()
    assert [(await store.jobs.outlook(lane)).waiting for lane in DRAWING_LANES] == [0, 0]
    assert (await store.batches.pace(other, set(DRAWING_LANES))).ahead == (1,)
