"""Clients that are closed, also during calls, and clients of other event loops."""

import asyncio
import socket
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any

import pytest

from imggen import Client, Job, SyncClient
from imggen.errors import ClientUnusable, DeadlineExceeded, ImggenError
from imggen.testing import FakeService


@pytest.fixture
async def fake() -> AsyncIterator[FakeService]:
    async with FakeService() as fake:
        yield fake


@pytest.fixture
def threaded() -> Iterator[FakeService]:
    with FakeService() as fake:
        yield fake


async def held_job(fake: FakeService, client: Client) -> Job:
    fake.hold()
    return await client.generate_portrait(await client.create_character(name="Mia"), style="anime")


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not condition():
            await asyncio.sleep(0.01)


async def last(client: Client, job: Job) -> Any:
    return [each async for each in client.watch(job)][-1]


@pytest.mark.parametrize(
    "waiting",
    [
        lambda client, job: client.wait(job),
        lambda client, job: client.wait(job, timeout=60),
        last,
    ],
)
async def test_closing_is_no_cancellation_of_who_waits(
    fake: FakeService, waiting: Callable[[Client, Job], Awaitable[object]]
) -> None:
    client = Client(fake.target)
    job = await held_job(fake, client)
    task = asyncio.ensure_future(waiting(client, job))
    await until(lambda: bool(fake.requests("WatchJob")))
    await client.close()
    with pytest.raises(ClientUnusable, match="the client was closed during WatchJob"):
        await task
    assert not task.cancelled()


async def test_closing_ends_a_call_that_has_no_answer_yet() -> None:
    async with FakeService(latency=30) as fake:
        client = Client(fake.target)
        task = asyncio.ensure_future(client.create_character(name="Mia"))
        await until(lambda: bool(fake.received))
        await client.close()
        with pytest.raises(ClientUnusable, match="closed during CreateCharacter"):
            await task


async def test_closing_ends_the_question_for_the_version() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        silent.setblocking(False)
        client = Client(f"127.0.0.1:{silent.getsockname()[1]}")
        task = asyncio.ensure_future(client.server_version())
        connected, _ = await asyncio.get_running_loop().sock_accept(silent)
        await client.close()
        with pytest.raises(ClientUnusable, match="closed during HealthCheck"):
            await task
        with pytest.raises(ClientUnusable, match="closed; make a new one"):
            await client.server_version()
        connected.close()


async def test_a_cancelled_call_is_cancelled() -> None:
    async with FakeService(latency=30) as fake, Client(fake.target) as client:
        task = asyncio.ensure_future(client.create_character(name="Mia"))
        await until(lambda: bool(fake.received))
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


async def test_a_closed_client_says_so(fake: FakeService) -> None:
    for used in (False, True):
        client = Client(fake.target)
        if used:
            await client.create_character(name="Mia")
        await client.close()
        await client.close()
        for call in (client.create_character(name="Mia"), anext(client.styles())):
            with pytest.raises(ClientUnusable, match="closed; make a new one"):
                await call
        with pytest.raises(ClientUnusable, match="closed"):
            await client.with_timeout(5).create_character(name="Mia")


async def test_threads_that_wait_learn_that_their_client_was_closed(threaded: FakeService) -> None:
    threaded.hold()
    client = SyncClient(threaded.target)
    mia = client.create_character(name="Mia")
    job = client.generate_portrait(mia, style="anime")
    raised: list[BaseException] = []

    def wait(call: Callable[[], object]) -> None:
        try:
            call()
        except BaseException as error:
            raised.append(error)

    waiting = (
        lambda: client.wait(job),
        lambda: list(client.watch(job)),
        lambda: list(client.events()),
    )
    threads = [threading.Thread(target=wait, args=[call]) for call in waiting]
    for thread in threads:
        thread.start()
    await until(
        lambda: len(threaded.requests("WatchJob")) == 2 and bool(threaded.requests("WatchEvents"))
    )
    client.close()
    for thread in threads:
        thread.join(30)
    assert [type(error) for error in raised] == [ClientUnusable] * 3
    with pytest.raises(ClientUnusable, match="closed; make a new one"):
        client.create_character(name="Mia")


def test_a_client_belongs_to_the_loop_of_its_first_call(threaded: FakeService) -> None:
    client = Client(threaded.target)

    async def create() -> object:
        return (await client.create_character(name="Mia")).id

    async def styles() -> None:
        await anext(client.styles())

    assert asyncio.run(create())
    for call in (create, styles, client.server_version):
        with pytest.raises(ClientUnusable, match="belongs to another event loop"):
            asyncio.run(call())
    asyncio.run(client.close())


async def test_a_loop_in_another_thread_is_another_loop(fake: FakeService) -> None:
    async with Client(fake.target) as client:
        mia = await client.create_character(name="Mia")

        async def get() -> object:
            return await client.get_character(mia)

        with pytest.raises(ClientUnusable, match="belongs to another event loop"):
            await asyncio.to_thread(asyncio.run, get())
        assert await client.get_character(mia) == mia


async def test_a_client_may_be_closed_from_another_loop(fake: FakeService) -> None:
    client = Client(fake.target)
    job = await held_job(fake, client)
    waiting = asyncio.ensure_future(client.wait(job))
    await until(lambda: bool(fake.requests("WatchJob")))
    await asyncio.to_thread(asyncio.run, client.close())
    with pytest.raises(ClientUnusable, match="closed during"):
        await waiting


async def test_a_token_that_never_comes_is_within_the_time_of_the_call(fake: FakeService) -> None:
    async def never() -> str:
        await asyncio.sleep(3600)
        return ""

    async with Client(fake.target, token=never, timeout=0.1) as client:
        with pytest.raises(DeadlineExceeded, match=r"within 0\.1 s"):
            await client.create_character(name="Mia")
        assert not fake.received


@pytest.mark.parametrize("timeout", [float("inf"), 1e300, 10**9])
async def test_a_time_without_end_may_be_given(fake: FakeService, timeout: float) -> None:
    async with Client(fake.target, timeout=timeout, download_timeout=timeout) as client:
        mia = await client.create_character(name="Mia")
        image = await client.wait(await client.generate_portrait(mia, style="anime"), timeout)
        assert await client.download(image)


@pytest.mark.parametrize("timeout", [0, -1, -(10**9)])
async def test_a_time_that_is_over_is_over(fake: FakeService, timeout: float) -> None:
    async with Client(fake.target, timeout=timeout) as client:
        with pytest.raises(ImggenError) as raised:
            await client.create_character(name="Mia")
        assert isinstance(raised.value, TimeoutError)
