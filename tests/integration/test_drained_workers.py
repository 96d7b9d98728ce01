"""Workers that an admin drains: they claim no more, and nobody counts on them."""

from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest

from actors.testing.scripted import ScriptedRenderer
from actors.worker.lanes import Share
from actors.worker.metrics import Unmeasured
from imggen.v1 import admin_pb2, admin_pb2_grpc
from imggen.v1.errors_pb2 import ErrorReason
from server.domain.states import JobStatus, Lane
from server.errors import Unavailable
from server.identity.caller import Role
from server.store.conditions import observe
from tests.integration.callers import Caller
from tests.integration.gateway_fixture import GatewayFixture
from tests.integration.job_queue import JobQueue, Stall, until


@pytest.fixture
def operators(gateway: GatewayFixture) -> Any:
    """Returns a stub of the service."""
    return admin_pb2_grpc.AdminServiceStub(gateway.channel())


@pytest.fixture
def admin(gateway: GatewayFixture) -> Caller:
    """Returns an admin."""
    return gateway.caller("ada", Role.ADMIN)


async def drain(operators: Any, admin: Caller, name: str) -> Any:
    """Drains a worker."""
    request = admin_pb2.DrainWorkerRequest(name=name)
    return await operators.DrainWorker(request, metadata=admin.metadata)


async def test_a_drained_worker_is_shown_and_nobody_counts_on_it(
    gateway: GatewayFixture, operators: Any, admin: Caller
) -> None:
    workers = gateway.store.workers
    await workers.ready("other", {Lane.LOCAL: 2}, timedelta(hours=1))
    first, again = [await drain(operators, admin, "worker") for _ in range(2)]
    assert first.action.target == "worker:worker"
    assert first.action.kind == admin_pb2.ADMIN_ACTION_KIND_DRAIN_WORKER
    assert not again.HasField("action")
    request = admin_pb2.GetOverviewRequest()
    shown = await operators.GetOverview(request, metadata=admin.metadata)
    assert [(one.name, one.draining) for one in shown.workers] == [
        *(("other", False), ("worker", True))
    ]
    assert [one.slots for one in shown.lanes] == [2, 0, 0, 0]
    seen = await observe(gateway.store.database, None)
    assert (seen.slots, set(seen.held)) == ({Lane.LOCAL: 2}, {Lane.LOCAL})
    assert not (await gateway.store.jobs.outlook(Lane.HOSTED)).served
    assert not await workers.hold(Lane.HOSTED, ["sdxl"])


async def test_a_worker_that_is_not_there_is_refused(operators: Any, admin: Caller) -> None:
    for name in ("", "nobody"):
        request = admin_pb2.DrainWorkerRequest(name=name)
        assert (await admin.refused(operators.DrainWorker, request)).fields == ["name"]
    listed = admin_pb2.ListAdminActionsRequest()
    assert not (await operators.ListAdminActions(listed, metadata=admin.metadata)).actions


async def test_a_drained_worker_hears_it_however_often_it_says_that_it_is_ready(
    job_queue: JobQueue,
) -> None:
    workers, hour = job_queue.store.workers, timedelta(hours=1)
    assert await workers.ready("w", {Lane.LOCAL: 1}, hour)
    assert await workers.drain("w")
    for _ in range(2):
        assert not await workers.ready("w", {Lane.LOCAL: 1}, hour)
    # Its model was away meanwhile: it is told again by what it knows itself.
    await workers.gone("w")
    assert not await workers.ready("w", {Lane.LOCAL: 1}, hour, draining=True)
    assert await workers.ready("after a restart", {Lane.LOCAL: 1}, hour)


