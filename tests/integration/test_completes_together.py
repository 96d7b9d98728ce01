"""Jobs that end at the same time share a statement, and nothing else."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import asyncpg
import pytest

from server.domain.characters import FrozenCharacter
from server.domain.ids import CharacterId, UserId
from server.domain.jobs import Claim, NewJob, Placement
from server.domain.states import JobStatus, Lane
from server.store import Store
from tests.builders import description, new_job, new_user, outcome, render_spec
from tests.integration.job_queue import until

LEASE = timedelta(seconds=30)
EXPIRED = timedelta(seconds=-1)
NOW = timedelta(0)


async def claimed(store: Store, new_jobs: list[NewJob], lease: timedelta = LEASE) -> list[Claim]:
    """Submits jobs and claims them; returns the claims in the order of the jobs."""
    await store.submits.submit_each(new_jobs)
    claims = await store.leases.claim("w", Lane.LOCAL, len(new_jobs), lease)
    by_job = {claim.job_id: claim for claim in claims}
    return [by_job[new.id] for new in new_jobs]


def portrait(user: UserId, character: CharacterId, version: int) -> NewJob:
    """Returns a job that draws a character with a version of its description."""
    spec = render_spec(characters=(FrozenCharacter(character, version, description()),))
    return new_job(user, spec=spec, placement=Placement(character_id=character))


async def test_many_jobs_end_with_their_images_assets_and_money(store: Store) -> None:
    user = await new_user(store)
    new_jobs = [new_job(user, price_micros=index) for index in range(100)]
    claims = await claimed(store, new_jobs)
    ends = [outcome(claim.job_id, cost_micros=claim.price_micros) for claim in claims]
    done = await asyncio.gather(*(store.complete(*one) for one in zip(claims, ends, strict=True)))
    assert done == [True] * 100
    for new, end in zip(new_jobs, ends, strict=True):
        job = await store.jobs.get(user, new.id)
        image = await store.images.get(user, new.image_id)
        assert job is not None
        assert image is not None
        assert (job.status, job.actual_micros) == (JobStatus.COMPLETED, new.price_micros)
        assert job.stage_ms == end.stage_ms
        assert image.prompt == end.prompt
        assert image.keys == {asset.kind: asset.storage_key for asset in end.assets}
    [row] = await store.database.fetch(
        "SELECT count(*), sum(spent_micros) FROM ledger WHERE kind = 'settle'"
    )
    assert tuple(row) == (99, sum(range(100)))  # one of them is free


async def test_a_lost_lease_ends_nothing_and_harms_no_other(store: Store) -> None:
    user = await new_user(store)
    new_jobs = [new_job(user) for _ in range(3)]
    late = (await claimed(store, new_jobs[:1], EXPIRED))[0]
    assert await store.leases.rescue(NOW) == [new_jobs[0].id]
    [again] = await store.leases.claim("next", Lane.LOCAL, 1, LEASE)
    others = await claimed(store, new_jobs[1:])
    claims = [others[0], late, others[1]]
    ended = [(claim, outcome(claim.job_id, claim.attempt)) for claim in claims]
    assert await store.leases.complete_each(ended) == [True, False, True]
    rows = await store.database.fetch("SELECT DISTINCT job_id FROM assets")
    assert {row["job_id"] for row in rows} == {new.id for new in new_jobs[1:]}
    job = await store.jobs.get(user, new_jobs[0].id)
    assert job is not None
    assert (job.status, job.attempt) == (JobStatus.PROCESSING, again.attempt)
    # Both attempts of one job in one statement: only the one that holds it ends it.
    both = [(late, outcome(late.job_id)), (again, outcome(again.job_id, again.attempt))]
    assert await store.leases.complete_each(both) == [False, True]


async def test_a_lease_lost_while_its_end_waits_ends_nothing(store: Store) -> None:
    user = await new_user(store)
    claims = await claimed(store, [new_job(user) for _ in range(2)])
    ended = [(claim, outcome(claim.job_id)) for claim in claims]

    async def waits() -> bool:
        rows = await store.database.fetch(
            "SELECT FROM pg_stat_activity WHERE datname = current_database()"
            " AND wait_event_type = 'Lock'"
        )
        return bool(rows)

    async with store.transaction() as tx:
        assert await tx.leases.release(claims[:1]) == [claims[0].job_id]
        end = asyncio.create_task(store.leases.complete_each(ended))
        await until(waits)
    assert await end == [False, True]
    job = await store.jobs.get(user, claims[0].job_id)
    assert job is not None
    assert job.status is JobStatus.QUEUED


async def test_an_end_that_cannot_be_written_fails_alone(store: Store) -> None:
    user = await new_user(store)
    claims = await claimed(store, [new_job(user) for _ in range(3)])
    ends = [outcome(claim.job_id) for claim in claims]
    ends[1] = replace(ends[1], assets=ends[1].assets[:1] * 2)
    done = await asyncio.gather(
        *(store.complete(*one) for one in zip(claims, ends, strict=True)), return_exceptions=True
    )
    assert [done[0], done[2]] == [True, True]
    assert isinstance(done[1], asyncpg.UniqueViolationError)
    job = await store.jobs.get(user, claims[1].job_id)
    assert job is not None
    assert job.status is JobStatus.PROCESSING


@pytest.mark.parametrize("versions", [(1, 2), (2, 1)])
async def test_the_reference_shows_the_newest_description(
    store: Store, versions: tuple[int, int]
) -> None:
    user = await new_user(store)
    character = await store.characters.create(user, description(), None)
    assert character is not None
    new_jobs = [portrait(user, character, version) for version in versions]
    claims = await claimed(store, new_jobs)
    ended = [(claim, outcome(claim.job_id)) for claim in claims]
    assert await store.leases.complete_each(ended) == [True, True]
    [row] = await store.database.fetch("SELECT * FROM character_references")
    assert row["description_version"] == 2
    assert row["reference_image_id"] == new_jobs[versions.index(2)].image_id


async def test_the_money_of_all_ends_is_settled(store: Store) -> None:
    user = await new_user(store)
    new_jobs = [new_job(user, price_micros=40_000) for _ in range(3)]
    claims = await claimed(store, new_jobs)
    assert await store.money.hold([new.id for new in new_jobs], 200_000) is None
    ended = [(claim, outcome(claim.job_id, cost_micros=30_000)) for claim in claims[:2]]
    assert await store.leases.complete_each(ended) == [True, True]
    rows = await store.database.fetch("SELECT held_micros, spent_micros FROM budgets")
    assert [tuple(row) for row in rows] == [(40_000, 60_000)] * 3


async def test_ends_and_heartbeats_of_the_same_jobs_never_deadlock(store: Store) -> None:
    user = await new_user(store)
    for _ in range(5):
        claims = await claimed(store, [new_job(user) for _ in range(200)])
        ended = [(claim, outcome(claim.job_id)) for claim in claims]
        done, *_ = await asyncio.gather(
            store.leases.complete_each(ended),
            *(store.leases.heartbeat(claims[::-1], LEASE) for _ in range(3)),
        )
        assert all(done)
