"""A batch while its jobs run, fail, are cancelled and are retried."""

import asyncio
from typing import Any

import grpc
import pytest

from imggen.v1 import batch_pb2, image_pb2, job_pb2
from server.domain.states import Lane
from tests.integration.callers import Caller
from tests.integration.gateway_fixture import LEASE, GatewayFixture
from tests.integration.whole_stories import a_story, claim_all, jobs_of

QUEUED, COMPLETED = job_pb2.JOB_STATUS_QUEUED, job_pb2.JOB_STATUS_COMPLETED


async def test_no_more_jobs_of_a_batch_run_than_its_limit(
    gateway: GatewayFixture, mia: Caller
) -> None:
    batch = await mia.generate_story((await a_story(mia, 9)).id, include_character_portraits=False)
    running = await claim_all(gateway)
    assert len(running) == batch.max_concurrent == 5
    done = 0
    while running:
        await gateway.complete(running.pop(0))
        done += 1
        running += await claim_all(gateway)
        assert len(running) == min(5, 9 - done)


async def test_concurrent_claims_never_exceed_the_limit_of_a_batch(
    gateway: GatewayFixture, mia: Caller
) -> None:
    await mia.generate_story((await a_story(mia, 30)).id, include_character_portraits=False)
    seen = []

    async def work(name: str) -> None:
        idle = 0
        while idle < 3:
            claims = await gateway.store.leases.claim(name, Lane.LOCAL, 3, LEASE)
            row = await gateway.store.database.fetchrow(
                "SELECT count(*) AS n FROM image_generation_jobs WHERE status = 'processing'"
            )
            seen.append(row["n"] if row else 0)
            for claim in claims:
                await gateway.complete(claim)
            idle = 0 if claims else idle + 1
            await asyncio.sleep(0)

    await asyncio.gather(*(work(f"worker {number}") for number in range(6)))
    assert max(seen) == 5
    left = await gateway.store.database.fetch(
        "SELECT status FROM image_generation_jobs WHERE status <> 'completed'"
    )
    assert left == []


async def test_a_failed_portrait_ends_the_pages_that_need_it(
    gateway: GatewayFixture, mia: Caller
) -> None:
    story = await a_story(mia)
    batch = await mia.generate_story(story.id)
    leo, of_mia = await claim_all(gateway)
    await gateway.fail(leo)
    images = await jobs_of(mia, batch.batch_id)
    page = images["page 1"].job
    assert page.status == job_pb2.JOB_STATUS_FAILED
    assert page.error.message == f"the job {leo.job_id} that it needs has failed"
    assert (await mia.get_image(page.image_id)).status == image_pb2.IMAGE_STATUS_FAILED
    assert page.error.reason == 96
    await gateway.complete(of_mia)
    for claim in await claim_all(gateway):
        await gateway.complete(claim)
    ended = (await mia.get_batch(batch.batch_id)).batch
    assert ended.status == batch_pb2.BATCH_STATUS_FAILED
    assert (ended.failed_images, ended.completed_images) == (2, 3)

    again = await mia.retry_batch(batch.batch_id)
    assert (again.status, again.queued_images) == (batch_pb2.BATCH_STATUS_PROCESSING, 2)
    [portrait] = await claim_all(gateway)
    assert portrait.job_id == leo.job_id
    await gateway.complete(portrait)
    [last] = await claim_all(gateway)
    await gateway.complete(last)
    assert (await mia.get_batch(batch.batch_id)).batch.completed_images == 5


async def test_a_failed_attempt_that_is_retried_ends_nothing(
    gateway: GatewayFixture, mia: Caller
) -> None:
    batch = await mia.generate_story((await a_story(mia)).id)
    leo, _ = await claim_all(gateway)
    await gateway.fail(leo, retryable=True)
    assert (await mia.get_batch(batch.batch_id)).batch.failed_images == 0


@pytest.mark.parametrize("which", ["portrait 1", "page 1"])
async def test_a_retried_job_queues_its_needs_and_the_jobs_that_need_it(
    gateway: GatewayFixture, mia: Caller, which: str
) -> None:
    batch = await mia.generate_story((await a_story(mia)).id)
    leo, _ = await claim_all(gateway)
    await gateway.fail(leo)
    images = await jobs_of(mia, batch.batch_id)
    await mia.retry(images[which].job.job_id)
    after = await jobs_of(mia, batch.batch_id)
    assert [after[name].job.status for name in ("portrait 1", "page 1")] == [QUEUED, QUEUED]


async def test_a_retried_portrait_leaves_pages_that_need_another_one(
    gateway: GatewayFixture, mia: Caller
) -> None:
    batch = await mia.generate_story((await a_story(mia)).id)
    for claim in await claim_all(gateway):
        await gateway.fail(claim)
    images = await jobs_of(mia, batch.batch_id)
    await mia.retry(images["portrait 1"].job.job_id)
    after = await jobs_of(mia, batch.batch_id)
    assert after["page 1"].job.status == job_pb2.JOB_STATUS_FAILED
    await mia.retry(images["portrait 2"].job.job_id)
    after = await jobs_of(mia, batch.batch_id)
    assert {image.job.status for image in after.values()} == {QUEUED}