async def test_a_drained_worker_gets_no_job_before_it_has_heard_of_it(job_queue: JobQueue) -> None:
    claims: Counter[Lane] = Counter()

    class Counting(Unmeasured):
        def claim(self, lane: Lane, seconds: float, waited_s: Sequence[float]) -> None:
            claims[lane] += 1

    workers = job_queue.store.workers
    settings: dict[str, Any] = {"heartbeat_s": 60, "lease_s": 200, "poll_s": 0.05}
    async with job_queue.worker(name="leaving", metrics=Counting(), **settings):
        await until(lambda: workers.known("leaving"))
        assert await workers.drain("leaving")
        waiting = await job_queue.submit()
        before = claims[Lane.LOCAL]

        async def asked_twice() -> bool:
            return claims[Lane.LOCAL] >= before + 2

        await until(asked_twice)
        assert (await job_queue.job(waiting.id)).status is JobStatus.QUEUED
        async with job_queue.worker(name="staying"):
            await job_queue.becomes(waiting, JobStatus.COMPLETED)
    [row] = await job_queue.store.database.fetch("SELECT worker FROM attempts")
    assert row["worker"] == "staying"


async def test_a_drain_is_heard_by_a_worker_whose_model_goes_away_first(
    job_queue: JobQueue, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    workers = job_queue.store.workers

    class Gone:
        """A model that is away at its second check, just after the drain of its worker."""

        checks = 0
        share: Share | None = None

        async def check(self) -> timedelta | None:
            self.checks += 1
            if self.checks == 2:
                assert await workers.drain("leaving")
                raise Unavailable("no diffuser", ErrorReason.ERROR_REASON_RENDER_FAILED)
            return None

    model = Gone()
    settings: dict[str, Any] = {"heartbeat_s": 0.05, "poll_s": 0.05}
    async with job_queue.worker(name="leaving", models=model, **settings):

        async def back() -> bool:
            return model.checks >= 4

        await until(back)
        assert any(one.message == "claims no more" for one in caplog.records)
        [row] = await job_queue.store.database.fetch("SELECT draining FROM workers")
        assert row["draining"]


async def test_a_worker_that_is_away_is_not_ready_and_stays_drained(job_queue: JobQueue) -> None:
    workers, hour = job_queue.store.workers, timedelta(hours=1)
    assert await workers.away("w")
    await workers.ready("w", {Lane.LOCAL: 1}, hour)
    assert await workers.away("w")
    assert not await workers.drain("w")
    assert await workers.ready("w", {Lane.LOCAL: 1}, hour)
    assert await workers.drain("w")
    assert not await workers.away("w")
    assert not await workers.known("w")
    assert not await workers.ready("w", {Lane.LOCAL: 1}, hour)


async def test_a_restart_ends_a_drain_under_the_same_name_too(job_queue: JobQueue) -> None:
    workers = job_queue.store.workers
    await workers.ready("fixed", {Lane.LOCAL: 1}, timedelta(hours=1))
    assert await workers.drain("fixed")  # and then it is killed
    waiting = await job_queue.submit()
    async with job_queue.worker(name="fixed"):
        await job_queue.becomes(waiting, JobStatus.COMPLETED)
        assert await workers.drain("fixed")


async def test_a_drained_worker_finishes_what_it_runs_and_claims_no_more(
    job_queue: JobQueue, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    stall = Stall(5)
    settings: dict[str, Any] = {"heartbeat_s": 0.05, "poll_s": 0.05, "slots": {"local": 2}}
    async with job_queue.worker(ScriptedRenderer(script=stall), name="leaving", **settings):
        running = await job_queue.submit()
        await stall.reached.wait()
        assert await job_queue.store.workers.drain("leaving")

        async def heard() -> bool:
            return any(one.message == "claims no more" for one in caplog.records)

        await until(heard)
        waiting = await job_queue.submit()  # a second slot is free
        stall.resume.set()
        await job_queue.becomes(running, JobStatus.COMPLETED)
        assert (await job_queue.job(waiting.id)).status is JobStatus.QUEUED
        async with job_queue.worker(name="staying"):
            await job_queue.becomes(waiting, JobStatus.COMPLETED)
    rows = await job_queue.store.database.fetch("SELECT job_id, worker FROM attempts")
    assert {row["job_id"]: row["worker"] for row in rows} == {
        running.id: "leaving",
        waiting.id: "staying",
    }
