"""A full queue: new jobs are refused with a retry delay; replays are answered."""

from collections.abc import AsyncIterator
from pathlib import Path

import grpc
import pytest

from imggen.v1 import batch_pb2, generation_pb2, job_pb2
from tests.integration.gateway_fixture import GatewayFixture, new_id, open_gateway_fixture


@pytest.fixture
async def limited_gateway(database: str, tmp_path: Path) -> AsyncIterator[GatewayFixture]:
    """Yields a gateway where two jobs of a user may wait."""
    async with open_gateway_fixture(database, tmp_path, max_waiting_jobs_per_user=2) as gateway:
        yield gateway


async def test_a_full_queue_refuses_more_and_repeats_its_answers(
    limited_gateway: GatewayFixture,
) -> None:
    mia, tom = limited_gateway.caller("mia"), limited_gateway.caller("tom")
    character = await mia.create_character()
    first, second, third = [
        generation_pb2.GeneratePortraitRequest(
            character_id=character.id, style="anime", request_id=new_id()
        )
        for _ in range(3)
    ]
    made = [
        await mia.generation.GeneratePortrait(request, metadata=mia.metadata)
        for request in (first, second)
    ]
    refused = await mia.refused(mia.generation.GeneratePortrait, third)
    assert (refused.code, refused.reason) == (grpc.StatusCode.RESOURCE_EXHAUSTED, "QUEUE_FULL")
    assert refused.retry_after_s
    assert await limited_gateway.count("image_generation_jobs") == 2
    again = await mia.generation.GeneratePortrait(second, metadata=mia.metadata)
    assert again.job.job_id == made[1].job.job_id
    await tom.portrait()


async def test_a_job_that_failed_is_not_retried_into_a_full_queue(
    gateway: GatewayFixture, limited_gateway: GatewayFixture
) -> None:
    # Submitted elsewhere: jobs that a gateway admitted count as waiting until its next count.
    job = await gateway.caller("mia").portrait()
    await gateway.fail(await gateway.claim())
    mia = limited_gateway.caller("mia")
    for _ in range(2):
        await mia.portrait()
    request = job_pb2.RetryJobRequest(job_id=job.job_id)
    assert (await mia.refused(mia.jobs.RetryJob, request)).reason == "QUEUE_FULL"


async def test_a_batch_that_was_cancelled_is_not_retried_into_a_full_queue(
    gateway: GatewayFixture, limited_gateway: GatewayFixture
) -> None:
    elsewhere = gateway.caller("mia")
    batch = await elsewhere.generate_story((await elsewhere.create_story("Mia runs.")).id)
    await elsewhere.cancel_batch(batch.batch_id)
    mia = limited_gateway.caller("mia")
    for _ in range(2):
        await mia.portrait()
    request = batch_pb2.RetryBatchRequest(batch_id=batch.batch_id)
    assert (await mia.refused(mia.batches.RetryBatch, request)).reason == "QUEUE_FULL"
