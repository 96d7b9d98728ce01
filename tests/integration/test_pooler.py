"""Everything works behind a PgBouncer, in both of its modes, and what cannot is said."""

import asyncio
import logging
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import asyncpg
import pytest

from actors.serve.scaling import BacklogPolicy
from actors.testing.scripted import ScriptedRenderer
from imggen import Client
from imggen.v1.image_pb2 import IMAGE_STATUS_COMPLETED
from server.causes import CannotStart
from server.databases import Address, Pooler, UnfitPooler
from server.store import open_store
from server.store.migrate import migrate, until_migrated
from server.store.opening import require_one_database
from server.store.pooling import pooler_of
from server.store.signals import Listener
from tests.integration.conftest import administer, database_url
from tests.integration.gateway_fixture import open_gateway_fixture
from tests.integration.job_queue import JobQueue, open_job_queue
from tests.markdown import ROOT
from tests.pgbouncer import pgbouncer

_SETTINGS = ("jit", "enable_bitmapscan", "enable_seqscan", "synchronous_commit")
_SESSIONS = """
SELECT (SELECT count(*) FROM pg_locks
    WHERE locktype = 'advisory' AND pid = pg_backend_pid()) AS locks,
  (SELECT count(*) FROM pg_prepared_statements) AS statements,
  current_setting('jit') || current_setting('enable_seqscan') AS settings
"""


@pytest.fixture(scope="module")
def poolers(postgres: str) -> Iterator[dict[str, str]]:
    """Yields the URLs of two poolers of the session's Postgres, by their modes."""
    with (
        pgbouncer(postgres, "transaction", sessions=3) as shared,
        pgbouncer(postgres, "session", sessions=30) as kept,
    ):
        yield {"transaction": shared, "session": kept}


def _through(pooler: str, database: str) -> str:
    name = database.split("?")[0].rpartition("/")[2]
    return database_url(pooler, name)


@asynccontextmanager
async def _served(
    database: str, folder: Path, address: Address
) -> AsyncIterator[tuple[Client, JobQueue]]:
    """Yields a client of a gateway, and the queue of a worker, which are all behind the pooler."""
    settings: dict[str, Any] = {
        "database_url": address.url,
        "database_pooler": address.pooler,
        "database_direct_url": address.direct_url,
    }
    async with AsyncExitStack() as stack:
        gateway = await stack.enter_async_context(
            open_gateway_fixture(database, folder, **settings)
        )
        queue = await stack.enter_async_context(open_job_queue(database, folder))
        await stack.enter_async_context(
            # It hears of a job, or comes too late.
            queue.worker(ScriptedRenderer(), poll_s=3600.0, **settings)
        )
        [(_, token)] = gateway.caller("mia").metadata
        client = Client(gateway.address, token=str(token).removeprefix("Bearer "))
        yield await stack.enter_async_context(client), queue


@pytest.mark.parametrize("mode", ["transaction", "session", "auto"])
async def test_pictures_are_drawn_behind_a_pooler(
    database: str, tmp_path: Path, poolers: dict[str, str], mode: Pooler
) -> None:
    url = _through(poolers["session" if mode == "session" else "transaction"], database)
    address = Address(url, mode, "" if mode == "session" else database)
    async with asyncio.timeout(60), _served(database, tmp_path, address) as (client, _):
        mia = await client.create_character(name="Mia")
        jobs = [await client.generate_portrait(mia, style="anime") for _ in range(8)]
        done = await asyncio.gather(*map(client.wait, jobs))
        listed = [job async for job in client.list_jobs()]
    assert {image.status for image in done} == {IMAGE_STATUS_COMPLETED}
    assert len(listed) == 8
    connection = await asyncpg.connect(url, statement_cache_size=0)
    found = [await connection.fetchrow(_SESSIONS) for _ in range(5)]
    await connection.close()
    # What a session of the server keeps is as another client of the pooler would have it.
    assert {tuple(one or ()) for one in found} == {(0, 0, "onon")}


@pytest.mark.parametrize("mode", ["transaction", "session"])
async def test_one_process_works_alone(
    database: str, poolers: dict[str, str], mode: Pooler
) -> None:
    address = Address(_through(poolers[mode], database), mode, database)
    async with open_store(address, max_connections=1) as one, open_store(address) as other:
        async with one.alone("sweep") as held, other.alone("sweep") as refused:
            assert held is not None
            assert refused is None
            assert await held.styles.list()
            async with other.alone("alerts") as another:
                assert another is not None
        async with other.alone("sweep") as held:
            assert held is not None
    async with open_store(database) as direct, direct.alone("sweep") as free:
        assert free is not None


async def test_the_lock_is_the_same_with_and_without_the_pooler(
    database: str, poolers: dict[str, str]
) -> None:
    address = Address(_through(poolers["transaction"], database))
    async with open_store(address) as pooled, open_store(database) as direct:
        async with direct.alone("sweep") as held, pooled.alone("sweep") as refused:
            assert (held is not None, refused) == (True, None)
        async with pooled.alone("sweep") as held, direct.alone("sweep") as refused:
            assert (held is not None, refused) == (True, None)


async def test_many_calls_share_few_sessions(database: str, poolers: dict[str, str]) -> None:
    address = Address(_through(poolers["transaction"], database))
    async with asyncio.timeout(60), AsyncExitStack() as stack:
        stores = [await stack.enter_async_context(open_store(address)) for _ in range(3)]
        for _ in range(20):
            await asyncio.gather(
                *(store.styles.list() for store in stores for _ in range(4)),
                *(store.database.fetch("SELECT $1::jsonb AS it", {"a": 1}) for store in stores),
            )


