"""What the client does with statuses that are not imggen's: those of proxies and of gRPC itself."""

import asyncio
import threading
import time
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager, closing, suppress
from itertools import pairwise

import grpc
import pytest

from imggen import Character, Client, JobStatus, SyncClient
from imggen.batches import BatchSnapshot
from imggen.errors import (
    DeadlineExceeded,
    Internal,
    NotFound,
    PermissionDenied,
    Unavailable,
)
from imggen.testing import FakeService
from imggen.v1.errors_pb2 import ErrorReason
from imggen.v1.job_pb2 import Job, WatchJobResponse
from imggen.watching import repeats

# Codes of HTTP statuses and of streams that were reset, as gRPC maps them.
CODES = [
    grpc.StatusCode.INTERNAL,
    grpc.StatusCode.UNKNOWN,
    grpc.StatusCode.CANCELLED,
    grpc.StatusCode.UNAVAILABLE,
    grpc.StatusCode.UNIMPLEMENTED,
    grpc.StatusCode.UNAUTHENTICATED,
    grpc.StatusCode.PERMISSION_DENIED,
    grpc.StatusCode.RESOURCE_EXHAUSTED,
    grpc.StatusCode.DEADLINE_EXCEEDED,
]


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


@pytest.mark.parametrize("code", CODES)
async def test_a_watch_resumes_after_any_status_that_is_not_imggens(
    fake: FakeService, client: Client, mia: Character, code: grpc.StatusCode
) -> None:
    fake.break_next(code, "WatchJob")
    job = await client.generate_portrait(mia, style="anime")
    seen = [snapshot.job.status async for snapshot in client.watch(job)]
    assert seen[-1] == JobStatus.JOB_STATUS_COMPLETED
    assert len(fake.requests("WatchJob")) == 2


@pytest.mark.parametrize("code", [grpc.StatusCode.INTERNAL, grpc.StatusCode.PERMISSION_DENIED])
async def test_events_batches_and_waits_resume_too(
    fake: FakeService, client: Client, mia: Character, code: grpc.StatusCode
) -> None:
    story = await client.create_story(title="The Map", style="anime", pages=["One."])
    for method in ("WatchJob", "WatchBatch", "WatchEvents"):
        fake.break_next(code, method)
    job = await client.generate_portrait(mia, style="anime")
    assert (await client.wait(job)).id == job.image_id
    batch = await client.generate_story(story)
    assert (await client.wait_batch(batch)).batch.batch_id == batch.batch_id
    async with aclosing(client.events("oldest", kinds=["job"])) as events:
        cursors = [(await anext(events)).cursor for _ in range(3)]
    assert len(set(cursors)) == 3
    assert len(fake.requests("WatchEvents")) == 2


def test_the_synchronous_client_resumes_too() -> None:
    with FakeService() as service, SyncClient(service.target) as client:

        def release_once_resumed() -> None:
            while len(service.requests("WatchJob")) < 2:
                time.sleep(0.01)
            service.release()

        service.hold()  # so that the job does not end before its first watch is broken
        service.break_next(grpc.StatusCode.INTERNAL, "WatchJob")
        job = client.generate_portrait(client.create_character(name="Mia"), style="anime")
        releasing = threading.Thread(target=release_once_resumed, daemon=True)
        releasing.start()
        assert client.wait(job).id == job.image_id
        releasing.join()


async def test_a_fault_of_imggen_itself_ends_a_watch(
    fake: FakeService, client: Client, mia: Character
) -> None:
    fake.hold()
    job = await client.generate_portrait(mia, style="anime")
    fake.fail_next(ErrorReason.ERROR_REASON_INTERNAL, method="WatchJob")
    with pytest.raises(Internal) as raised:
        await client.wait(job)
    assert not raised.value.foreign
    with pytest.raises(NotFound):
        await client.wait("68f9b9c8-4f3e-4c2a-8d5a-0f7a1f6f2b11")


async def test_a_wait_goes_on_to_its_own_deadline(fake: FakeService, mia: Character) -> None:
    fake.hold()
    async with Client(fake.target, patience=0) as client:
        job = await client.generate_portrait(mia, style="anime")
        for _ in range(3):
            fake.fail_next(ErrorReason.ERROR_REASON_DATABASE_UNAVAILABLE, method="WatchJob")
        waiting = asyncio.create_task(client.wait(job, timeout=60))
        async with asyncio.timeout(30):
            while len(fake.requests("WatchJob")) < 4:
                await asyncio.sleep(0.01)
        fake.release()
        assert (await waiting).id == job.image_id


async def test_a_wait_in_which_the_server_stays_away_ends_at_its_deadline(
    fake: FakeService, mia: Character
) -> None:
    fake.hold()
    async with Client(fake.target, patience=0) as client:
        job = await client.generate_portrait(mia, style="anime")
        for _ in range(1000):
            fake.fail_next(ErrorReason.ERROR_REASON_DATABASE_UNAVAILABLE, method="WatchJob")
        with pytest.raises(DeadlineExceeded):
            await client.wait(job, timeout=0.3)


async def test_a_page_of_a_proxy_is_an_answer_and_a_refused_connection_is_none() -> None:
    async with answering_http(502) as (port, answers), Client(f"127.0.0.1:{port}") as client:
        waiting = asyncio.create_task(client.wait("68f9b9c8-4f3e-4c2a-8d5a-0f7a1f6f2b11"))
        async with asyncio.timeout(30):
            while len(answers) < 3:
                await asyncio.sleep(0.01)
        waiting.cancel()
        await asyncio.wait([waiting])


