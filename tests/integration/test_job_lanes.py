"""A waiting job stands in every lane that its offers allow, and in none once it is claimed."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from server.domain.batches import NewBatch
from server.domain.ids import BatchId, JobId, UserId
from server.domain.jobs import BatchPlace, Claim, Failure, Job, NewJob
from server.domain.lanes import JobLane, Reroute
from server.domain.states import JobStatus, Lane
from server.domain.stories import Draft
from server.store import Store
from server.store.database import Executor, Record
from server.store.leases import Leases
from tests.builders import new_job, new_user, outcome
from tests.waiting import OUT_OF_STEP

LEASE = timedelta(seconds=60)
NOW = timedelta(0)
LATER = datetime(2099, 1, 1, tzinfo=UTC)
FAILURE = Failure("RENDER_FAILED", "the model failed")
LOCAL = JobLane(Lane.LOCAL, ("storybook",))
HOSTED = JobLane(Lane.HOSTED, ("image-2", "image-2-mini"))
BOTH = (LOCAL, HOSTED)


@dataclass
class JobInLanes:
    """A job that waits in two lanes, and the store that has it."""

    store: Store
    user: UserId
    new: NewJob

    async def claim(self, lane: Lane = Lane.LOCAL, lease: timedelta = LEASE) -> Claim:
        [claim] = await self.store.leases.claim("w", lane, 1, lease)
        assert claim.job_id == self.new.id
        return claim

    async def job(self) -> Job:
        job = await self.store.jobs.get(self.user, self.new.id)
        assert job is not None
        return job


@pytest.fixture
async def waiting(store: Store) -> JobInLanes:
    """Returns a job that waits in both lanes."""
    user = await new_user(store)
    new = new_job(user, lanes=BOTH)
    assert await store.jobs.submit(new)
    return JobInLanes(store, user, new)


@pytest.fixture(autouse=True)
async def in_step(store: Store) -> AsyncIterator[None]:
    """Checks the rule of the queue after each test."""
    yield
    assert await store.database.fetch(OUT_OF_STEP) == []


async def lanes_of(store: Store) -> dict[str, int]:
    """Returns the lanes in which jobs stand, with their turns, where one job waits."""
    rows = await store.database.fetch("SELECT lane, turn FROM job_lanes")
    return {row["lane"]: row["turn"] for row in rows}


async def submit(store: Store, user: UserId, jobs: int, *lanes: JobLane) -> list[NewJob]:
    new = [new_job(user, lanes=lanes) for _ in range(jobs)]
    assert all(await store.jobs.submit_each(new))
    return new


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
    assert [await waiting.store.leases.claim("w", one, 1, LEASE) for one in Lane] == [[], []]


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
    for lane in Lane:
        assert await standing(store, lane) == [jobs[1].id, jobs[2].id]
    [stored] = await store.batches.snapshots([batch])
    assert stored.lanes == set(Lane)


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


async def standing(store: Store, lane: Lane) -> list[JobId]:
    """Returns the jobs that stand in a lane, in order."""
    rows = await store.database.fetch(
        "SELECT job_id FROM job_lanes WHERE lane = $1 ORDER BY priority, turn, queued_at", lane
    )
    return [JobId(row["job_id"]) for row in rows]


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
    assert [await waiting.store.leases.claim("w", lane, 1, LEASE) for lane in Lane] == [[], []]


async def test_a_rows_time_that_has_come_does_not_wait_while_its_lane_is_busy(store: Store) -> None:
    busy, urgent = await new_user(store), await new_user(store)
    await submit(store, busy, 3, LOCAL)
    new = new_job(urgent, lanes=(LOCAL,), priority=0)
    await store.jobs.submit(new)
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

    lanes = [lane for lane in Lane for _ in range(2)]
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


async def test_a_reroute_keeps_the_turn_in_lanes_that_stay(store: Store) -> None:
    user, other = await new_user(store), await new_user(store)
    await submit(store, other, 3, HOSTED)
    jobs = await submit(store, user, 3, LOCAL)
    spill = (replace(LOCAL, models=("watercolor",)), replace(HOSTED, opens_at=LATER))
    changes = [Reroute(job.id, (LOCAL,), spill) for job in reversed(jobs)]
    assert set(await store.leases.reroute_each(changes)) == {job.id for job in jobs}
    assert await standing(store, Lane.LOCAL) == [job.id for job in jobs]
    rows = await store.database.fetch(
        "SELECT turn FROM job_lanes WHERE user_id = $1 AND lane = 'hosted' ORDER BY turn", user
    )
    assert [row["turn"] for row in rows] == [0, 1, 2]  # in turns with those of the other user
    job = await store.jobs.get(user, jobs[0].id)
    assert job is not None
    assert job.lanes == spill


async def test_a_reroute_moves_a_job_to_its_new_lanes_alone(waiting: JobInLanes) -> None:
    assert await waiting.store.leases.reroute(waiting.new.id, BOTH, (HOSTED,))
    assert set(await lanes_of(waiting.store)) == {"hosted"}
    assert (await waiting.job()).lane is Lane.HOSTED


async def test_a_reroute_of_a_batch_counts_once_its_job_is_ready(store: Store) -> None:
    user, batch = await new_user(store), BatchId(uuid4())
    story = await store.stories.create(user, Draft("", "", ()), None)
    assert story is not None
    jobs = [new_job(user, batch=BatchPlace(batch, place), lanes=BOTH) for place in range(2)]
    async with store.transaction() as tx:
        await tx.batches.create(NewBatch(batch, user, story, "anime", 1, None, tuple(jobs), ()))
    assert await store.leases.reroute(jobs[1].id, BOTH, (HOSTED,))
    assert await standing(store, Lane.HOSTED) == [jobs[0].id]
    [claim] = await store.leases.claim("w", Lane.LOCAL, 1, LEASE)
    assert await store.leases.complete(claim, outcome(claim.job_id))
    assert await lanes_of(store) == {"hosted": 0}


@pytest.mark.parametrize("seen", [(LOCAL,), (HOSTED, LOCAL), (replace(LOCAL, models=()), HOSTED)])
async def test_a_reroute_changes_no_job_that_has_other_lanes_than_were_seen(
    waiting: JobInLanes, seen: tuple[JobLane, ...]
) -> None:
    assert not await waiting.store.leases.reroute(waiting.new.id, seen, (HOSTED,))
    assert set(await lanes_of(waiting.store)) == {"local", "hosted"}


async def test_a_reroute_changes_no_job_that_runs(waiting: JobInLanes) -> None:
    await waiting.claim()
    assert not await waiting.store.leases.reroute(waiting.new.id, BOTH, (HOSTED,))
    assert (await waiting.job()).lanes == BOTH


async def test_a_job_that_is_given_back_spends_no_retry_and_keeps_its_turn(store: Store) -> None:
    user, other = await new_user(store), await new_user(store)
    await submit(store, user, 2, LOCAL)
    await submit(store, other, 1, HOSTED)
    claims = await store.leases.claim("w", Lane.LOCAL, 2, LEASE)
    lanes = (HOSTED, replace(LOCAL, opens_at=LATER))
    for claim in claims:
        assert await store.leases.give_back(claim, lanes)
    rows = await store.database.fetch(
        "SELECT lane, turn, open FROM job_lanes WHERE user_id = $1", user
    )
    assert sorted(map(tuple, rows)) == [
        *(("hosted", turn, True) for turn in (0, 1)),
        *(("local", turn, False) for turn in (0, 1)),
    ]
    job = await store.jobs.get(user, claims[0].job_id)
    assert job is not None
    assert (job.status, job.retry_count, job.lane) == (JobStatus.QUEUED, 0, Lane.HOSTED)
    rows = await store.database.fetch("SELECT outcome, error_reason FROM attempts")
    assert {tuple(row) for row in rows} == {("released", None)}
    assert not await store.leases.give_back(claims[0], BOTH)  # its lease is lost


async def test_a_job_that_was_cancelled_is_not_given_back(waiting: JobInLanes) -> None:
    claim = await waiting.claim()
    assert await waiting.store.jobs.cancel(waiting.user, claim.job_id)
    assert await waiting.store.leases.give_back(claim, (HOSTED,))
    assert (await waiting.job()).status is JobStatus.CANCELLED
    assert await lanes_of(waiting.store) == {}


@pytest.mark.parametrize("lanes", [(), (LOCAL, LOCAL)])
async def test_a_job_has_a_lane_and_each_lane_once(
    waiting: JobInLanes, lanes: tuple[JobLane, ...]
) -> None:
    match = "a job has at least one lane, and each lane once"
    with pytest.raises(ValueError, match=match):
        await waiting.store.jobs.submit(new_job(waiting.user, lanes=lanes))
    with pytest.raises(ValueError, match=match):
        await waiting.store.leases.reroute(waiting.new.id, BOTH, lanes)
    with pytest.raises(ValueError, match=match):
        await waiting.store.leases.give_back(await waiting.claim(), lanes)


async def test_a_job_in_two_lanes_counts_once(waiting: JobInLanes) -> None:
    store, other = waiting.store, await new_user(waiting.store)
    assert await store.jobs.waiting() == {waiting.user: 1}
    assert [(await store.jobs.outlook(lane)).waiting for lane in Lane] == [1, 1]
    assert (await store.batches.pace(other, set(Lane))).ahead == (1,)
    await waiting.claim()
    assert [(await store.jobs.outlook(lane)).waiting for lane in Lane] == [0, 0]
    assert (await store.batches.pace(other, set(Lane))).ahead == (1,)


@dataclass
class HeldDatabase:
    """A database whose claims wait, after their first look at the queue, while a lock is held."""

    database: Executor
    without: str

    async def fetch(self, query: str, *args: Any) -> list[Record]:
        query = query.replace("AND l.spec_version <= $2", "AND l.spec_version <= $2 AND held()")
        return await self.database.fetch(query.replace(self.without, ""), *args)

    async def fetchrow(self, query: str, *args: Any) -> Record | None:
        return await self.database.fetchrow(query, *args)

    async def execute(self, query: str, *args: Any) -> str:
        return await self.database.execute(query, *args)


_HELD = """
CREATE FUNCTION held() RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_advisory_xact_lock_shared(7);
  RETURN true;
END $$
"""
_WAITS = "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
_SECOND_LOCK = "FOR UPDATE OF l SKIP LOCKED"


@pytest.mark.parametrize(("without", "taken"), [("nothing", 0), (_SECOND_LOCK, 1)])
async def test_a_claim_takes_no_row_that_was_removed_since_it_began(
    waiting: JobInLanes, without: str, taken: int
) -> None:
    store = waiting.store
    await store.database.execute(_HELD)
    leases = Leases(HeldDatabase(store.database, without))
    async with store.database.transaction() as other:
        await other.execute("SELECT pg_advisory_xact_lock(7)")
        claiming = asyncio.create_task(leases.claim("w", Lane.LOCAL, 1, LEASE))
        while not await store.database.fetch(_WAITS):
            await asyncio.sleep(0.01)
        assert await store.leases.reroute(waiting.new.id, BOTH, (HOSTED,))
    assert len(await claiming) == taken
