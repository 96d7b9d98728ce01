"""Ends of attempts: cancelled, lost, failed, delayed by an outage, drained."""

import asyncio
from datetime import timedelta

from actors.testing.scripted import ScriptedRenderer
from server.domain.jobs import NewJob
from server.domain.states import ImageStatus, ImageType, JobStatus
from tests.builders import render_spec
from tests.integration.cuttable_postgres import cuttable_postgres
from tests.integration.job_queue import STEPS, JobQueue, Stall, failing, stalling, until


async def test_a_cancelled_render_stops_at_its_next_step(job_queue: JobQueue) -> None:
    new = await job_queue.submit()
    stall = Stall(5)
    renderer = ScriptedRenderer(script=stalling(stall, Stall(6)))
    async with job_queue.worker(renderer):
        await stall.reached.wait()
        await job_queue.cancel(new)
        stall.resume.set()
        job = await job_queue.becomes(new, JobStatus.CANCELLED)
    assert job.failure is not None
    assert job.failure.reason == "JOB_CANCELLED"
    image = await job_queue.store.images.get(job_queue.user, new.image_id)
    assert image is not None
    assert image.status is ImageStatus.CANCELLED
    [render] = renderer.renders
    assert render.stopped
    assert render.step == 5
    assert not await stored(job_queue)


async def test_a_job_that_waits_for_the_renderer_is_cancelled_by_the_heartbeat(
    job_queue: JobQueue,
) -> None:
    first = await job_queue.submit()
    stall = Stall(5)
    renderer = ScriptedRenderer(script=stall)
    async with job_queue.worker(renderer, heartbeat_s=0.1):
        await stall.reached.wait()
        second = await job_queue.submit()
        await job_queue.becomes(second, JobStatus.PROCESSING)
        await job_queue.cancel(second)
        await job_queue.becomes(second, JobStatus.CANCELLED)
        stall.resume.set()
        await job_queue.becomes(first, JobStatus.COMPLETED)
    assert len(renderer.renders) == 1


async def test_a_worker_whose_lease_is_lost_stops_and_writes_nothing(job_queue: JobQueue) -> None:
    new = await job_queue.submit()
    stall = Stall(3)
    late = ScriptedRenderer(script=stalling(stall, Stall(4)))
    async with job_queue.worker(
        late, name="late", slots={"local": 1}, lease_s=600, heartbeat_s=300
    ):
        await stall.reached.wait()
        # Its next heartbeat is far away: it would renew the lease that is expired here.
        await expire(job_queue, new)
        async with job_queue.worker(name="next", lease_s=60, heartbeat_s=0.1):
            await job_queue.becomes(new, JobStatus.COMPLETED)
        before = await stored(job_queue)
        stall.resume.set()

        async def stopped() -> bool:
            return late.renders[0].stopped

        await until(stopped)
    assert late.renders[0].step == 3
    assert await stored(job_queue) == before
    job = await job_queue.job(new.id)
    assert (job.status, job.attempt) == (JobStatus.COMPLETED, 2)
    assert await outcomes(job_queue, new) == ["lost", "completed"]


async def test_a_worker_that_claims_its_own_lost_job_again_draws_it_once(
    job_queue: JobQueue,
) -> None:
    new = await job_queue.submit()
    stall = Stall(3)
    renderer = ScriptedRenderer(script=stall)
    async with job_queue.worker(renderer, lease_s=60, heartbeat_s=0.2):
        await stall.reached.wait()
        # Rescue may come before the heartbeat renews the lease; then this worker has the job twice.
        await expire(job_queue, new)
        await job_queue.store.leases.rescue(timedelta(0))
        job = await job_queue.becomes(new, JobStatus.COMPLETED)
    assert job.attempt == 2
    assert [render.done for render in renderer.renders] == [False, True]
    assert await outcomes(job_queue, new) == ["lost", "completed"]


async def test_a_failure_is_retried(job_queue: JobQueue) -> None:
    new = await job_queue.submit()
    renderer = ScriptedRenderer(script=failing(RuntimeError("out of memory"), times=2))
    async with job_queue.worker(renderer, poll_s=0.05):
        job = await job_queue.becomes(new, JobStatus.COMPLETED)
    assert (job.attempt, job.retry_count, job.failure) == (3, 2, None)
    assert await outcomes(job_queue, new) == ["failed", "failed", "completed"]


