"""Streams through real proxies with short limits, that reload and restart, before real gateways."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import pytest

from cluster.embedded.processes import free_port
from imggen import Client, Job, JobStatus
from imggen.errors import DeadlineExceeded, Unavailable
from server.store.migrate import migrate
from tests.integration.gateway_fixture import GatewayFixture, open_gateway_fixture
from tests.proxies import LIMIT_S, HaProxy, Nginx, Proxy, ProxyMissing
from tests.temporary_postgres import temporary_postgres

# Often enough for the proxies' limits, and never.
OFTEN_S, NEVER_S = LIMIT_S / 4, 3600.0
PROXIES = [HaProxy, Nginx]


@pytest.fixture(scope="module")
def postgres() -> Iterator[str]:
    with temporary_postgres() as url:
        yield url


@pytest.fixture
async def database(postgres: str) -> str:
    name = f"proxies_{uuid4().hex}"
    connection = await asyncpg.connect(postgres)
    try:
        await connection.execute(f"CREATE DATABASE {name}")
    finally:
        await connection.close()
    url = postgres.replace("/postgres?", f"/{name}?")
    await migrate(url)
    return url


class Stage:
    """A gateway, a proxy before it, and a client of the proxy."""

    def __init__(self, database: str, folder: Path, silence_s: float) -> None:
        self._settings: dict[str, Any] = {
            "address": f"127.0.0.1:{free_port()}",
            "watch_silence_s": silence_s,
            "http_port": free_port(),
        }
        self._database = database
        self._folder = folder
        self._serving = AsyncExitStack()
        self.watches = 0
        self.proxy: Proxy
        self.client: Client
        self.gateway: GatewayFixture

    @property
    def gateway_port(self) -> int:
        """The port on which the gateway listens, also after a restart."""
        return int(str(self._settings["address"]).rpartition(":")[2])

    @property
    def token(self) -> str:
        """The caller's token."""
        return dict(self.gateway.caller("mia").metadata)["authorization"].removeprefix("Bearer ")

    async def serve(self) -> None:
        """Starts the gateway."""
        opened = open_gateway_fixture(self._database, self._folder / "pixels", **self._settings)
        self.gateway = await self._serving.enter_async_context(opened)

    async def stop(self) -> None:
        """Drains the gateway."""
        await self._serving.aclose()

    def calls(self, method: str) -> int:
        """Returns how many calls of a method the gateway has served to their end."""
        page = self.gateway.metrics.page().decode()
        lines = [line for line in page.splitlines() if line.startswith("imggen_grpc_calls_total")]
        return sum(int(float(line.split()[-1])) for line in lines if f'/{method}"' in line)

    async def job(self) -> Job:
        """Requests a portrait, whose job waits until the test draws it."""
        mia = await self.client.create_character(name="Mia")
        return await self.client.generate_portrait(mia, style="anime")

    async def draw(self) -> None:
        """Draws the job that waits."""
        await self.gateway.complete(await self.gateway.claim())


@asynccontextmanager
async def staged(
    kind: type[Proxy], database: str, folder: Path, silence_s: float
) -> AsyncIterator[Stage]:
    stage = Stage(database, folder, silence_s)
    stage.proxy = kind(stage.gateway_port, folder)
    try:
        stage.proxy.command()
    except ProxyMissing as missing:
        pytest.skip(f"skipped: {missing}")
    await stage.serve()
    await stage.proxy.start()
    try:
        async with Client(stage.proxy.target, token=stage.token) as stage.client:
            yield stage
    finally:
        await stage.proxy.stop()
        await stage.stop()


@pytest.mark.parametrize("kind", PROXIES)
async def test_quiet_streams_are_not_cut(kind: type[Proxy], database: str, tmp_path: Path) -> None:
    async with staged(kind, database, tmp_path, OFTEN_S) as stage:
        mia = await stage.client.create_character(name="Mia")
        story = await stage.client.create_story(title="A", style="anime", pages=["Mia waits."])
        job = await stage.client.generate_portrait(mia, style="anime")
        batch = await stage.client.generate_story(story)
        waiting = asyncio.create_task(stage.client.wait(job))
        others: list[asyncio.Task[Any]] = [
            asyncio.create_task(stage.client.wait_batch(batch)),
            asyncio.create_task(_drain_events(stage.client)),
        ]
        await asyncio.sleep(LIMIT_S * 2.5)
        cut = [stage.calls(name) for name in ("WatchJob", "WatchBatch", "WatchEvents")]
        assert cut == [0, 0, 0]
        await stage.draw()
        assert (await waiting).id == job.image_id
        for other in others:
            other.cancel()
        await asyncio.gather(*others, return_exceptions=True)


