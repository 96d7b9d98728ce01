"""A plan that is not read leaves nothing; what is read of one is no job that a caller sees."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import grpc
import grpc.aio
import pytest

from imggen.v1 import job_pb2, routing_pb2
from server.domain.ids import JobId
from server.domain.jobs import Failure, Outcome
from server.domain.plans import NewReading
from server.domain.scenes import LossKind, NotDrawn, Scene
from server.domain.states import JobStatus, Lane
from server.services.plans import PageReading
from server.upkeep.sweep import Sweeper
from tests.builders import render_spec
from tests.endpoint import failure
from tests.integration.gateway_fixture import GatewayFixture, new_id, open_gateway_fixture
from tests.integration.job_queue import JobQueue, until
from tests.integration.page_reader import reading_pages
from tests.integration.plans_of_stories import Planning

LOST = {"storybook": (NotDrawn("lantern", LossKind.PROP),)}
READ = Outcome("", "", (), {}, 0)
OLD = "UPDATE image_generation_jobs SET updated_at = now() - interval '25 hours'"


@pytest.fixture
def mia(gateway: GatewayFixture) -> Planning:
    """Returns a caller that plans stories, which nobody reads."""
    return Planning(gateway, gateway.caller("mia"))


@pytest.fixture
async def hasty(database: str, tmp_path: Path) -> AsyncIterator[Planning]:
    """Yields a caller of a gateway whose calls without a deadline end soon."""
    async with open_gateway_fixture(database, tmp_path, default_deadline_s=0.5) as gateway:
        yield Planning(gateway, gateway.caller("mia"))


async def code_of(call: Any) -> grpc.StatusCode:
    """Returns the code that a call ends with."""
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await call
    return raised.value.code()


async def test_without_a_worker_the_deadline_is_exceeded_and_nothing_is_left(
    mia: Planning,
) -> None:
    call = mia.ask(await mia.story(), new_id(), timeout=0.5)
    assert await code_of(call) is grpc.StatusCode.DEADLINE_EXCEEDED
    await mia.become()
    assert await mia.gateway.count("job_lanes") == 0


async def test_a_call_without_a_deadline_ends_at_that_of_the_gateway(hasty: Planning) -> None:
    ended = await failure(hasty.ask(await hasty.story(), timeout=None))
    assert (ended.code, ended.reason) == (
        grpc.StatusCode.DEADLINE_EXCEEDED,
        "DEADLINE_EXCEEDED",
    )
    await hasty.become()


async def test_a_call_that_is_cancelled_drops_what_nobody_has_begun(mia: Planning) -> None:
    story, key = await mia.story(), new_id()
    call = mia.ask(story, key)
    [begun] = await mia.claim(1)
    call.cancel()
    await mia.become("processing")
    assert await mia.gateway.store.scenes.find(begun.job_id) is None
    await mia.gateway.store.scenes.keep(begun, Scene(place="kitchen"))
    assert await mia.gateway.store.complete(begun, READ)
    async with reading_pages(mia.gateway):
        plan = await mia.plan(story, key)
    assert [page.scene.place for page in plan.pages].count("kitchen") == 1
    assert await mia.reads() == 2  # what was begun is read once


async def test_a_repeated_call_goes_on_where_the_first_one_is_cancelled(mia: Planning) -> None:
    story, key = await mia.story(), new_id()
    first, second = mia.ask(story, key), mia.ask(story, key)
    await mia.become("queued", "queued")
    await until(lambda: watched(mia, 4))
    first.cancel()
    await until(lambda: watched(mia, 2))
    async with reading_pages(mia.gateway):
        plan = await second
    assert len(plan.pages) == 2


async def test_a_drop_ends_though_its_call_is_cancelled_again(mia: Planning) -> None:
    await mia.story()  # its caller is known from then on
    parts = mia.gateway.served.parts
    reading = PageReading(parts.store, parts.signals, parts.watching.plans)
    page = NewReading(JobId(uuid4()), mia.caller.user_id, render_spec())
    call = asyncio.create_task(reading.read(mia.caller.user_id, None, [page]))
    await mia.become("queued")
    await until(lambda: watched(mia, 1))
    call.cancel()
    await asyncio.sleep(0)  # it begins to drop
    call.cancel()
    await asyncio.wait([call])
    assert call.cancelled()
    await mia.become()


async def watched(mia: Planning, readings: int) -> bool:
    """Returns whether calls wait for so many readings."""
    return len(mia.gateway.watching.plans) == readings


async def test_a_page_that_cannot_be_read_fails_the_call_and_drops_the_others(
    mia: Planning,
) -> None:
    story, key = await mia.story("Mia runs.", "Leo runs.", "Leo rests."), new_id()
    call = mia.ask(story, key)
    [claim] = await mia.claim(1)
    why = Failure("CONTENT_INVALID", "the page has no words")
    leases = mia.gateway.store.leases
    await leases.fail(claim, why, retryable=False, backoff=timedelta(0))
    mia.gateway.signals.tell([claim.job_id])
    failed = await failure(call)
    assert (failed.code, failed.reason) == (grpc.StatusCode.INTERNAL, "CONTENT_INVALID")
    assert failed.message == why.message
    await mia.become("failed")
    async with reading_pages(mia.gateway):
        assert len((await mia.plan(story, key)).pages) == 3  # another call reads it again


async def test_a_reading_whose_worker_was_lost_is_read_by_another_one(
    mia: Planning, job_queue: JobQueue
) -> None:
    call = mia.ask(await mia.story())
    await mia.become("queued", "queued")
    store = mia.gateway.store
    [lost] = await store.leases.claim("lost", Lane.READ, 1, timedelta(seconds=-1))
    async with job_queue.worker(poll_s=0.2, heartbeat_s=0.5, lease_s=5):
        plan = await call
    assert all(page.scene.place for page in plan.pages)
    # What the lost worker writes after all changes nothing.
    await store.scenes.keep_losses(lost, {"storybook": ()})
    assert not await store.complete(lost, READ)
    assert await mia.reads() == 3
    assert (await store.plans.find(lost.user_id, [lost.job_id]))[lost.job_id].losses["storybook"]


async def test_a_reading_that_another_worker_has_taken_over_keeps_its_losses(
    mia: Planning,
) -> None:
    call = mia.ask(await mia.story("Mia runs."))
    store = mia.gateway.store
    [first] = await mia.claim(1)
    await store.scenes.keep(first, Scene(place="wood"))
    await store.leases.release([first])
    [second] = await mia.claim(1)
    await store.scenes.keep_losses(first, {})
    await store.scenes.keep_losses(second, LOST)
    assert await store.complete(second, READ)
    mia.gateway.signals.tell([second.job_id])
    [page] = (await call).pages
    assert [one.phrase for one in page.not_drawn] == ["lantern"]


async def test_no_caller_sees_a_reading_as_a_job(mia: Planning) -> None:
    gateway, story, jobs = mia.gateway, await mia.story(), mia.caller.jobs
    before = await gateway.count("outbox")
    call = mia.ask(story)
    claim, _ = await mia.claim(2)
    job = str(claim.job_id)
    for method, request in (
        (jobs.GetJob, job_pb2.GetJobRequest(job_id=job)),
        (jobs.CancelJob, job_pb2.CancelJobRequest(job_id=job)),
        (jobs.RetryJob, job_pb2.RetryJobRequest(job_id=job)),
        (jobs.WatchJob, job_pb2.WatchJobRequest(job_id=job)),
        (mia.routing.ExplainRoute, routing_pb2.ExplainRouteRequest(job_id=job)),
    ):
        refused = await mia.caller.refused(method, request)
        assert (refused.reason, refused.metadata) == ("JOB_NOT_FOUND", {"job_id": job})
    held = await gateway.store.leases.heartbeat([claim], timedelta(seconds=60))
    assert held == {claim.job_id: False}  # not cancelled
    for fields in ({}, {"story_id": story.id}, {"statuses": [job_pb2.JOB_STATUS_PROCESSING]}):
        listed = await jobs.ListJobs(
            job_pb2.ListJobsRequest(**fields), metadata=mia.caller.metadata
        )
        assert list(listed.jobs) == []
    call.cancel()
    assert await gateway.count("outbox") == before


async def test_readings_are_no_part_of_the_queue_of_pictures(mia: Planning) -> None:
    call = mia.ask(await mia.story())
    await mia.become("queued", "queued")
    store = mia.gateway.store
    assert await store.jobs.waiting() == {}
    assert (await store.jobs.outlook(Lane.LOCAL)).waiting == 0
    assert await store.leases.waiting_after(first_of_all(), 100) == []  # nobody routes them again
    async with reading_pages(mia.gateway):
        await call
    assert (await store.jobs.outlook(Lane.LOCAL)).mean_duration is None
    rows = await store.database.fetch("SELECT outcome FROM attempts")
    assert [row["outcome"] for row in rows] == ["read", "read"]


def first_of_all() -> Any:
    """Returns the id before all others."""
    return UUID(int=0)


async def test_the_sweep_removes_plans_after_a_day(mia: Planning) -> None:
    gateway, store = mia.gateway, mia.gateway.store
    picture = await mia.caller.portrait()
    async with reading_pages(gateway):
        await mia.plan(await mia.story())
    call = mia.ask(await mia.story("Mia naps."))
    await mia.become("completed", "completed", "queued")
    sweeper = Sweeper(store, gateway.storage)
    swept = await sweeper.sweep()
    assert swept is not None
    assert swept.plans == 0
    await store.database.execute(OLD)
    swept = await sweeper.sweep()
    assert swept is not None
    assert swept.plans == 3
    assert await mia.statuses() == []
    assert (await gateway.count("scenes"), await gateway.count("attempts")) == (0, 0)
    assert await gateway.count("job_lanes") == 1
    assert (await store.jobs.get(mia.caller.user_id, UUID(picture.job_id))) is not None  # type: ignore[arg-type]
    call.cancel()


async def test_the_sweep_leaves_plans_that_a_worker_reads(mia: Planning) -> None:
    call = mia.ask(await mia.story("Mia naps."))
    [claim] = await mia.claim(1)
    await mia.gateway.store.database.execute(OLD)
    assert await mia.gateway.store.plans.sweep(timedelta(days=1)) == 0
    assert await mia.gateway.store.plans.statuses([claim.job_id]) == {
        claim.job_id: JobStatus.PROCESSING
    }
    call.cancel()
