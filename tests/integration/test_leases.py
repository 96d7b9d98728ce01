"""The guards of a lease: the writes that are refused once it is lost."""

from dataclasses import replace
from datetime import timedelta

import pytest

from server.domain.jobs import Failure, Progress
from server.domain.states import AssetKind, ImageStatus, JobStatus, Lane, Stage
from server.store import Store
from tests.builders import BOOTS, SWORD, new_job, new_user, outcome

LEASE = timedelta(seconds=30)
EXPIRED = timedelta(seconds=-1)
NOW = timedelta(0)
RENDERING = Progress(1, Stage.RENDERING, 1, 20, 0.1)
FAILURE = Failure("RENDER_FAILED", "the model failed")


async def test_a_claim_takes_the_most_urgent_and_then_the_oldest(store: Store) -> None:
    user = await new_user(store)
    new_jobs = [new_job(user, priority=priority) for priority in (2, 3, 1, 2)]
    for new in new_jobs:
        await store.submits.submit(new)
    claimed = [(await store.leases.claim("w", Lane.LOCAL, 1, LEASE))[0].job_id for _ in range(4)]
    assert claimed == [new_jobs[index].id for index in (2, 0, 3, 1)]
    assert await store.leases.claim("w", Lane.LOCAL, 1, LEASE) == []


async def test_a_completed_job_has_its_image_assets_and_money_at_once(store: Store) -> None:
    user = await new_user(store)
    new = new_job(user)
    await store.submits.submit(new)
    [claim] = await store.leases.claim("w", Lane.LOCAL, 1, LEASE)
    assert claim.spec == new.spec
    assert await store.leases.complete(claim, outcome(new.id))
    job = await store.jobs.get(user, new.id)
    image = await store.images.get(user, new.image_id)
    assert job is not None
    assert image is not None
    assert (job.status, image.status) == (JobStatus.COMPLETED, ImageStatus.COMPLETED)
    assert len(image.keys) == 4
    assert job.stage_ms == {Stage.RENDERING: 900, Stage.STORING: 20}
    assert job.not_drawn == image.not_drawn == (SWORD, BOOTS)
    [row] = await store.database.fetch("SELECT generation_params FROM images")
    assert row["generation_params"] == {
        "steps": 20,
        "guidance_scale": 5.0,
        "scheduler": "EulerDiscreteScheduler",
    }
    assert await store.database.fetch("SELECT FROM ledger, budgets") == []


async def test_an_image_says_how_its_files_were_written(store: Store) -> None:
    user = await new_user(store)
    new = new_job(user)
    await store.submits.submit(new)
    [claim] = await store.leases.claim("w", Lane.LOCAL, 1, LEASE)
    drawn = outcome(new.id)
    written = {AssetKind.DISPLAY: "jpeg 95 4:4:4", AssetKind.PRINT: "jpeg 91 4:2:0"}
    assets = (replace(one, encoding=written.get(one.kind, "")) for one in drawn.assets)
    assert await store.leases.complete(claim, replace(drawn, assets=tuple(assets)))
    [row] = await store.database.fetch("SELECT generation_params FROM images")
    assert row["generation_params"]["files"] == {
        "display": "jpeg 95 4:4:4",
        "print": "jpeg 91 4:2:0",
    }
    assert row["generation_params"]["steps"] == 20


async def test_a_job_keeps_1_kib_of_what_a_worker_says(store: Store) -> None:
    user = await new_user(store)
    for new in (drawn := new_job(user), failed := new_job(user)):
        await store.submits.submit(new)
    claims = {claim.job_id: claim for claim in await store.leases.claim("w", Lane.LOCAL, 2, LEASE)}
    words = outcome(drawn.id, not_drawn=(SWORD,) * 1_000)
    assert await store.leases.complete(claims[drawn.id], words)
    long = Failure("RENDER_FAILED", "x" * 5_000)
    assert await store.leases.fail(claims[failed.id], long, retryable=False, backoff=NOW)
    for new in (drawn, failed):
        job = await store.jobs.get(user, new.id)
        assert job is not None
        said = job.failure.message if job.failure else "sword".ljust(15) * len(job.not_drawn)
        assert 1_000 < len(said.encode()) <= 1_024


