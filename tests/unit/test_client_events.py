"""Events through the client, against the fake service: each once, across restarts."""

from collections.abc import AsyncIterator
from contextlib import aclosing
from itertools import islice

import pytest

from imggen import Client, ErrorReason, Event, EventKind, SyncClient
from imggen.errors import FailedPrecondition, InvalidRequest, Unavailable
from imggen.testing import FakeService
from imggen.v1.batch_pb2 import BatchStatus
from imggen.v1.character_pb2 import Character
from imggen.v1.event_pb2 import EVENT_KIND_BATCH
from imggen.v1.image_pb2 import ImageStatus
from imggen.v1.job_pb2 import Job, JobStatus

JOB = [
    JobStatus.JOB_STATUS_QUEUED,
    JobStatus.JOB_STATUS_PROCESSING,
    JobStatus.JOB_STATUS_COMPLETED,
]
BATCH = [BatchStatus.BATCH_STATUS_PROCESSING, BatchStatus.BATCH_STATUS_COMPLETED]
IMAGE = [ImageStatus.IMAGE_STATUS_GENERATING, ImageStatus.IMAGE_STATUS_COMPLETED]


@pytest.fixture
async def fake() -> AsyncIterator[FakeService]:
    async with FakeService() as fake:
        yield fake


@pytest.fixture
async def client(fake: FakeService) -> AsyncIterator[Client]:
    async with Client(fake.target) as client:
        yield client


@pytest.fixture
async def mia(client: Client) -> Character:
    return await client.create_character(name="Mia")


async def test_a_job_and_its_image_are_followed_from_start_to_end(
    client: Client, mia: Character
) -> None:
    job = await _draw(client, mia)
    seen = await _first(5, client, "oldest")
    assert [one.job.status for one in seen if one.HasField("job")] == JOB
    assert [one.image.status for one in seen if one.HasField("image")] == IMAGE
    assert {one.job.job_id for one in seen if one.HasField("job")} == {job.job_id}
    assert {one.image.image_id for one in seen if one.HasField("image")} == {job.image_id}


async def test_a_retry_and_a_deletion_are_events(
    fake: FakeService, client: Client, mia: Character
) -> None:
    fake.hold()
    job = await client.generate_portrait(mia, style="anime")
    await client.cancel(job)
    fake.release()
    image = await client.wait(await client.retry(job))
    await client.delete_image(image)
    seen = [one.image for one in await _first(10, client, "oldest") if one.HasField("image")]
    assert [ImageStatus.Name(one.status)[13:] for one in seen] == [
        *("CANCELLED", "QUEUED", "GENERATING", "COMPLETED", "UNSPECIFIED")
    ]
    assert [one.deleted for one in seen] == [False] * 4 + [True]


async def test_a_batch_and_its_jobs_are_events(client: Client, mia: Character) -> None:
    story = await client.create_story(title="A", style="anime", pages=["Mia runs."])
    batch = await client.generate_story(story, portraits=False)
    seen: list[Event] = []
    async with aclosing(client.events("oldest")) as events:
        while [one.batch.status for one in seen if one.HasField("batch")] != BATCH:
            seen.append(await anext(events))
    assert {one.batch.batch_id for one in seen if one.HasField("batch")} == {batch.batch_id}
    jobs = [one.job for one in seen if one.HasField("job")]
    assert [one.status for one in jobs] == JOB
    assert {one.batch_id for one in jobs} == {batch.batch_id}


async def test_a_cursor_resumes_in_another_process(client: Client, mia: Character) -> None:
    await _draw(client, mia)
    seen = await _first(5, client, "oldest")
    assert await _first(3, client, seen[1].cursor) == seen[2:]


async def test_without_a_cursor_it_starts_now(client: Client, mia: Character) -> None:
    await _draw(client, mia)
    async with aclosing(client.events(checkpoints=True)) as events:
        assert (await anext(events)).HasField("checkpoint")
        job = await client.generate_portrait(mia, style="anime")
        assert (await anext(events)).job.job_id == job.job_id


async def test_only_requested_kinds_come(client: Client, mia: Character) -> None:
    await _draw(client, mia)
    async with aclosing(client.events("oldest", kinds=["image"])) as events:
        assert [(await anext(events)).image.status for _ in IMAGE] == IMAGE
    both = client.events("oldest", kinds=[EventKind.EVENT_KIND_JOB, "image", EVENT_KIND_BATCH])
    async with aclosing(both) as events:
        assert len({(await anext(events)).WhichOneof("change") for _ in range(5)}) == 2
    with pytest.raises(ValueError, match="use one of job, image, batch"):
        client.events(kinds=["story"])  # type: ignore[list-item]


async def test_nothing_is_missed_or_repeated_across_restarts(
    fake: FakeService, client: Client, mia: Character
) -> None:
    seen: list[Event] = []
    async with aclosing(client.events("oldest")) as events:
        for _ in range(3):
            await _draw(client, mia)
            seen += [await anext(events) for _ in range(2)]
            await fake.restart()
            seen += [await anext(events) for _ in range(3)]
    assert seen == await _first(15, client, "oldest")
    assert len(fake.requests("WatchEvents")) >= 4


async def test_a_broken_stream_resumes_at_its_last_checkpoint(
    fake: FakeService, client: Client, mia: Character
) -> None:
    await _draw(client, mia)
    async with aclosing(client.events(checkpoints=True)) as events:
        first = await anext(events)
        await fake.restart()
        await _draw(client, mia)
        while (event := await anext(events)).HasField("checkpoint"):
            assert event.cursor == first.cursor
    assert event.job.status == JobStatus.JOB_STATUS_QUEUED


async def test_a_cursor_that_is_too_old_says_what_to_do(
    fake: FakeService, client: Client, mia: Character
) -> None:
    await _draw(client, mia)
    [first] = await _first(1, client, "oldest")
    fake.drop_events()
    with pytest.raises(FailedPrecondition, match="list what there is") as raised:
        await _first(1, client, first.cursor)
    assert raised.value.reason == ErrorReason.ERROR_REASON_CURSOR_EXPIRED
    await _draw(client, mia)
    assert len(await _first(5, client, "oldest")) == 5


async def test_a_malformed_cursor_is_refused(client: Client) -> None:
    for cursor in ("7", "event-", "event-99"):
        with pytest.raises(InvalidRequest) as raised:
            await _first(1, client, cursor)
        assert [bad.field for bad in raised.value.violations] == ["after_cursor"]
        assert raised.value.reason == ErrorReason.ERROR_REASON_CURSOR_INVALID


async def test_the_first_call_does_not_wait_for_an_unreachable_server() -> None:
    async with Client("127.0.0.1:1") as client:
        with pytest.raises(Unavailable):
            await _first(1, client, "")


def test_the_sync_client_iterates() -> None:
    with FakeService() as fake, SyncClient(fake.target) as client:
        job = client.generate_portrait(client.create_character(name="Mia"), style="anime")
        client.wait(job)
        events = client.events("oldest", kinds=["job"])
        assert [event.job.status for event in islice(events, 3)] == JOB


async def _draw(client: Client, mia: Character) -> Job:
    job = await client.generate_portrait(mia, style="anime")
    await client.wait(job)
    return job


async def _first(count: int, client: Client, after: str) -> list[Event]:
    async with aclosing(client.events(after)) as events:
        return [await anext(events) for _ in range(count)]