async def test_a_cancelled_batch_stops_and_can_be_retried(
    gateway: GatewayFixture, mia: Caller
) -> None:
    batch = await mia.generate_story((await a_story(mia)).id)
    leo, of_mia = await claim_all(gateway)
    cancelled = await mia.cancel_batch(batch.batch_id)
    assert (cancelled.cancelled_images, cancelled.processing_images) == (3, 2)
    held = await gateway.store.leases.heartbeat([leo, of_mia], LEASE)
    assert list(held.values()) == [True, True]
    for claim in (leo, of_mia):
        assert await gateway.store.leases.cancelled(claim)
    ended = await mia.cancel_batch(batch.batch_id)
    assert ended.status == batch_pb2.BATCH_STATUS_CANCELLED
    assert (await mia.retry_batch(batch.batch_id)).queued_images == 5
    assert len(await claim_all(gateway)) == 2


async def test_cancelling_a_page_makes_room_for_the_next_one(
    gateway: GatewayFixture, mia: Caller
) -> None:
    batch = await mia.generate_story((await a_story(mia, 6)).id, include_character_portraits=False)
    images = await jobs_of(mia, batch.batch_id)
    await mia.cancel(images["page 2"].job.job_id)
    claimed = [str(claim.job_id) for claim in await claim_all(gateway)]
    assert claimed == [images[f"page {number}"].job.job_id for number in (1, 3, 4, 5, 6)]


async def test_an_ended_batch_is_not_cancelled_and_a_completed_one_not_retried(
    gateway: GatewayFixture, mia: Caller
) -> None:
    batch = await mia.generate_story((await a_story(mia, 1)).id, include_character_portraits=False)
    request = batch_pb2.RetryBatchRequest(batch_id=batch.batch_id)
    refused = await mia.refused(mia.batches.RetryBatch, request)
    assert (refused.code, refused.reason) == (
        grpc.StatusCode.FAILED_PRECONDITION,
        "BATCH_NOT_RETRYABLE",
    )
    await gateway.complete(await gateway.claim())
    cancel = batch_pb2.CancelBatchRequest(batch_id=batch.batch_id)
    refused = await mia.refused(mia.batches.CancelBatch, cancel)
    assert refused.reason == "BATCH_ENDED"
    assert "the batch has ended; only one that waits or runs" in refused.message
    assert refused.metadata == {"batch_id": batch.batch_id, "status": "COMPLETED"}


async def test_a_retry_skips_jobs_that_need_a_deleted_image(
    gateway: GatewayFixture, mia: Caller
) -> None:
    batch = await mia.generate_story((await a_story(mia)).id)
    images = await jobs_of(mia, batch.batch_id)
    await mia.delete_image(images["portrait 1"].job.image_id)
    page = images["page 1"].job.job_id
    request = job_pb2.RetryJobRequest(job_id=page)
    refused = await mia.refused(mia.jobs.RetryJob, request)
    assert refused.reason == "JOB_NOT_RETRYABLE"
    assert "or one that it needs" in refused.message


async def test_batches_are_listed_by_story_the_newest_first(mia: Caller) -> None:
    stories = [await a_story(mia), await a_story(mia)]
    made = [(await mia.generate_story(story.id)).batch_id for story in (*stories, stories[0])]
    first = await mia.list_batches(page_size=2)
    rest = await mia.list_batches(page_size=2, page_token=first.next_page_token)
    listed = [batch.batch_id for batch in (*first.batches, *rest.batches)]
    assert listed == made[::-1]
    only = await mia.list_batches(story_id=stories[0].id)
    assert [batch.batch_id for batch in only.batches] == [made[2], made[0]]


async def test_a_watch_follows_a_batch_and_each_image_to_the_end(
    gateway: GatewayFixture, mia: Caller
) -> None:
    batch = await mia.generate_story((await a_story(mia, 1)).id)
    call = mia.watch_batch(batch.batch_id)
    async with asyncio.timeout(60):
        first = await call.read()
        assert [image.job.status for image in first.images] == [QUEUED] * 3
        for _ in range(3):
            claim = await gateway.claim()
            await gateway.report(claim, 5, 0.5)
            shot = await until(call, lambda shot: shot.batch.processing_images == 1)
            assert 0 < shot.batch.fraction < 1
            await gateway.complete(claim)
        last = await until(call, lambda shot: shot.batch.completed_images == 3)
        assert last.batch.status == batch_pb2.BATCH_STATUS_COMPLETED
        assert {image.job.status for image in last.images} == {COMPLETED}
        assert await call.read() is grpc.aio.EOF


async def until(call: Any, fits: Any) -> Any:
    while not fits(shot := await call.read()):
        assert shot is not grpc.aio.EOF
    return shot


async def test_a_watch_shows_jobs_that_failed_with_their_need(
    gateway: GatewayFixture, mia: Caller
) -> None:
    batch = await mia.generate_story((await a_story(mia, 1)).id)
    call = mia.watch_batch(batch.batch_id)
    async with asyncio.timeout(60):
        await call.read()
        for claim in await claim_all(gateway):
            await gateway.fail(claim)
        last = await until(call, lambda shot: shot.batch.failed_images == 3)
        assert await call.read() is grpc.aio.EOF
    assert last.batch.status == batch_pb2.BATCH_STATUS_FAILED
