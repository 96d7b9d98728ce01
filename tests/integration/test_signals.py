"""Signals: which subscribers receive which messages, and on how many connections."""

import asyncio
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from actors.testing.scripted import ScriptedRenderer
from server.app import open_gateway
from server.settings import GatewaySettings
from server.storage import StorageSettings
from server.store import Store
from server.store.signals import CHANGED, WAKE, Listener, Signals
from tests.integration.job_queue import JobQueue

_LISTENING = """
SELECT count(*) AS connections FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid()
  AND (query LIKE 'LISTEN%' OR query LIKE '%pg_listening_channels()')  -- or its probe
"""


async def test_each_message_goes_to_the_subscribers_of_its_channel(
    store: Store, database: str
) -> None:
    changed, both = asyncio.Queue[str](), asyncio.Queue[str]()
    gaps = list[str]()
    listener, signals = Listener(database), Signals(store.database)
    listener.subscribe(CHANGED, changed.put_nowait, lambda: gaps.append("changed"))
    for channel in (CHANGED, WAKE):
        listener.subscribe(channel, both.put_nowait, lambda: gaps.append("both"))
    async with asyncio.timeout(30), listener.running(), signals.running():
        assert set(gaps) == {"changed", "both"}
        job = str(uuid4())
        signals.say(WAKE, "local")
        assert await both.get() == "local"
        signals.say(CHANGED, job)
        assert await both.get() == job
        assert await changed.get() == job
        assert changed.empty()


async def test_a_malformed_message_stops_no_other_message_and_no_other_subscriber(
    store: Store, database: str, caplog: pytest.LogCaptureFixture
) -> None:
    parsed, plain = asyncio.Queue[UUID](), asyncio.Queue[str]()
    listener, job = Listener(database), uuid4()
    listener.subscribe(CHANGED, lambda message: parsed.put_nowait(UUID(message)), lambda: None)
    listener.subscribe(CHANGED, plain.put_nowait, lambda: None)
    async with asyncio.timeout(30), listener.running():
        await store.database.execute("SELECT pg_notify($1, $2)", CHANGED, f"no id,{job}")
        assert await parsed.get() == job
        assert [await plain.get() for _ in range(2)] == ["no id", str(job)]
    assert [record.message for record in caplog.records] == ["signal not heard"]


async def test_a_worker_listens_on_one_connection(job_queue: JobQueue) -> None:
    async with job_queue.worker(ScriptedRenderer()):
        assert await _listening(job_queue.store) == 1


async def test_a_gateway_listens_on_one_connection(
    store: Store, database: str, tmp_path: Path
) -> None:
    ports = {"listen": "127.0.0.1:0", "http_port": 0, "metrics_port": 0}
    settings = GatewaySettings.model_validate({**ports, "database_url": database})
    folder = {"storage_url": f"file://{tmp_path}/pixels", "public_url": "http://127.0.0.1:1"}
    storage = StorageSettings.model_validate({**folder, "url_secret": "s" * 32})
    async with open_gateway(settings, storage):
        assert await _listening(store) == 1


async def _listening(store: Store) -> int:
    """Returns the number of listening connections."""
    [row] = await store.database.fetch(_LISTENING)
    return int(row["connections"])
