"""Lanes: slots and signals are those of a job's own lane."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from actors.testing.scripted import ScriptedRenderer
from imggen.v1 import job_pb2
from server.domain.jobs import NewJob
from server.domain.limits import Limits
from server.domain.states import JobStatus, Lane
from server.routing.catalogue import SDXL, STORYBOOK, Catalogue
from server.store.signals import WAKE, Listener
from tests.integration.gateway_fixture import GatewayFixture, open_gateway_fixture
from tests.integration.job_queue import JobQueue, Stall, until

HOSTED = replace(STORYBOOK, name="hosted", lane=Lane.HOSTED)
LEASE = timedelta(seconds=60)


async def test_a_lane_that_is_full_holds_up_no_other_lane(job_queue: JobQueue) -> None:
    local = [await job_queue.submit() for _ in range(2)]
    stall = Stall(1)
    renderer = ScriptedRenderer(script=stall)
    slots = {"local": 1, "hosted": 1}
    catalogue = Catalogue([STORYBOOK, replace(SDXL, lane=Lane.HOSTED)])
    limits = Limits(model=SDXL.name)
    async with job_queue.worker(renderer, slots=slots, catalogue=catalogue, poll_s=0.05):
        await stall.reached.wait()
        # Only now, so that the worker counts its slots while the local one is taken.
        hosted = [await job_queue.submit(lane=Lane.HOSTED, limits=limits) for _ in range(2)]
        await until(lambda: _runs(job_queue, hosted[0]))
        assert [(await job_queue.job(one.id)).status for one in (*local, *hosted)] == [
            JobStatus.PROCESSING,
            JobStatus.QUEUED,
            JobStatus.PROCESSING,
            JobStatus.QUEUED,
        ]
        stall.resume.set()
        for one in (*local, *hosted):
            await job_queue.becomes(one, JobStatus.COMPLETED)


async def test_a_worker_without_slots_of_a_lane_leaves_its_jobs_alone(job_queue: JobQueue) -> None:
    hosted = await job_queue.submit(lane=Lane.HOSTED, priority=0)
    local = await job_queue.submit()
    async with job_queue.worker(poll_s=0.05, slots={"local": 2}):
        await job_queue.becomes(local, JobStatus.COMPLETED)
        assert (await job_queue.job(hosted.id)).status is JobStatus.QUEUED


@pytest.fixture
async def hosted_gateway(database: str, tmp_path: Path) -> AsyncIterator[GatewayFixture]:
    """Yields a gateway that offers one model, in the hosted lane."""
    async with open_gateway_fixture(
        database, tmp_path / "pixels", catalogue=Catalogue([HOSTED])
    ) as hosted_gateway:
        yield hosted_gateway


async def test_workers_are_woken_for_the_lane_of_the_job(
    hosted_gateway: GatewayFixture, database: str
) -> None:
    mia = hosted_gateway.caller("mia")
    woken: asyncio.Queue[str] = asyncio.Queue()
    listener = Listener(database)
    listener.subscribe(WAKE, woken.put_nowait, lambda: None)
    async with listener.running(), asyncio.timeout(30):
        job = await mia.portrait()
        assert await woken.get() == "hosted"
        [claim] = await hosted_gateway.store.leases.claim("w", Lane.HOSTED, 1, LEASE)
        assert claim.lane is Lane.HOSTED
        await hosted_gateway.fail(claim)
        await mia.jobs.RetryJob(job_pb2.RetryJobRequest(job_id=job.job_id), metadata=mia.metadata)
        # A retry may wait in other lanes than before, so that all are woken.
        while await woken.get() != "hosted":
            pass


async def _runs(job_queue: JobQueue, new: NewJob) -> bool:
    return (await job_queue.job(new.id)).status is JobStatus.PROCESSING
