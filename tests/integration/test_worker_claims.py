"""Claims of a worker: which jobs it takes, and when."""

import pytest

from actors.testing.scripted import ScriptedRenderer
from server.domain.states import ImageStatus, ImageType, JobStatus, Lane
from tests.builders import render_spec
from tests.integration.cuttable_postgres import cuttable_postgres
from tests.integration.job_queue import JobQueue, Stall, until


async def test_a_job_ends_with_its_image_and_all_four_assets_stored(job_queue: JobQueue) -> None:
    spec = render_spec(image_type=ImageType.SCENE, characters=(), scene="A sword lies in the snow")
    new = await job_queue.submit(spec=spec)
    async with job_queue.worker():
        job = await job_queue.becomes(new, JobStatus.COMPLETED)
    image = await job_queue.store.images.get(job_queue.user, new.image_id)
    assert image is not None
    assert image.status is ImageStatus.COMPLETED
    assert image.prompt
    assert job.stage_ms is not None
    assert len(job.stage_ms) == 4
    assert "sword" in [one.phrase for one in job.not_drawn]
    assert len(image.keys) == 4
    for key in image.keys.values():
        assert (job_queue.folder / key).stat().st_size > 0


async def test_no_more_jobs_are_claimed_than_there_are_slots(job_queue: JobQueue) -> None:
    new_jobs = [await job_queue.submit() for _ in range(3)]
    stall = Stall(1)
    async with job_queue.worker(ScriptedRenderer(script=stall), slots={"local": 2}, poll_s=0.05):
        await stall.reached.wait()
        statuses = [(await job_queue.job(new.id)).status for new in new_jobs]
        assert statuses == [JobStatus.PROCESSING, JobStatus.PROCESSING, JobStatus.QUEUED]
        stall.resume.set()
        for new in new_jobs:
            await job_queue.becomes(new, JobStatus.COMPLETED)


async def test_an_idle_worker_is_woken_by_a_signal(job_queue: JobQueue) -> None:
    # No poll happens during the test.
    async with job_queue.worker(poll_s=3600):
        await job_queue.becomes(await job_queue.submit(), JobStatus.COMPLETED)
        await job_queue.becomes(await job_queue.submit(), JobStatus.COMPLETED)


async def test_a_worker_is_woken_by_signals_of_its_own_lanes_only(job_queue: JobQueue) -> None:
    async with job_queue.worker(slots={Lane.LOCAL: 1, Lane.HOSTED: 0}, poll_s=3600) as worker:
        worker._wake.clear()
        worker._hear(Lane.HOSTED)
        assert not worker._wake.is_set()
        worker._hear(Lane.LOCAL)
        assert worker._wake.is_set()


async def test_a_poll_finds_the_job_whose_signal_was_lost(job_queue: JobQueue) -> None:
    async with job_queue.worker(poll_s=0.1):
        await job_queue.becomes(await job_queue.submit(signal=False), JobStatus.COMPLETED)


async def test_a_job_of_a_later_version_is_left_to_a_worker_that_knows_it(
    job_queue: JobQueue,
) -> None:
    later = await job_queue.submit(priority=0)
    await job_queue.store.database.execute(
        "UPDATE image_generation_jobs SET spec_version = 99 WHERE id = $1", later.id
    )
    async with job_queue.worker():
        await job_queue.becomes(await job_queue.submit(), JobStatus.COMPLETED)
    assert (await job_queue.job(later.id)).status is JobStatus.QUEUED


async def test_the_job_of_a_lost_worker_is_rescued_and_drawn(job_queue: JobQueue) -> None:
    new = await job_queue.submit()
    await job_queue.claim_as_lost_worker()
    async with job_queue.worker(lease_s=1, heartbeat_s=0.1):
        job = await job_queue.becomes(new, JobStatus.COMPLETED)
    assert (job.attempt, job.retry_count) == (2, 1)
    outcomes = await job_queue.store.database.fetch("SELECT outcome FROM attempts ORDER BY attempt")
    assert [row["outcome"] for row in outcomes] == ["lost", "completed"]


async def test_a_worker_whose_claims_are_broken_fails_its_check_and_claims_once_they_are_not(
    job_queue: JobQueue,
) -> None:
    rename = "ALTER TABLE job_lanes RENAME COLUMN {} TO {}"
    async with job_queue.worker(poll_s=0.05) as worker:
        worker.check()
        await job_queue.store.database.execute(rename.format("turn", "elsewhere"))

        async def broken() -> bool:
            try:
                worker.check()
            except RuntimeError:
                return True
            return False

        await until(broken)
        with pytest.raises(RuntimeError, match="_claim_loop breaks again and again"):
            worker.check()
        await job_queue.store.database.execute(rename.format("elsewhere", "turn"))
        await job_queue.becomes(await job_queue.submit(), JobStatus.COMPLETED)


async def test_a_worker_stays_healthy_while_the_database_is_away(job_queue: JobQueue) -> None:
    async with (
        cuttable_postgres(job_queue.database) as (proxy, url),
        job_queue.worker(database_url=url, poll_s=0.05) as worker,
    ):
        proxy.cut()

        async def noticed() -> bool:
            return proxy.refused > 2

        await until(noticed)
        worker.check()
        proxy.restore()
        await job_queue.becomes(await job_queue.submit(), JobStatus.COMPLETED)


async def test_jobs_whose_time_has_come_are_opened_some_at_a_time(job_queue: JobQueue) -> None:
    for _ in range(3):
        await job_queue.submit(signal=False)
    leases, database = job_queue.store.leases, job_queue.store.database
    await database.execute("UPDATE image_generation_jobs SET run_after = now() + interval '1 day'")
    assert await leases.open_due(Lane.LOCAL, 2) == 0
    await database.execute("UPDATE job_lanes SET opens_at = now() - interval '1 s'")
    assert [await leases.open_due(Lane.LOCAL, 2) for _ in range(3)] == [2, 1, 0]
    [row] = await database.fetch("SELECT count(*) FILTER (WHERE open) AS open FROM job_lanes")
    assert row["open"] == 3