@pytest.mark.parametrize(
    "damage",
    [
        "spec - 'characters'",
        "jsonb_set(spec, '{quality}', '\"best\"')",
        "jsonb_set(spec, '{style}', '7')",
        "spec - 'seed'",
        "jsonb_set(spec, '{seed}', '\"seven\"')",
        "jsonb_set(spec, '{seed}', '1e40')",
        "'null'::jsonb",
    ],
)
async def test_a_damaged_spec_fails_its_own_job_alone(store: Store, damage: str) -> None:
    user = await new_user(store)
    damaged, sound = new_job(user, priority=1), new_job(user)
    for new in (damaged, sound):
        await store.submits.submit(new)
    await store.database.execute(
        f"UPDATE image_generation_jobs SET spec = {damage} WHERE id = $1", damaged.id
    )
    claims = [await store.leases.claim("w", Lane.LOCAL, 2, LEASE) for _ in range(2)]
    assert [claim.job_id for claim in claims[0] + claims[1]] == [sound.id]
    job = await store.jobs.get(user, damaged.id)
    image = await store.images.get(user, damaged.image_id)
    assert job is not None
    assert image is not None
    assert (job.status, image.status) == (JobStatus.FAILED, ImageStatus.FAILED)
    assert job.failure is not None
    assert job.failure.reason == "CONTENT_INVALID"
    assert "damaged" in job.failure.message


async def test_a_lost_lease_refuses_every_write(store: Store) -> None:
    user = await new_user(store)
    new = new_job(user)
    await store.submits.submit(new)
    [late] = await store.leases.claim("late", Lane.LOCAL, 1, EXPIRED)
    assert await store.leases.rescue(NOW) == [new.id]
    [held] = await store.leases.claim("next", Lane.LOCAL, 1, LEASE)
    assert held.attempt == late.attempt + 1
    assert await store.leases.heartbeat([late], LEASE) == {}
    assert await store.leases.report(late, RENDERING) is None
    assert not await store.leases.complete(late, outcome(new.id))
    assert await store.leases.fail(late, FAILURE, retryable=True, backoff=NOW) is None
    assert not await store.leases.cancelled(late)
    assert await store.leases.release([late]) == []
    assert await store.leases.complete(held, outcome(new.id, held.attempt))


async def test_failures_are_retried_and_then_final(store: Store) -> None:
    user = await new_user(store)
    new = new_job(user)
    await store.submits.submit(new)
    seen = []
    for _ in range(4):
        [claim] = await store.leases.claim("w", Lane.LOCAL, 1, LEASE)
        seen.append(await store.leases.fail(claim, FAILURE, retryable=True, backoff=NOW))
    assert seen == [JobStatus.QUEUED] * 3 + [JobStatus.FAILED]
    job = await store.jobs.get(user, new.id)
    assert job is not None
    assert job.failure == FAILURE
    assert await store.jobs.retry(user, new.id, None) == 0
    again = await store.jobs.get(user, new.id)
    assert again is not None
    assert (again.status, again.retry_count, again.failure) == (JobStatus.QUEUED, 0, None)


async def test_a_failure_that_is_not_retryable_is_final_at_once(store: Store) -> None:
    user = await new_user(store)
    await store.submits.submit(new_job(user))
    [claim] = await store.leases.claim("w", Lane.LOCAL, 1, LEASE)
    status = await store.leases.fail(claim, FAILURE, retryable=False, backoff=NOW)
    assert status == JobStatus.FAILED


@pytest.mark.parametrize(
    ("retryable", "status", "failure"),
    [
        (True, JobStatus.CANCELLED, Failure("JOB_CANCELLED", "cancelled while it ran")),
        (False, JobStatus.FAILED, FAILURE),
    ],
)
async def test_a_failure_after_a_cancel_ends_the_job_with_the_reason_of_its_status(
    store: Store, retryable: bool, status: JobStatus, failure: Failure
) -> None:
    user = await new_user(store)
    new = new_job(user)
    await store.submits.submit(new)
    [claim] = await store.leases.claim("w", Lane.LOCAL, 1, LEASE)
    assert await store.jobs.cancel(user, new.id)
    assert await store.leases.fail(claim, FAILURE, retryable=retryable, backoff=NOW) == status
    job = await store.jobs.get(user, new.id)
    assert job is not None
    assert (job.status, job.failure) == (status, failure)


async def test_a_backoff_keeps_a_job_from_being_claimed(store: Store) -> None:
    user = await new_user(store)
    await store.submits.submit(new_job(user))
    [claim] = await store.leases.claim("w", Lane.LOCAL, 1, LEASE)
    await store.leases.fail(claim, FAILURE, retryable=True, backoff=timedelta(days=300))
    assert await store.leases.claim("w", Lane.LOCAL, 1, LEASE) == []