async def test_a_repeated_failure_becomes_final_with_its_reason(job_queue: JobQueue) -> None:
    new = await job_queue.submit()
    renderer = ScriptedRenderer(script=failing(RuntimeError("out of memory")))
    async with job_queue.worker(renderer, poll_s=0.05):
        job = await job_queue.becomes(new, JobStatus.FAILED)
    assert job.failure is not None
    assert (job.failure.reason, job.failure.message) == (
        "RENDER_FAILED",
        "RuntimeError: out of memory",
    )
    assert await outcomes(job_queue, new) == ["failed"] * 4


async def test_content_that_cannot_be_drawn_fails_at_once(job_queue: JobQueue) -> None:
    spec = render_spec(image_type=ImageType.SCENE, characters=(), width=640, height=480)
    new = await job_queue.submit(spec=spec)
    async with job_queue.worker():
        job = await job_queue.becomes(new, JobStatus.FAILED)
    assert job.failure is not None
    assert job.failure.reason == "CONTENT_INVALID"
    assert "640x480" in job.failure.message
    # No failure led to another attempt.
    assert (job.attempt, job.retry_count) == (1, 0)


async def test_a_storage_that_is_away_for_a_moment_costs_no_second_render(
    job_queue: JobQueue,
) -> None:
    new = await job_queue.submit()
    elsewhere = job_queue.folder.with_name("elsewhere")
    stall = Stall(STEPS)
    renderer = ScriptedRenderer(script=stall)
    async with job_queue.worker(renderer):
        await stall.reached.wait()
        job_queue.folder.rename(elsewhere)
        stall.resume.set()
        await until(lambda: stage_is(job_queue, new, "storing"))
        elsewhere.rename(job_queue.folder)
        job = await job_queue.becomes(new, JobStatus.COMPLETED)
    assert job.attempt == 1
    assert len(renderer.renders) == 1
    assert len(await stored(job_queue)) == 4


async def test_a_database_that_is_away_for_a_moment_costs_no_second_render(
    job_queue: JobQueue,
) -> None:
    new = await job_queue.submit()
    stall = Stall(5)
    renderer = ScriptedRenderer(script=stall)
    async with (
        cuttable_postgres(job_queue.database) as (proxy, url),
        job_queue.worker(renderer, database_url=url),
    ):
        await stall.reached.wait()
        proxy.cut()
        stall.resume.set()

        async def drawn() -> bool:
            return renderer.renders[0].done and len(await stored(job_queue)) == 4

        await until(drawn)
        proxy.restore()
        job = await job_queue.becomes(new, JobStatus.COMPLETED)
        # The worker listens to signals again, too.
        await job_queue.becomes(await job_queue.submit(), JobStatus.COMPLETED)
    assert job.attempt == 1
    assert len(renderer.renders) == 2


async def test_a_picture_survives_a_database_outage_longer_than_its_lease(
    job_queue: JobQueue,
) -> None:
    new, stall = await job_queue.submit(), Stall(5)
    renderer = ScriptedRenderer(script=stall)
    async with (
        cuttable_postgres(job_queue.database) as (proxy, url),
        job_queue.worker(renderer, database_url=url, lease_s=1.0, heartbeat_s=0.5),
    ):
        await stall.reached.wait()
        proxy.cut()
        stall.resume.set()

        async def drawn() -> bool:
            return renderer.renders[0].done and len(await stored(job_queue)) == 4

        await until(drawn)
        await until(lambda: expired(job_queue, new))
        proxy.restore()
        job = await job_queue.becomes(new, JobStatus.COMPLETED)
    assert job.attempt == 1
    assert len(renderer.renders) == 1


