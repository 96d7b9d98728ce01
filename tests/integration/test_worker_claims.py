"""What a worker takes, and when."""

import pytest

from actors.testing.scripted import ScriptedRenderer
from server.domain.states import ImageStatus, ImageType, JobStatus
from tests.builders import render_spec
from tests.integration.wire import wire_to
from tests.integration.working import Shop, Stall, until


async def test_a_job_ends_with_its_image_and_all_four_assets_stored(shop: Shop) -> None:
    spec = render_spec(image_type=ImageType.SCENE, characters=(), scene="A sword lies in the snow")
    order = await shop.submit(spec=spec)
    async with shop.worker():
        job = await shop.becomes(order, JobStatus.COMPLETED)
    image = await shop.store.images.get(shop.user, order.image_id)
    assert image is not None
    assert image.status is ImageStatus.COMPLETED
    assert image.prompt
    assert job.stage_ms is not None
    assert len(job.stage_ms) == 4
    assert "sword" in job.unknown_words
    assert len(image.keys) == 4
    for key in image.keys.values():
        assert (shop.folder / key).stat().st_size > 0


async def test_no_more_is_claimed_than_there_is_room_for(shop: Shop) -> None:
    orders = [await shop.submit() for _ in range(3)]
    stall = Stall(1)
    async with shop.worker(ScriptedRenderer(script=stall), slots={"local": 2}, poll_s=0.05):
        await stall.reached.wait()
        statuses = [(await shop.job(order.id)).status for order in orders]
        assert statuses == [JobStatus.PROCESSING, JobStatus.PROCESSING, JobStatus.QUEUED]
        stall.let_go.set()
        for order in orders:
            await shop.becomes(order, JobStatus.COMPLETED)


async def test_an_idle_worker_is_woken_by_a_signal(shop: Shop) -> None:
    # No poll comes within the test's time.
    async with shop.worker(poll_s=3600):
        await shop.becomes(await shop.submit(), JobStatus.COMPLETED)
        await shop.becomes(await shop.submit(), JobStatus.COMPLETED)


async def test_a_poll_finds_the_job_whose_signal_was_lost(shop: Shop) -> None:
    async with shop.worker(poll_s=0.1):
        await shop.becomes(await shop.submit(signal=False), JobStatus.COMPLETED)


async def test_a_job_of_a_later_version_is_left_to_a_worker_that_knows_it(shop: Shop) -> None:
    later = await shop.submit(priority=0)
    await shop.store.database.execute(
        "UPDATE image_generation_jobs SET spec_version = 99 WHERE id = $1", later.id
    )
    async with shop.worker():
        await shop.becomes(await shop.submit(), JobStatus.COMPLETED)
    assert (await shop.job(later.id)).status is JobStatus.QUEUED


async def test_the_job_of_a_dead_worker_is_rescued_and_drawn(shop: Shop) -> None:
    order = await shop.submit()
    await shop.claim_as_the_dead()
    async with shop.worker(lease_s=1, heartbeat_s=0.1):
        job = await shop.becomes(order, JobStatus.COMPLETED)
    assert (job.attempt, job.retry_count) == (2, 1)
    outcomes = await shop.store.database.fetch("SELECT outcome FROM attempts ORDER BY attempt")
    assert [row["outcome"] for row in outcomes] == ["lost", "completed"]


async def test_a_worker_that_no_longer_claims_says_so_and_still_ends(shop: Shop) -> None:
    async with shop.worker(poll_s=0.05) as worker:
        worker.check()
        await shop.store.database.execute("ALTER TABLE image_generation_jobs RENAME TO elsewhere")

        async def broken() -> bool:
            try:
                worker.check()
            except RuntimeError:
                return True
            return False

        await until(broken)
        with pytest.raises(RuntimeError, match="_claim_loop has ended"):
            worker.check()


async def test_an_absent_database_is_no_reason_to_restart_a_worker(shop: Shop) -> None:
    async with (
        wire_to(shop.database) as (wire, url),
        shop.worker(database_url=url, poll_s=0.05) as worker,
    ):
        wire.cut()

        async def noticed() -> bool:
            return wire.refused > 2

        await until(noticed)
        worker.check()
        wire.mend()
        await shop.becomes(await shop.submit(), JobStatus.COMPLETED)
