"""Connections that a firewall forgot: they stay open, and nobody answers on them."""

import asyncio
from pathlib import Path

import pytest

from server.domain.states import JobStatus
from server.store import Store, open_store
from server.store.signals import CHANGED, Listener
from tests.integration.cuttable_postgres import cuttable_postgres
from tests.integration.gateway_fixture import open_gateway_fixture
from tests.integration.job_queue import JobQueue, until

LIMIT_S = 30.0
"""Within this time all is normal again, by the contract with operators."""


async def test_a_gateway_is_normal_again(
    database: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with (
        cuttable_postgres(database) as (proxy, url),
        open_gateway_fixture(url, tmp_path / "pixels") as gateway,
    ):
        mia = gateway.caller("mia")
        job = await mia.portrait()
        call = mia.watch(job.job_id)
        await call.read()
        frozen = proxy.freeze()
        assert frozen >= 3  # of the pool, the listener's and the write probe's
        async with asyncio.timeout(LIMIT_S):
            while (
                gateway.metrics.registry.get_sample_value(
                    "imggen_listener_breaks_total", {"why": "it did not answer in time"}
                )
                is None
            ):
                await asyncio.sleep(0.1)
            assert (await mia.get_job(job.job_id)).job_id == job.job_id

            async def serves() -> bool:
                return gateway.endpoint.serving

            await until(serves)
            await gateway.claim()
            await call.read()
        call.cancel()
    said = [record.message for record in caplog.records]
    assert "connections given up" in said
    assert "listener disconnected" in said


async def test_a_listener_notices_and_hears_again(
    database: str, store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    heard, gaps, silent = asyncio.Queue[str](), asyncio.Queue[None](), list[str]()

    async def tell(why: str) -> None:
        silent.append(why)

    async with cuttable_postgres(database) as (proxy, url), asyncio.timeout(LIMIT_S):
        listener = Listener(url, silent=tell, probe_s=0.2)
        listener.subscribe(CHANGED, heard.put_nowait, lambda: gaps.put_nowait(None))
        async with listener.running():
            await gaps.get()
            assert proxy.freeze() == 1
            await gaps.get()
            await store.database.execute("SELECT pg_notify($1, 'again')", CHANGED)
            assert await heard.get() == "again"
    assert silent == ["no answer to a probe"]
    assert [record.message for record in caplog.records] == ["listener disconnected"]


@pytest.mark.parametrize("what", ["a statement", "the time"])
async def test_one_question_without_an_answer_gives_up_all_connections(
    database: str, what: str
) -> None:
    async with (
        cuttable_postgres(database) as (proxy, url),
        open_store(url) as store,
        asyncio.timeout(LIMIT_S),
    ):
        database_ = store.database
        await asyncio.gather(*(database_.execute("SELECT pg_sleep(0.1)") for _ in range(5)))
        assert proxy.freeze() == database_.idle()[1] == 5
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(3):
                await (database_.ask_time() if what == "the time" else database_.ping())
        assert database_.idle() == (0, 0)
        await asyncio.gather(*(database_.execute("SELECT 1") for _ in range(5)))


async def test_a_worker_goes_on(job_queue: JobQueue) -> None:
    async with (
        cuttable_postgres(job_queue.database) as (proxy, url),
        # A claim under way may hold the next job, and its answer is lost: then a lease must end.
        job_queue.worker(database_url=url, poll_s=0.05, lease_s=4, heartbeat_s=1, drain_s=20),
    ):
        await job_queue.becomes(await job_queue.submit(), JobStatus.COMPLETED)
        assert proxy.freeze() >= 1
        await job_queue.becomes(await job_queue.submit(), JobStatus.COMPLETED)