async def test_a_release_spends_no_retry(store: Store) -> None:
    user = await new_user(store)
    new = new_job(user)
    await store.submits.submit(new)
    [claim] = await store.leases.claim("w", Lane.LOCAL, 1, LEASE)
    assert await store.leases.release([claim]) == [new.id]
    job = await store.jobs.get(user, new.id)
    assert job is not None
    assert (job.status, job.retry_count) == (JobStatus.QUEUED, 0)


async def test_a_rescue_ends_a_job_without_retries(store: Store) -> None:
    user = await new_user(store)
    new = new_job(user)
    await store.submits.submit(new)
    for _ in range(4):
        await store.leases.claim("w", Lane.LOCAL, 1, EXPIRED)
        assert await store.leases.rescue(NOW) == [new.id]
    job = await store.jobs.get(user, new.id)
    assert job is not None
    assert job.status is JobStatus.FAILED
    assert job.failure is not None
    assert job.failure.reason == "WORKER_LOST"


async def test_progress_never_goes_back_within_an_attempt(store: Store) -> None:
    user = await new_user(store)
    new = new_job(user)
    await store.submits.submit(new)
    [claim] = await store.leases.claim("w", Lane.LOCAL, 1, LEASE)
    newer = Progress(5, Stage.RENDERING, 9, 20, 0.5)
    await store.leases.report(claim, newer)
    await store.leases.report(claim, RENDERING)
    job = await store.jobs.get(user, new.id)
    assert job is not None
    assert job.progress == newer


async def test_a_report_hears_of_a_cancel_and_of_watchers(store: Store) -> None:
    user = await new_user(store)
    new = new_job(user)
    await store.submits.submit(new)
    [claim] = await store.leases.claim("w", Lane.LOCAL, 1, LEASE)
    quiet = await store.leases.report(claim, RENDERING)
    assert quiet is not None
    assert (quiet.cancel_requested, quiet.watched) == (False, False)
    await store.watches.renew([new.id], LEASE)
    assert await store.jobs.cancel(user, new.id)
    loud = await store.leases.report(claim, Progress(2, Stage.RENDERING, 2, 20, 0.2), b"jpeg")
    assert loud is not None
    assert (loud.cancel_requested, loud.watched) == (True, True)
    assert await store.watches.previews({new.id: (0, 0)}) == {new.id: (1, 2, b"jpeg", "")}
    assert await store.leases.heartbeat([claim], LEASE) == {new.id: True}
    assert await store.leases.cancelled(claim)
    job = await store.jobs.get(user, new.id)
    assert job is not None
    assert job.status is JobStatus.CANCELLED
    assert not await store.jobs.cancel(user, new.id)


async def test_cancelling_a_waiting_job_ends_it_and_frees_its_hold(store: Store) -> None:
    user = await new_user(store)
    new = new_job(user, price_micros=40_000)
    async with store.transaction() as tx:
        await tx.submits.submit(new)
        assert await tx.money.hold([new.id], 100_000) is None
    assert await store.jobs.cancel(user, new.id)
    rows = await store.database.fetch("SELECT held_micros, spent_micros FROM budgets")
    assert [tuple(row) for row in rows] == [(0, 0)] * 3
    assert await store.leases.claim("w", Lane.LOCAL, 1, LEASE) == []


@pytest.mark.parametrize("end", ["complete", "fail", "rescue", "cancelled"])
async def test_every_end_of_a_job_moves_its_money(store: Store, end: str) -> None:
    user = await new_user(store)
    new = new_job(user, price_micros=40_000)
    async with store.transaction() as tx:
        await tx.submits.submit(new)
        assert await tx.money.hold([new.id], 79_999) is None
        assert await tx.money.hold([new.id], 79_999) == "global"
    await store.database.execute("UPDATE image_generation_jobs SET max_retries = 0")
    lease = EXPIRED if end == "rescue" else LEASE
    [claim] = await store.leases.claim("w", Lane.LOCAL, 1, lease)
    match end:
        case "complete":
            await store.leases.complete(claim, outcome(new.id, cost_micros=30_000))
        case "fail":
            await store.leases.fail(claim, FAILURE, retryable=True, backoff=NOW)
        case "rescue":
            await store.leases.rescue(NOW)
        case _:
            await store.leases.cancelled(claim)
    rows = await store.database.fetch("SELECT held_micros, spent_micros FROM budgets")
    spent = 30_000 if end == "complete" else 0
    assert [tuple(row) for row in rows] == [(0, spent)] * 3
