"""Jobs as callers use them: read, listed, cancelled, retried."""

from datetime import UTC, datetime
from typing import Any

import grpc
import pytest

from imggen.v1 import errors_pb2, generation_pb2, job_pb2, metadata_pb2
from server.domain.states import Lane
from server.identity.caller import Role
from tests.integration.callers import Caller
from tests.integration.gateway_fixture import LEASE, GatewayFixture

QUEUED, PROCESSING = job_pb2.JOB_STATUS_QUEUED, job_pb2.JOB_STATUS_PROCESSING
COMPLETED, FAILED = job_pb2.JOB_STATUS_COMPLETED, job_pb2.JOB_STATUS_FAILED
CANCELLED = job_pb2.JOB_STATUS_CANCELLED


async def test_a_job_shows_its_progress(gateway: GatewayFixture, mia: Caller) -> None:
    job = await mia.portrait()
    assert (job.status, job.kind, job.attempt) == (QUEUED, job_pb2.JOB_KIND_PORTRAIT, 0)
    assert (job.model, job.provider, job.estimated_cost_micros) == ("storybook", "local", 0)
    assert job.estimated_completion_time.ToDatetime(UTC) > datetime.now(UTC)
    read = await mia.get_job(job.job_id)
    assert read == _as_forecast(job, read)

    claim = await gateway.claim()
    await gateway.report(claim, 3, 0.25)
    running = await mia.get_job(job.job_id)
    assert (running.status, running.attempt) == (PROCESSING, 1)
    assert (running.stage, running.step, running.steps) == (job_pb2.STAGE_RENDERING, 3, 20)
    assert running.fraction == 0.25
    assert running.started_at.ToDatetime() >= running.created_at.ToDatetime()

    await gateway.complete(claim)
    done = await mia.get_job(job.job_id)
    assert (done.status, done.fraction, done.stage) == (COMPLETED, 1.0, job_pb2.STAGE_UNSPECIFIED)
    assert not done.HasField("estimated_completion_time")
    assert done.completed_at.ToDatetime() >= done.started_at.ToDatetime()
    timings = [(timing.stage, timing.duration.ToMilliseconds()) for timing in done.stage_timings]
    assert timings == [(job_pb2.STAGE_RENDERING, 900), (job_pb2.STAGE_STORING, 20)]


async def test_a_failed_job_has_its_reason(gateway: GatewayFixture, mia: Caller) -> None:
    job = await mia.portrait()
    await gateway.fail(await gateway.claim())
    failed = await mia.get_job(job.job_id)
    assert failed.status == FAILED
    assert failed.error == job_pb2.JobError(
        reason=errors_pb2.ERROR_REASON_RENDER_FAILED, message="the model failed"
    )


async def test_jobs_are_listed_the_newest_first_and_filtered(
    gateway: GatewayFixture, mia: Caller
) -> None:
    story, other = await mia.create_story(), await mia.create_story()
    done = await gateway.draw(await mia.scene(story.id))
    failed = await mia.scene(other.id)
    await gateway.fail(await gateway.claim())
    waiting = await mia.scene(story.id)

    assert _ids(await mia.list_jobs()) == [waiting.job_id, failed.job_id, done.job_id]
    assert _ids(await mia.list_jobs(statuses=[FAILED])) == [failed.job_id]
    assert _ids(await mia.list_jobs(story_id=story.id)) == [waiting.job_id, done.job_id]
    both = await mia.list_jobs(story_id=story.id, statuses=[COMPLETED])
    assert _ids(both) == [done.job_id]
    several = await mia.list_jobs(statuses=[QUEUED, COMPLETED, QUEUED])
    assert _ids(several) == [waiting.job_id, done.job_id]
    assert _ids(await mia.list_jobs(statuses=[CANCELLED])) == []


async def test_jobs_and_images_are_found_by_one_pair_of_their_metadata(
    gateway: GatewayFixture, mia: Caller, tom: Caller
) -> None:
    story = await mia.create_story("One.", "Two.")
    both = generation_pb2.GenerationOptions(metadata={"order": "4711", "shop": ""})
    one = generation_pb2.GenerationOptions(metadata={"order": "4712", "shop": ""})
    first, second = await mia.scene(story.id, 1, options=both), await mia.portrait(options=one)
    await mia.portrait()
    await gateway.draw(first)

    async def found(key: str, value: str, **filters: Any) -> list[str]:
        pair = metadata_pb2.MetadataFilter(key=key, value=value)
        jobs = (await mia.list_jobs(metadata=pair, **filters)).jobs
        images = (await mia.list_images(metadata=pair)).images
        assert {job.job_id for job in jobs} <= {image.job_id for image in images}
        assert len(images) == len(jobs) or filters
        return [job.job_id for job in jobs]

    assert await found("order", "4711") == [first.job_id]
    assert await found("order", "") == []
    assert await found("shop", "") == [second.job_id, first.job_id]
    assert await found("shop", "", statuses=[QUEUED]) == [second.job_id]
    assert await found("shop", "", story_id=story.id) == [first.job_id]
    assert await found("shop", "", story_id=story.id, statuses=[FAILED]) == []
    assert len(await found("", "")) == 3
    pair = metadata_pb2.MetadataFilter(key="order", value="4711")
    assert _ids(await tom.list_jobs(metadata=pair)) == []
    await mia.delete_image(first.image_id)
    assert (await mia.list_images(metadata=pair)).images == []


async def test_pages_of_jobs_are_stable_while_new_ones_come(mia: Caller) -> None:
    character = await mia.create_character()
    jobs = [(await mia.portrait(character.id)).job_id for _ in range(5)]
    first = await mia.list_jobs(page_size=2)
    await mia.portrait(character.id)
    second = await mia.list_jobs(page_size=2, page_token=first.next_page_token)
    third = await mia.list_jobs(page_size=2, page_token=second.next_page_token)
    assert [*_ids(first), *_ids(second), *_ids(third)] == jobs[::-1]
    assert third.next_page_token == ""


