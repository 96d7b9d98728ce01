"""Admission wakes a worker after a job's commit, and only if there is a job to claim."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import grpc
import pytest

from imggen.v1 import job_pb2
from imggen.v1.generation_pb2 import GenerationOptions
from server.admission.users import KnownUsers
from server.domain.ids import UserId
from server.identity.caller import Caller
from server.routing.catalogue import STORYBOOK, Catalogue
from server.store import Store
from server.store.signals import CHANGED, WAKE
from tests.builders import paid
from tests.integration.gateway_fixture import GatewayFixture, new_id, open_gateway_fixture

PRICE = 40_000
PAID = paid(STORYBOOK, PRICE)
LOCK = 7
# Makes commits wait: the transaction has done its writes, which nobody sees yet.
HOLD_COMMITS = f"""
CREATE FUNCTION hold_commit() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_advisory_xact_lock({LOCK});
  RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER hold_commit AFTER INSERT ON image_generation_jobs
DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION hold_commit();
"""


class SignalRecorder:
    """The received signals of a database, and a connection that reads its rows."""

    def __init__(self, observer: "asyncpg.Connection[asyncpg.Record]") -> None:
        self.received: list[tuple[str, str]] = []
        self.observer = observer
        self._more = asyncio.Event()

    def receive(self, _connection: Any, _pid: int, channel: str, payload: Any) -> None:
        """Records the messages of a notification."""
        self.received += [(channel, message) for message in str(payload).split(",")]
        self._more.set()

    async def until(self, channel: str, message: str) -> None:
        """Waits until a message is received."""
        async with asyncio.timeout(30):
            while (channel, message) not in self.received:
                self._more.clear()
                await self._more.wait()

    def woken(self) -> list[str]:
        """Returns the lanes whose workers were woken."""
        return [message for channel, message in self.received if channel == WAKE]


@asynccontextmanager
async def listening(database: str) -> AsyncIterator[SignalRecorder]:
    """Yields a recorder that listens to a database."""
    listener, observer = await asyncpg.connect(database), await asyncpg.connect(database)
    recorder = SignalRecorder(observer)
    try:
        for channel in (WAKE, CHANGED):
            await listener.add_listener(channel, recorder.receive)
        yield recorder
    finally:
        await listener.close()
        await observer.close()


@pytest.fixture
async def recorder(database: str) -> AsyncIterator[SignalRecorder]:
    """Yields a recorder of the signals of the test's database."""
    async with listening(database) as recorder:
        yield recorder


@pytest.fixture
async def paid_gateway(database: str, tmp_path: Path) -> AsyncIterator[GatewayFixture]:
    """Yields a gateway with a free and a paid model, and a budget for one paid job."""
    async with open_gateway_fixture(
        database,
        tmp_path,
        catalogue=Catalogue([STORYBOOK, PAID]),
        daily_budget_usd=PRICE / 1e6,
    ) as paid_gateway:
        yield paid_gateway


@pytest.mark.parametrize("model", ["storybook", "paid"])
async def test_a_job_is_committed_before_a_worker_is_woken(
    paid_gateway: GatewayFixture, recorder: SignalRecorder, model: str
) -> None:
    buyer = paid_gateway.caller("mia")
    character = await buyer.create_character()
    await recorder.observer.execute(HOLD_COMMITS)
    await recorder.observer.execute("SELECT pg_advisory_lock($1)", LOCK)
    options = GenerationOptions(model=model)
    submit = asyncio.create_task(buyer.portrait(character.id, options=options))
    await a_commit_waits(recorder)
    await all_signals_received(paid_gateway, recorder)
    assert recorder.woken() == []
    await recorder.observer.execute("SELECT pg_advisory_unlock($1)", LOCK)
    await recorder.until(WAKE, "local")
    rows = await recorder.observer.fetch("SELECT id FROM image_generation_jobs")
    assert [str(row["id"]) for row in rows] == [(await submit).job_id]


async def test_a_replayed_request_wakes_no_worker(
    paid_gateway: GatewayFixture, recorder: SignalRecorder
) -> None:
    buyer = paid_gateway.caller("mia")
    character = await buyer.create_character()
    key = new_id()
    made = [(await buyer.portrait(character.id, seed=7, request_id=key)).job_id for _ in range(3)]
    assert len(set(made)) == 1
    await all_signals_received(paid_gateway, recorder)
    assert recorder.woken() == ["local"]


async def test_a_job_that_is_queued_again_wakes_a_worker(
    paid_gateway: GatewayFixture, recorder: SignalRecorder
) -> None:
    buyer = paid_gateway.caller("mia")
    job = await buyer.portrait()
    await buyer.cancel(job.job_id)
    await all_signals_received(paid_gateway, recorder)
    recorder.received.clear()
    await buyer.retry(job.job_id)
    await recorder.until(WAKE, "local")


async def test_a_refused_retry_wakes_no_worker_and_holds_no_money(
    paid_gateway: GatewayFixture, recorder: SignalRecorder
) -> None:
    buyer = paid_gateway.caller("mia")
    job = await buyer.portrait(options=GenerationOptions(model="paid"))
    await all_signals_received(paid_gateway, recorder)
    recorder.received.clear()
    request = job_pb2.RetryJobRequest(job_id=job.job_id)
    refused = await buyer.refused(buyer.jobs.RetryJob, request)
    assert refused.code is grpc.StatusCode.FAILED_PRECONDITION
    await all_signals_received(paid_gateway, recorder)
    assert recorder.woken() == []
    assert await recorder.observer.fetchval("SELECT sum(micros) FROM holds") == PRICE


async def test_a_caller_is_stored_once(store: Store) -> None:
    mia = Caller(UserId(uuid4()), "mia", "https://issuer.test")
    users = KnownUsers(store)
    await users.ensure(mia)
    assert await store.database.execute("DELETE FROM users") == "DELETE 1"
    await users.ensure(mia)
    assert await store.database.fetch("SELECT FROM users") == []


async def a_commit_waits(recorder: SignalRecorder) -> None:
    """Waits until a transaction has done everything but its commit."""
    waiting = (
        "SELECT count(*) FROM pg_locks l JOIN pg_database d ON d.oid = l.database"
        " WHERE d.datname = current_database() AND l.locktype = 'advisory'"
        " AND l.objid = $1 AND NOT l.granted"
    )
    async with asyncio.timeout(30):
        while not await recorder.observer.fetchval(waiting, LOCK):
            await asyncio.sleep(0.01)


async def all_signals_received(paid_gateway: GatewayFixture, recorder: SignalRecorder) -> None:
    """Sends a signal and waits for it: signals keep their order, so earlier ones came first."""
    message = new_id()
    paid_gateway.signals.say(CHANGED, message)
    await recorder.until(CHANGED, message)
