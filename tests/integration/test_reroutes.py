"""Waiting jobs get new lanes, and jobs are given back with new ones."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from server.domain.batches import NewBatch
from server.domain.ids import BatchId
from server.domain.jobs import BatchPlace, Failure
from server.domain.lanes import JobLane, Reroute
from server.domain.states import JobStatus, Lane
from server.domain.stories import Draft
from server.store import Store
from server.store.database import Executor, Record
from server.store.leases import Leases
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
        assert await store.leases.give_back(claim, lanes, why="another lane draws it")
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
    rows = await store.database.fetch("SELECT outcome, error_reason, error_message FROM attempts")
    assert {tuple(row) for row in rows} == {("released", None, "another lane draws it")}
    assert not await store.leases.give_back(claims[0], BOTH)  # its lease is lost


async def test_a_job_that_was_cancelled_is_not_given_back(waiting: JobInLanes) -> None:
    claim = await waiting.claim()
    assert await waiting.store.jobs.cancel(waiting.user, claim.job_id)
    assert await waiting.store.leases.give_back(claim, (HOSTED,))
    assert (await waiting.job()).status is JobStatus.CANCELLED
    assert await lanes_of(waiting.store) == {}


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