async def test_a_waiting_job_is_cancelled_at_once(gateway: GatewayFixture, mia: Caller) -> None:
    job = await mia.portrait()
    cancelled = await mia.cancel(job.job_id)
    assert cancelled.status == CANCELLED
    assert cancelled.error.reason == errors_pb2.ERROR_REASON_JOB_CANCELLED
    assert (await mia.cancel(job.job_id)).status == CANCELLED
    assert await gateway.store.leases.claim("w", Lane.LOCAL, 1, LEASE) == []


async def test_a_running_job_is_cancelled_by_its_worker(
    gateway: GatewayFixture, mia: Caller
) -> None:
    job = await mia.portrait()
    claim = await gateway.claim()
    asked = await mia.cancel(job.job_id)
    assert (asked.status, asked.cancel_requested) == (PROCESSING, True)
    assert await gateway.store.leases.heartbeat([claim], LEASE) == {claim.job_id: True}
    assert await gateway.store.leases.cancelled(claim)
    assert (await mia.get_job(job.job_id)).status == CANCELLED


@pytest.mark.parametrize("end", ["fails", "is given back"])
async def test_a_job_with_a_requested_cancel_is_never_queued_again(
    gateway: GatewayFixture, mia: Caller, end: str
) -> None:
    job = await mia.portrait()
    claim = await gateway.claim()
    await mia.cancel(job.job_id)
    if end == "fails":
        await gateway.fail(claim, retryable=True)
    else:
        await gateway.store.leases.release([claim])
    cancelled = await mia.get_job(job.job_id)
    assert cancelled.status == CANCELLED
    assert cancelled.HasField("completed_at")


@pytest.mark.parametrize("end", ["completed", "failed"])
async def test_a_job_that_has_ended_cannot_be_cancelled(
    gateway: GatewayFixture, mia: Caller, end: str
) -> None:
    job = await mia.portrait()
    claim = await gateway.claim()
    await (gateway.complete(claim) if end == "completed" else gateway.fail(claim))
    request = job_pb2.CancelJobRequest(job_id=job.job_id)
    refused = await mia.refused(mia.jobs.CancelJob, request)
    assert (refused.code, refused.reason) == (grpc.StatusCode.FAILED_PRECONDITION, "JOB_ENDED")
    assert "the job has ended; only a job that waits or runs" in refused.message
    assert refused.metadata == {"job_id": job.job_id, "status": end.upper()}


@pytest.mark.parametrize("end", ["failed", "cancelled"])
async def test_a_failed_or_cancelled_job_is_retried(
    gateway: GatewayFixture, mia: Caller, end: str
) -> None:
    job = await mia.portrait()
    if end == "failed":
        await gateway.fail(await gateway.claim())
    else:
        await mia.cancel(job.job_id)
    again = await mia.retry(job.job_id, priority=1)
    assert (again.status, again.priority, again.retry_count) == (QUEUED, 1, 0)
    assert not again.HasField("error")
    assert not again.HasField("completed_at")
    await gateway.draw(job)
    assert (await mia.get_job(job.job_id)).status == COMPLETED
    assert (await mia.get_image(job.image_id)).url


async def test_a_retry_keeps_the_priority_unless_one_is_given(
    gateway: GatewayFixture, mia: Caller
) -> None:
    job = await mia.portrait(priority=3)
    await mia.cancel(job.job_id)
    assert (await mia.retry(job.job_id)).priority == 3
    await mia.cancel(job.job_id)
    request = job_pb2.RetryJobRequest(job_id=job.job_id, priority=0)
    refused = await mia.refused(mia.jobs.RetryJob, request)
    assert refused.reason == "PRIORITY_NOT_ALLOWED"
    admin = gateway.caller("mia", Role.ADMIN)
    assert (await admin.retry(job.job_id, priority=0)).priority == 0


@pytest.mark.parametrize("state", ["queued", "processing", "completed"])
async def test_only_a_failed_or_cancelled_job_is_retried(
    gateway: GatewayFixture, mia: Caller, state: str
) -> None:
    job = await mia.portrait()
    if state != "queued":
        claim = await gateway.claim()
        if state == "completed":
            await gateway.complete(claim)
    request = job_pb2.RetryJobRequest(job_id=job.job_id)
    refused = await mia.refused(mia.jobs.RetryJob, request)
    assert (refused.code, refused.reason) == (
        grpc.StatusCode.FAILED_PRECONDITION,
        "JOB_NOT_RETRYABLE",
    )
    assert "only a failed or cancelled job can be retried" in refused.message
    assert refused.metadata == {"job_id": job.job_id, "status": state.upper()}


async def test_a_job_whose_image_was_deleted_is_not_retried(mia: Caller) -> None:
    job = await mia.portrait()
    await mia.delete_image(job.image_id)
    request = job_pb2.RetryJobRequest(job_id=job.job_id)
    refused = await mia.refused(mia.jobs.RetryJob, request)
    assert refused.reason == "JOB_NOT_RETRYABLE"
    assert "its image was deleted" in refused.message


def _ids(answer: job_pb2.ListJobsResponse) -> list[str]:
    return [job.job_id for job in answer.jobs]


def _as_forecast(job: job_pb2.Job, like: job_pb2.Job) -> job_pb2.Job:
    """Returns a job with another's forecast, the only field that changes with time."""
    copy = job_pb2.Job()
    copy.CopyFrom(job)
    copy.estimated_completion_time.CopyFrom(like.estimated_completion_time)
    return copy
