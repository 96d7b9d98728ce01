"""Whole stories through the client, against the fake service."""

from collections.abc import AsyncIterator
from contextlib import aclosing

import pytest

from imggen import BatchStatus, Client, JobKind, JobStatus, Page, Story
from imggen.errors import (
    DeadlineExceeded,
    FailedPrecondition,
    InvalidRequest,
    NotFound,
    reason_name,
)
from imggen.testing import FakeService
from imggen.v1.errors_pb2 import ErrorReason

COMPLETED = BatchStatus.BATCH_STATUS_COMPLETED
UNKNOWN = "68f9b9c8-4f3e-4c2a-8d5a-0f7a1f6f2b11"


@pytest.fixture
async def fake() -> AsyncIterator[FakeService]:
    async with FakeService() as fake:
        yield fake


@pytest.fixture
async def client(fake: FakeService) -> AsyncIterator[Client]:
    async with Client(fake.target) as client:
        yield client


@pytest.fixture
async def story(client: Client) -> Story:
    mia, leo = [(await client.create_character(name=name)).id for name in ("Mia", "Leo")]
    pages = [
        Page(text="Mia and Leo.", character_ids=[mia, leo]),
        Page(text="Mia.", character_ids=[mia]),
        Page(text="Nobody."),
    ]
    return await client.create_story(title="The Map", style="anime", pages=pages)


async def test_events_cover_a_batch_and_its_jobs(client: Client, story: Story) -> None:
    batch = await client.generate_story(story, cover=False)
    [shot async for shot in client.watch_batch(batch)]
    batches, jobs = 0, set()
    async with aclosing(client.events(after_cursor="oldest")) as events:
        async for event in events:
            if event.HasField("job") and event.job.batch_id == batch.batch_id:
                jobs.add(event.job.job_id)
            batches += event.batch.batch_id == batch.batch_id
            if batches == 2:  # one for its admission, one for its end
                break
    assert len(jobs) == batch.total_images


async def test_a_story_is_followed_to_its_end(client: Client, story: Story) -> None:
    batch = await client.generate_story(story, cover=True)
    assert (batch.total_images, batch.max_concurrent) == (6, 5)
    shots = [shot async for shot in client.watch_batch(batch)]
    assert (shots[-1].batch.status, shots[-1].batch.fraction) == (COMPLETED, 1.0)
    kinds = [image.job.kind for image in shots[-1].images]
    portrait, cover, scene = (
        *(JobKind.JOB_KIND_PORTRAIT, JobKind.JOB_KIND_COVER, JobKind.JOB_KIND_SCENE),
    )
    assert kinds == [portrait, portrait, cover, scene, scene, scene]
    for shot in shots:
        done = {
            image.job.job_id
            for image in shot.images
            if image.job.status == JobStatus.JOB_STATUS_COMPLETED
        }
        running = [i for i in shot.images if i.job.status == JobStatus.JOB_STATUS_PROCESSING]
        assert all(set(image.needs_job_ids) <= done for image in running)
        assert len(running) <= 5
    [listed] = [each async for each in client.list_batches(story=story)]
    assert listed == (await client.get_batch(batch)).batch == shots[-1].batch
    again = await client.generate_story(story, scenes=False)
    assert (again.total_images, again.status) == (0, COMPLETED)


async def test_a_failed_portrait_fails_its_pages_and_a_retry_queues_all_again(
    fake: FakeService, client: Client, story: Story
) -> None:
    fake.fail_next_job()
    batch = await client.generate_story(story)
    last = await client.wait_batch(batch)
    assert last.batch.status == BatchStatus.BATCH_STATUS_FAILED
    failed = [image for image in last.images if image.job.error.reason]
    assert reason_name(failed[0].job.error.reason) == "RENDER_FAILED"
    assert {reason_name(image.job.error.reason) for image in failed[1:]} == {"DEPENDENCY_FAILED"}
    assert len(failed) == 3
    await client.retry_batch(batch)
    assert (await client.wait_batch(batch)).batch.status == COMPLETED
    with pytest.raises(FailedPrecondition, match="BATCH_NOT_RETRYABLE"):
        await client.retry_batch(batch)
    with pytest.raises(FailedPrecondition, match="BATCH_ENDED"):
        await client.cancel_batch(batch)


async def test_a_retried_page_queues_its_portrait_again(
    fake: FakeService, client: Client, story: Story
) -> None:
    fake.fail_next_job()
    batch = await client.generate_story(story)
    last = await client.wait_batch(batch)
    page = next(image for image in last.images if image.page_number == 2)
    await client.retry(page.job)
    assert (await client.wait_batch(batch)).batch.status == COMPLETED


async def test_a_batch_is_cancelled(fake: FakeService, client: Client, story: Story) -> None:
    fake.hold()
    batch = await client.generate_story(story)
    with pytest.raises(DeadlineExceeded, match="it continues"):
        await client.wait_batch(batch, timeout=0.05)
    await client.cancel_batch(batch)
    last = await client.wait_batch(batch)
    assert last.batch.status == BatchStatus.BATCH_STATUS_CANCELLED
    assert last.batch.cancelled_images == 5
    assert (await client.cancel_batch(batch)).cancelled_images == 5


async def test_a_watch_survives_a_restart_of_its_server(
    fake: FakeService, client: Client, story: Story
) -> None:
    fake.hold()
    batch = await client.generate_story(story)
    restarted = False
    status = batch.status
    async for shot in client.watch_batch(batch):
        status = shot.batch.status
        if not restarted:
            await fake.restart()
            fake.release()
            restarted = True
    assert status == COMPLETED


async def test_the_same_request_gives_the_same_batch(client: Client, story: Story) -> None:
    one, other = [await client.generate_story(story, request_id=UNKNOWN) for _ in range(2)]
    assert one.batch_id == other.batch_id


async def test_a_story_that_cannot_be_drawn_is_refused(client: Client, story: Story) -> None:
    with pytest.raises(NotFound):
        await client.get_batch(UNKNOWN)
    with pytest.raises(InvalidRequest, match="NOTHING_TO_DRAW"):
        await client.generate_story(story, portraits=False, scenes=False)
    await client.delete_character(story.pages[0].character_ids[0])
    with pytest.raises(InvalidRequest) as refused:
        await client.generate_story(story)
    assert refused.value.reason == ErrorReason.ERROR_REASON_CHARACTER_GONE