async def test_migrations_go_to_the_database_itself(
    postgres: str, poolers: dict[str, str], tmp_path: Path
) -> None:
    name = f"pooled_{os.getpid()}"
    await administer(postgres, f"CREATE DATABASE {name}")
    direct, pooled = database_url(postgres, name), database_url(poolers["transaction"], name)
    try:
        refused = await asyncio.to_thread(_command, "migrate", IMGGEN_DATABASE_URL=pooled)
        applied = await asyncio.to_thread(
            _command, "migrate", IMGGEN_DATABASE_URL=pooled, IMGGEN_DATABASE_DIRECT_URL=direct
        )
        waited = list[str]()
        await until_migrated(Address(pooled), waited.append)
        serving = await asyncio.to_thread(
            _command, IMGGEN_DATABASE_URL=pooled, IMGGEN_STORAGE_URL=tmp_path.as_uri(),
            IMGGEN_URL_SECRET="x" * 32, IMGGEN_PUBLIC_URL="http://127.0.0.1",
            IMGGEN_LISTEN="127.0.0.1:0", IMGGEN_HTTP_PORT="0", IMGGEN_METRICS_PORT="0",
        )  # fmt: skip
        kept = await migrate(Address(database_url(poolers["session"], name), "session"))
    finally:
        await administer(postgres, f"DROP DATABASE {name} WITH (FORCE)")
    for answer in (refused, serving):
        assert answer.returncode == 2
        [line] = [one for one in answer.stderr.splitlines() if not one.startswith("{")]
        assert line.startswith("error: IMGGEN_DATABASE_URL leads to a pooler")
        assert "set IMGGEN_DATABASE_DIRECT_URL" in line
    assert applied.returncode == 0, applied.stderr
    assert "the database is up to date" in applied.stderr
    assert (waited, kept) == ([], [])


async def test_what_is_set_wrongly_is_said(database: str, poolers: dict[str, str]) -> None:
    pooled = _through(poolers["transaction"], database)
    with pytest.raises(UnfitPooler, match="connections share sessions"):
        async with open_store(Address(pooled, "session")):
            pass
    with pytest.raises(UnfitPooler, match="IMGGEN_DATABASE_DIRECT_URL leads to a pooler"):
        async with Listener(Address(pooled, "transaction", pooled)).running():
            pass


async def test_a_busy_pooler_that_shares_sessions_is_found(
    database: str, poolers: dict[str, str]
) -> None:
    pooled = _through(poolers["transaction"], database)

    async def use() -> None:
        connection = await asyncpg.connect(pooled, statement_cache_size=0)
        try:
            while True:
                await connection.execute("SELECT pg_sleep(random() / 100)")
        finally:
            connection.terminate()

    async with asyncio.timeout(60):
        others = [asyncio.create_task(use()) for _ in range(3)]
        try:
            for _ in range(10):
                with pytest.raises(UnfitPooler, match="connections share sessions"):
                    await pooler_of(Address(pooled, "session"))
        finally:
            for other in others:
                other.cancel()
            await asyncio.gather(*others, return_exceptions=True)


async def test_a_direct_url_of_another_database_is_found_behind_a_pooler(
    postgres: str, database: str, poolers: dict[str, str]
) -> None:
    for mode in ("transaction", "session"):
        pooled = _through(poolers[mode], database)
        await require_one_database(Address(pooled, direct_url=database))
        with pytest.raises(CannotStart, match=r"leads to the database .* another database"):
            await require_one_database(Address(pooled, direct_url=postgres))


async def test_a_policy_that_asks_again_and_again_warns_of_the_pooler_once(
    database: str,
    poolers: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.WARNING)
    monkeypatch.setenv("IMGGEN_DATABASE_URL", _through(poolers["transaction"], database))
    policy = BacklogPolicy(poll_s=0.001)
    context = SimpleNamespace(target_num_replicas=7, current_num_replicas=7, total_num_requests=0)
    for _ in range(3):
        policy._found = None
        async with asyncio.timeout(30):
            while policy(cast(Any, context))[0] == 7:
                await asyncio.sleep(0.01)
    assert sorted(caplog.messages) == ["pooler found", "pooler without settings"]


async def test_settings_that_the_pooler_lacks_are_said_with_their_remedy(
    database: str, poolers: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    async with open_store(Address(_through(poolers["transaction"], database), "transaction")):
        pass
    [record] = [one for one in caplog.records if one.message == "pooler without settings"]
    lacking = {"jit": "off", "enable_bitmapscan": "off", "enable_seqscan": "off"}
    assert record.__dict__["missing"] == lacking
    assert "ALTER ROLE ... SET jit = 'off'" in record.__dict__["remedy"]


async def test_a_database_without_a_pooler_is_not_taken_for_one(database: str) -> None:
    async with open_store(database) as store:
        assert store.database.pooler == ""
        [row] = await store.database.fetch("SELECT current_setting('jit') AS jit")
        assert row["jit"] == "off"


def _command(*arguments: str, **settings: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "server", *arguments],
        env={**os.environ, **settings}, cwd=ROOT, capture_output=True, text=True, timeout=60,
        check=False,
    )  # fmt: skip
