"""Cancels and requeues of many jobs: what has changed since an action began is left alone."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import pytest

from imggen.v1 import admin_pb2, admin_pb2_grpc
from imggen.v1.job_pb2 import JOB_STATUS_CANCELLED, JOB_STATUS_FAILED, JOB_STATUS_QUEUED
from server.domain.ids import JobId
from server.identity.caller import Role
from tests.integration.callers import Caller
from tests.integration.gateway_fixture import GatewayFixture
from tests.integration.job_queue import until

_WAITS = """
SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'
"""


@pytest.fixture
def operators(gateway: GatewayFixture) -> Any:
    """Returns a stub of the service."""
    return admin_pb2_grpc.AdminServiceStub(gateway.channel())


@pytest.fixture
def admin(gateway: GatewayFixture) -> Caller:
    """Returns an admin."""
    return gateway.caller("ada", Role.ADMIN)


@asynccontextmanager
async def stopped_at(
    gateway: GatewayFixture, job_id: str, call: Any, request: Any, admin: Caller
) -> AsyncIterator[asyncio.Task[Any]]:
    """Yields a call that has chosen its jobs and waits at the first, until the block ends."""
    async with gateway.store.transaction() as tx:
        await tx.selections.lock([JobId(UUID(job_id))])
        task = asyncio.ensure_future(call(request, metadata=admin.metadata))
        await until(lambda: gateway.store.database.fetch(_WAITS))
        yield task


async def failed(gateway: GatewayFixture, caller: Caller) -> str:
    """Makes a job that has failed; returns its id."""
    job = await caller.portrait()
    await gateway.fail(await gateway.claim())
    return job.job_id


async def status_of(caller: Caller, job_id: str) -> Any:
    """Returns the status of a job."""
    return (await caller.get_job(job_id)).status


async def test_a_requeue_leaves_alone_what_failed_again_or_was_cancelled_since_it_began(
    gateway: GatewayFixture, mia: Caller, operators: Any, admin: Caller
) -> None:
    first, again, stopped, last = [await failed(gateway, mia) for _ in range(4)]
    request = admin_pb2.RequeueJobsRequest(user_id=str(mia.user_id))
    async with stopped_at(gateway, first, operators.RequeueJobs, request, admin) as call:
        await mia.retry(again)
        await gateway.fail(await gateway.claim())
        await mia.retry(stopped)
        await mia.cancel(stopped)
    found = await call
    assert (found.jobs, found.skipped_jobs, found.action.jobs) == (2, 0, 2)
    assert [await status_of(mia, job) for job in (first, again, stopped, last)] == [
        *(JOB_STATUS_QUEUED, JOB_STATUS_FAILED, JOB_STATUS_CANCELLED, JOB_STATUS_QUEUED)
    ]


async def test_a_requeue_leaves_alone_what_needs_a_job_that_failed_again_since_it_began(
    gateway: GatewayFixture, mia: Caller, operators: Any, admin: Caller
) -> None:
    first = await failed(gateway, mia)
    characters = [(await mia.create_character()).id for _ in range(2)]
    story = await mia.create_story(pages=[{"text": "They run.", "character_ids": characters}])
    batch = await mia.generate_story(story.id, options={"use_references": True})
    portraits = [await gateway.claim() for _ in range(2)]
    for claim in portraits:
        await gateway.fail(claim)
    ids = {str(claim.job_id) for claim in portraits}
    [page] = [
        one.job.job_id
        for one in (await mia.get_batch(batch.batch_id)).images
        if one.job.job_id not in ids
    ]
    request = admin_pb2.RequeueJobsRequest(job_ids=[first, page])
    async with stopped_at(gateway, first, operators.RequeueJobs, request, admin) as call:
        await mia.retry(str(portraits[0].job_id))
        await gateway.fail(await gateway.claim())
    found = await call
    assert (found.jobs, found.skipped_jobs, found.action.jobs) == (1, 1, 1)
    for job in (*ids, page):
        assert await status_of(mia, job) == JOB_STATUS_FAILED


async def test_a_cancel_leaves_alone_what_was_queued_or_cancelled_since_it_began(
    gateway: GatewayFixture, mia: Caller, operators: Any, admin: Caller
) -> None:
    running = await mia.portrait()
    await gateway.claim()
    first, again, last = [(await mia.portrait()).job_id for _ in range(3)]
    await gateway.store.database.execute(
        "UPDATE image_generation_jobs SET created_at = created_at - interval '1 s'"
        " WHERE id::text = $1",
        first,
    )
    request = admin_pb2.CancelJobsRequest(user_id=str(mia.user_id))
    async with stopped_at(gateway, first, operators.CancelJobs, request, admin) as call:
        await mia.cancel(running.job_id)
        await mia.cancel(again)
        await mia.retry(again)
    found = await call
    assert (found.jobs, found.action.jobs) == (2, 2)
    assert [await status_of(mia, job) for job in (first, again, last)] == [
        *(JOB_STATUS_CANCELLED, JOB_STATUS_QUEUED, JOB_STATUS_CANCELLED)
    ]
