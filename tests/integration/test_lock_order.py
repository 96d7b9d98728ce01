"""Statements lock jobs by batch and id, whatever order they are given in: none can deadlock."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from server.domain.batches import NewBatch
from server.domain.ids import BatchId, UserId
from server.domain.jobs import BatchPlace, Claim
from server.domain.states import Lane
from server.domain.stories import Draft
from server.store import Store
from tests.builders import new_job, new_user, outcome
from tests.integration.job_queue import until
from tests.integration.test_money_movements import waits

LEASE = timedelta(seconds=60)
LOCK_JOB = "SELECT FROM image_generation_jobs WHERE id = $1 FOR UPDATE"


async def lock(store: Store, user: UserId, claims: Sequence[Claim]) -> None:
    batch = claims[0].batch_id
    assert batch is not None
    async with store.transaction() as tx:
        await tx.batches.lock(batch)


async def cancel(store: Store, user: UserId, claims: Sequence[Claim]) -> None:
    await store.jobs.cancel_each(user, [claim.job_id for claim in claims])


async def release(store: Store, user: UserId, claims: Sequence[Claim]) -> None:
    await store.leases.release(claims)


async def complete(store: Store, user: UserId, claims: Sequence[Claim]) -> None:
    made = [(claim, outcome(claim.job_id, claim.attempt)) for claim in claims]
    await store.leases.complete_each(made)


async def renew(store: Store, user: UserId, claims: Sequence[Claim]) -> None:
    await store.leases.heartbeat(claims, LEASE)


@pytest.mark.parametrize("change", [lock, cancel, release, complete, renew])
async def test_jobs_are_locked_in_the_order_of_their_ids(
    store: Store, change: Callable[[Store, UserId, Sequence[Claim]], Coroutine[Any, Any, None]]
) -> None:
    user = await new_user(store)
    claims = await a_batch_in_the_opposite_order(store, user)
    lowest, highest = sorted(claim.job_id for claim in claims)
    async with store.database.transaction() as other:
        await other.execute(LOCK_JOB, lowest)
        changing = asyncio.create_task(change(store, user, claims))
        await until(lambda: waits(store))
        # It waits for the first and holds no other.
        await other.execute(f"{LOCK_JOB} NOWAIT", highest)
    await changing


async def a_batch_in_the_opposite_order(store: Store, user: UserId) -> list[Claim]:
    """Returns the claims of two jobs of a batch, the one with the higher id first."""
    story = await store.stories.create(user, Draft("", "", ()), None)
    assert story is not None
    batch = BatchId(uuid4())
    made = sorted((new_job(user) for _ in range(2)), key=lambda job: job.id, reverse=True)
    jobs = tuple(replace(job, batch=BatchPlace(batch, place)) for place, job in enumerate(made))
    ids = [job.id for job in jobs]
    async with store.transaction() as tx:
        await tx.batches.create(NewBatch(batch, user, story, "anime", 2, None, jobs, ()))
    claims = await store.leases.claim("w", Lane.LOCAL, 2, LEASE)
    return sorted(claims, key=lambda claim: ids.index(claim.job_id))