async def test_leases_that_ran_out_while_the_database_was_away_are_renewed(
    job_queue: JobQueue,
) -> None:
    new = await job_queue.submit()
    stall = Stall(5)
    renderer = ScriptedRenderer(script=stall)
    async with (
        cuttable_postgres(job_queue.database) as (proxy, url),
        job_queue.worker(renderer, database_url=url, lease_s=1.0, heartbeat_s=0.5),
    ):
        await stall.reached.wait()
        proxy.cut()
        await until(lambda: expired(job_queue, new))
        refused = proxy.refused

        async def noticed() -> bool:
            return proxy.refused > refused + 3

        await until(noticed)
        proxy.restore()
        await until(lambda: renewed(job_queue, new))
        stall.resume.set()
        job = await job_queue.becomes(new, JobStatus.COMPLETED)
    assert job.attempt == 1


async def test_connections_that_the_server_ends_cost_nothing(job_queue: JobQueue) -> None:
    new = await job_queue.submit()
    stall = Stall(5)
    async with job_queue.worker(ScriptedRenderer(script=stall)):
        await stall.reached.wait()
        await job_queue.store.database.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        stall.resume.set()
        job = await job_queue.becomes(new, JobStatus.COMPLETED)
    assert job.attempt == 1


async def test_a_draining_worker_finishes_its_jobs_and_claims_no_more(
    job_queue: JobQueue,
) -> None:
    first = await job_queue.submit()
    stall = Stall(5)
    async with job_queue.worker(ScriptedRenderer(script=stall), slots={"local": 1}):
        await stall.reached.wait()
        second = await job_queue.submit()
        # The worker drains after this block.
        asyncio.get_running_loop().call_soon(stall.resume.set)
    assert (await job_queue.job(first.id)).status is JobStatus.COMPLETED
    assert (await job_queue.job(second.id)).status is JobStatus.QUEUED


async def test_a_draining_worker_releases_jobs_that_take_too_long(job_queue: JobQueue) -> None:
    new = await job_queue.submit()
    stall = Stall(5)
    renderer = ScriptedRenderer(script=stall)
    async with job_queue.worker(renderer, name="old", drain_s=0.1):
        await stall.reached.wait()
    assert renderer.renders[0].stopped
    job = await job_queue.job(new.id)
    assert (job.status, job.retry_count) == (JobStatus.QUEUED, 0)
    async with job_queue.worker(name="new"):
        job = await job_queue.becomes(new, JobStatus.COMPLETED)
    assert (job.attempt, job.retry_count) == (2, 0)
    assert await outcomes(job_queue, new) == ["released", "completed"]
    routed = await job_queue.store.routes.of_job(None, new.id)
    assert routed is not None
    assert routed.attempts[0].error == "its worker stopped, and gave it back"


async def expire(job_queue: JobQueue, new: NewJob) -> None:
    await job_queue.store.database.execute(
        "UPDATE image_generation_jobs SET lease_expires_at = now() - interval '1 s' WHERE id = $1",
        new.id,
    )


async def expired(job_queue: JobQueue, new: NewJob) -> bool:
    return await held_for(job_queue, new, "lease_expires_at < now()")


async def renewed(job_queue: JobQueue, new: NewJob) -> bool:
    """Returns whether a lease was renewed; fails when the worker lost the job."""
    assert await held_for(job_queue, new, "true")
    return await held_for(job_queue, new, "lease_expires_at > now()")


async def held_for(job_queue: JobQueue, new: NewJob, condition: str) -> bool:
    return bool(
        await job_queue.store.database.fetch(
            "SELECT FROM image_generation_jobs WHERE id = $1 AND status = 'processing'"
            f" AND attempt = 1 AND {condition}",
            new.id,
        )
    )


async def outcomes(job_queue: JobQueue, new: NewJob) -> list[str]:
    rows = await job_queue.store.database.fetch(
        "SELECT outcome FROM attempts WHERE job_id = $1 ORDER BY attempt", new.id
    )
    return [row["outcome"] for row in rows]


async def stored(job_queue: JobQueue) -> set[str]:
    return {path.name for path in job_queue.folder.glob("[!.]*/**/*.*")}


async def stage_is(job_queue: JobQueue, new: NewJob, stage: str) -> bool:
    progress = (await job_queue.job(new.id)).progress
    return progress is not None and progress.stage == stage