@pytest.mark.parametrize("status", [404, 200])
async def test_a_server_that_is_not_imggen_is_not_asked_again(status: int) -> None:
    async with answering_http(status) as (port, answers), Client(f"127.0.0.1:{port}") as client:
        with pytest.raises(Exception, match=f"127.0.0.1:{port}") as raised:
            await client.wait("68f9b9c8-4f3e-4c2a-8d5a-0f7a1f6f2b11")
        assert raised.value.foreign  # type: ignore[attr-defined]
        assert len(answers) == 1


async def test_a_proxy_that_stays_is_waited_for_no_longer_than_the_patience() -> None:
    async with (
        answering_http(503) as (port, answers),
        Client(f"127.0.0.1:{port}", patience=0.3) as client,
    ):
        with pytest.raises(Unavailable):
            await client.wait("68f9b9c8-4f3e-4c2a-8d5a-0f7a1f6f2b11")
        assert len(answers) > 1


async def test_a_snapshot_that_is_repeated_is_shown_once(
    fake: FakeService, client: Client, mia: Character
) -> None:
    fake.hold()
    job = await client.generate_portrait(mia, style="anime")
    for _ in range(3):
        fake.break_next(grpc.StatusCode.UNAVAILABLE, "WatchJob")
    seen = []
    async for snapshot in client.watch(job):
        seen.append(snapshot)
        if len(seen) == 1:
            asyncio.get_running_loop().create_task(_release_after(fake, 4))
    assert all(one != other for one, other in pairwise(seen))


async def _release_after(fake: FakeService, watches: int) -> None:
    while len(fake.requests("WatchJob")) < watches:
        await asyncio.sleep(0.01)
    fake.release()


def test_a_preview_or_an_image_is_no_repetition() -> None:
    seen = WatchJobResponse(job=Job(job_id="1"), preview=b"jpeg")
    assert repeats(seen, WatchJobResponse(job=Job(job_id="1")))
    assert not repeats(seen, WatchJobResponse(job=Job(job_id="1"), preview=b"jpeg"))
    assert not repeats(seen, WatchJobResponse(job=Job(job_id="1", step=2)))
    assert BatchSnapshot() == BatchSnapshot()


@asynccontextmanager
async def answering_http(status: int) -> AsyncIterator[tuple[int, list[int]]]:
    """Yields the port of a proxy whose every answer is a page, and the calls that it got."""
    answers: list[int] = []
    open_answers: list[asyncio.Task[None]] = []
    open_writers: list[asyncio.StreamWriter] = []
    settings, acknowledged = _frame(4, 0, 0), _frame(4, 1, 0)

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        open_answers.append(task)
        open_writers.append(writer)
        with suppress(asyncio.IncompleteReadError, ConnectionError), closing(writer):
            await reader.readexactly(24)
            writer.write(settings)
            while True:
                head = await reader.readexactly(9)
                await reader.readexactly(int.from_bytes(head[:3], "big"))
                kind, flags, stream = head[3], head[4], int.from_bytes(head[5:], "big")
                if kind == 4 and not flags & 1:
                    writer.write(acknowledged)
                if kind == 1:
                    answers.append(stream)
                    # `:status` by its index in HPACK's static table, then its value.
                    fields = b"\x08\x03" + str(status).encode() + b"\x0f\x10\x09text/html"
                    writer.write(_frame(1, 5, stream, fields))

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1], answers
        for each in open_writers:
            each.close()
        # A handler that is cut off would be a warning.
        await asyncio.wait(open_answers, timeout=10)


def _frame(kind: int, flags: int, stream: int, payload: bytes = b"") -> bytes:
    return (
        len(payload).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + payload
    )


@pytest.mark.parametrize(
    "code", [grpc.StatusCode.INTERNAL, grpc.StatusCode.UNKNOWN, grpc.StatusCode.CANCELLED]
)
async def test_a_call_that_a_proxy_cuts_is_made_again(
    fake: FakeService, client: Client, mia: Character, code: grpc.StatusCode
) -> None:
    for _ in range(2):
        fake.break_next(code, "GeneratePortrait")
        fake.break_next(code, "GetJob")
    job = await client.generate_portrait(mia, style="anime")
    assert (await client.get_job(job)).job_id == job.job_id
    assert len({each.request_id for each in fake.requests("GeneratePortrait")}) == 1  # type: ignore[attr-defined]
    assert len([each async for each in client.list_jobs()]) == 1
    assert len(fake.requests("GetJob")) == 3


async def test_a_call_that_stays_cut_is_raised_as_what_cut_it(
    fake: FakeService, client: Client, mia: Character
) -> None:
    for _ in range(100):
        fake.break_next(grpc.StatusCode.INTERNAL, "GetCharacter")
    with pytest.raises(Internal, match="was ended between here and imggen") as raised:
        await client.with_timeout(0.5).get_character(mia)
    assert raised.value.foreign
    assert len(fake.requests("GetCharacter")) > 1


async def test_a_create_that_may_not_be_repeated_is_not(fake: FakeService, client: Client) -> None:
    fake.break_next(grpc.StatusCode.INTERNAL, "CreateCharacter")
    await client.styles().__anext__()
    with pytest.raises(Internal):
        await client.create_character(name="Mia", request_id="")
    assert len(fake.requests("CreateCharacter")) == 1


async def test_what_a_proxy_refuses_is_not_asked_again(
    fake: FakeService, client: Client, mia: Character
) -> None:
    fake.break_next(grpc.StatusCode.PERMISSION_DENIED, "GetCharacter")
    with pytest.raises(PermissionDenied):
        await client.get_character(mia)