async def _drain_events(client: Client) -> None:
    async with aclosing(client.events("oldest", checkpoints=True)) as events:
        async for _ in events:
            pass


@pytest.mark.parametrize("kind", PROXIES)
async def test_streams_that_are_cut_resume(
    kind: type[Proxy], database: str, tmp_path: Path
) -> None:
    async with staged(kind, database, tmp_path, NEVER_S) as stage:
        job = await stage.job()
        waiting = asyncio.create_task(stage.client.wait(job))
        async with asyncio.timeout(60):
            while stage.calls("WatchJob") < 2:
                assert not waiting.done(), waiting
                await asyncio.sleep(0.1)
        await stage.draw()
        assert (await waiting).id == job.image_id


@pytest.mark.parametrize("kind", PROXIES)
async def test_streams_resume_after_reloads_restarts_and_kills_of_the_proxy(
    kind: type[Proxy], database: str, tmp_path: Path
) -> None:
    async with staged(kind, database, tmp_path, OFTEN_S) as stage:
        job = await stage.job()
        statuses: list[int] = []
        waiting = asyncio.create_task(_statuses(stage.client, job, statuses))
        events = asyncio.create_task(_jobs_ends(stage.client, job))
        await _until(lambda: bool(statuses), waiting)
        for _ in range(2):
            await stage.proxy.reload()
            await asyncio.sleep(0.3)
        await stage.proxy.restart()
        await asyncio.sleep(0.5)
        assert not waiting.done(), waiting
        assert not events.done(), events
        assert (await stage.client.get_job(job)).status == JobStatus.JOB_STATUS_QUEUED
        await stage.draw()
        await waiting
        assert statuses[-1] == JobStatus.JOB_STATUS_COMPLETED
        assert await events == job.job_id


@pytest.mark.parametrize("kind", PROXIES)
async def test_streams_resume_after_pages_of_a_proxy_whose_gateway_restarts(
    kind: type[Proxy], database: str, tmp_path: Path
) -> None:
    async with staged(kind, database, tmp_path, OFTEN_S) as stage:
        job = await stage.job()
        waiting = asyncio.create_task(stage.client.wait(job))
        events = asyncio.create_task(_jobs_ends(stage.client, job))
        await _until(lambda: len(stage.gateway.watching.jobs) > 0, waiting)
        await stage.stop()
        # HAProxy tries to connect three times before it answers.
        with pytest.raises((Unavailable, DeadlineExceeded)) as raised:
            await stage.client.with_timeout(8).get_job(job)
        assert raised.value.foreign
        # A caller who meets nothing but the page waits for the gateway, too.
        async with Client(stage.proxy.target, token=stage.token) as other:
            late = asyncio.create_task(other.wait(job, timeout=60))
            await asyncio.sleep(2)
            assert not waiting.done(), waiting
            assert not late.done(), late
            await stage.serve()
            await _until(lambda: len(stage.gateway.watching.jobs) > 0, waiting)
            await stage.draw()
            assert (await waiting).id == job.image_id
            assert (await late).id == job.image_id
        assert await events == job.job_id


async def _statuses(client: Client, job: Job, statuses: list[int]) -> None:
    async for snapshot in client.watch(job):
        statuses += [snapshot.job.status]


async def _jobs_ends(client: Client, job: Job) -> str:
    """Follows events until the job has completed, and returns its id."""
    async with aclosing(client.events("oldest", kinds=["job"])) as events:
        async for event in events:
            if event.job.status == JobStatus.JOB_STATUS_COMPLETED:
                return event.job.job_id
    raise AssertionError(job)


async def _until(fits: Callable[[], bool], task: "asyncio.Task[Any]") -> None:
    async with asyncio.timeout(60):
        while not fits():
            assert not task.done(), task
            await asyncio.sleep(0.05)
