"""Cancels and requeues of other users' jobs: what they change, what they leave, and their audit."""

from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from imggen.v1 import admin_pb2, admin_pb2_grpc, errors_pb2
from imggen.v1.job_pb2 import (
    JOB_STATUS_CANCELLED,
    JOB_STATUS_FAILED,
    JOB_STATUS_PROCESSING,
    JOB_STATUS_QUEUED,
)
from server.domain.ids import JobId
from server.domain.money import CallName, NewCall
from server.identity.caller import Role
from tests.integration.callers import Caller
from tests.integration.gateway_fixture import GatewayFixture, new_id, open_gateway_fixture


@pytest.fixture
def operators(gateway: GatewayFixture) -> Any:
    """Returns a stub of the service."""
    return admin_pb2_grpc.AdminServiceStub(gateway.channel())


@pytest.fixture
def admin(gateway: GatewayFixture) -> Caller:
    """Returns an admin."""
    return gateway.caller("ada", Role.ADMIN)


async def cancel(operators: Any, admin: Caller, of: Caller, **fields: Any) -> Any:
    """Cancels a user's jobs."""
    request = admin_pb2.CancelJobsRequest(user_id=str(of.user_id), **fields)
    return await operators.CancelJobs(request, metadata=admin.metadata)


async def requeue(operators: Any, admin: Caller, **fields: Any) -> Any:
    """Queues failed jobs again."""
    request = admin_pb2.RequeueJobsRequest(**fields)
    return await operators.RequeueJobs(request, metadata=admin.metadata)


async def listed(operators: Any, admin: Caller, **fields: Any) -> Any:
    """Lists what admins did."""
    request = admin_pb2.ListAdminActionsRequest(**fields)
    return await operators.ListAdminActions(request, metadata=admin.metadata)


async def failed(gateway: GatewayFixture, caller: Caller) -> str:
    """Makes a job that has failed; returns its id."""
    job = await caller.portrait()
    await gateway.fail(await gateway.claim())
    return job.job_id


async def lost_call(gateway: GatewayFixture, caller: Caller) -> str:
    """Makes a job that failed after a paid call whose answer was lost; returns its id."""
    await gateway.store.budgets.set_limit("global", 1_000_000, caller.user_id)
    job = await caller.portrait()
    claim = await gateway.claim()
    new = NewCall(CallName.RENDER, "openai", "gpt-image", 90)
    assert (await gateway.store.money.begin(claim, new)).ok
    await gateway.store.money.unknown(claim, CallName.RENDER)
    await gateway.fail(claim)
    return job.job_id


async def status_of(caller: Caller, job_id: str) -> Any:
    """Returns the status of a job."""
    return (await caller.get_job(job_id)).status


async def test_a_dry_run_counts_and_changes_nothing(
    gateway: GatewayFixture, mia: Caller, operators: Any, admin: Caller
) -> None:
    broken = await failed(gateway, mia)
    waiting = await mia.portrait()
    for found in (
        await cancel(operators, admin, mia, dry_run=True),
        await requeue(operators, admin, user_id=str(mia.user_id), dry_run=True),
    ):
        assert found.jobs == 1
        assert not found.HasField("action")
    assert await status_of(mia, broken) == JOB_STATUS_FAILED
    assert await status_of(mia, waiting.job_id) == JOB_STATUS_QUEUED
    assert list((await listed(operators, admin)).actions) == []


async def test_all_open_jobs_of_a_user_are_cancelled_and_no_others(
    gateway: GatewayFixture, mia: Caller, tom: Caller, operators: Any, admin: Caller
) -> None:
    running = await mia.portrait()
    claim = await gateway.claim()
    waiting = await mia.portrait()
    story = await mia.create_story("Mia runs.", "Mia sleeps.")
    batch = await mia.generate_story(story.id)
    another = await tom.portrait()

    found = await cancel(operators, admin, mia)
    assert found.jobs == 2 + batch.total_images
    job = await mia.get_job(running.job_id)
    assert (job.status, job.cancel_requested) == (JOB_STATUS_PROCESSING, True)
    assert await status_of(mia, waiting.job_id) == JOB_STATUS_CANCELLED
    after = (await mia.get_batch(batch.batch_id)).batch
    assert after.cancelled_images == batch.total_images
    assert await status_of(tom, another.job_id) == JOB_STATUS_QUEUED
    assert await gateway.store.leases.cancelled(claim)
    assert (await cancel(operators, admin, mia)).jobs == 0

    second, first = (await listed(operators, admin)).actions
    assert (first.action_id, first.jobs) == (found.action.action_id, found.jobs)
    assert (first.by_user_id, first.target) == (str(admin.user_id), f"user:{mia.user_id}")
    assert first.kind == admin_pb2.ADMIN_ACTION_KIND_CANCEL_JOBS
    assert second.jobs == 0


async def test_a_repeated_cancel_leaves_alone_what_was_queued_since(
    mia: Caller, operators: Any, admin: Caller
) -> None:
    await mia.portrait()
    key = new_id()
    first = await cancel(operators, admin, mia, request_id=key)
    later = await mia.portrait()
    again = await cancel(operators, admin, mia, request_id=key)
    assert again == first
    assert await status_of(mia, later.job_id) == JOB_STATUS_QUEUED
    request = admin_pb2.CancelJobsRequest(user_id=str(admin.user_id), request_id=key)
    refused = await admin.refused(operators.CancelJobs, request)
    assert refused.reason == "REQUEST_ID_REUSED"
    assert len((await listed(operators, admin)).actions) == 1


async def test_failed_jobs_are_queued_again_by_user_or_by_name(
    gateway: GatewayFixture, mia: Caller, tom: Caller, operators: Any, admin: Caller
) -> None:
    one, two = await failed(gateway, mia), await failed(gateway, mia)
    toms = await failed(gateway, tom)
    stopped = await mia.portrait()
    await mia.cancel(stopped.job_id)
    found = await requeue(operators, admin, job_ids=[one, one, stopped.job_id, new_id()])
    assert (found.jobs, found.skipped_jobs, found.action.target) == (1, 0, "jobs")
    assert await status_of(mia, one) == JOB_STATUS_QUEUED
    found = await requeue(operators, admin, user_id=str(mia.user_id))
    assert (found.jobs, found.action.target) == (1, f"user:{mia.user_id}")
    assert await status_of(mia, two) == JOB_STATUS_QUEUED
    assert await status_of(mia, stopped.job_id) == JOB_STATUS_CANCELLED
    assert await status_of(tom, toms) == JOB_STATUS_FAILED
    assert {str((await gateway.claim()).job_id) for _ in range(2)} == {one, two}


async def test_a_repeated_requeue_leaves_alone_what_has_failed_since(
    gateway: GatewayFixture, mia: Caller, operators: Any, admin: Caller
) -> None:
    job, key = await failed(gateway, mia), new_id()
    first = await requeue(operators, admin, user_id=str(mia.user_id), request_id=key)
    await gateway.fail(await gateway.claim())
    again = await requeue(operators, admin, user_id=str(mia.user_id), request_id=key)
    assert (again, again.jobs) == (first, 1)
    assert await status_of(mia, job) == JOB_STATUS_FAILED
    assert (await requeue(operators, admin, user_id=str(mia.user_id))).jobs == 1


async def test_a_paid_call_whose_outcome_is_unknown_is_not_repeated_unless_told_to(
    gateway: GatewayFixture, mia: Caller, operators: Any, admin: Caller
) -> None:
    job, plain = await lost_call(gateway, mia), await failed(gateway, mia)
    asked = {"user_id": str(mia.user_id)}
    for dry_run in (True, False):
        found = await requeue(operators, admin, **asked, dry_run=dry_run)
        assert (found.jobs, found.skipped_jobs, found.unknown_call_jobs) == (1, 1, 1)
    assert await status_of(mia, job) == JOB_STATUS_FAILED
    assert await status_of(mia, plain) == JOB_STATUS_QUEUED
    found = await requeue(operators, admin, job_ids=[job])
    assert (found.jobs, found.unknown_call_jobs) == (0, 1)

    found = await requeue(operators, admin, **asked, allow_unknown_calls=True)
    assert (found.jobs, found.skipped_jobs, found.action.allow_unknown_calls) == (1, 0, True)
    assert await status_of(mia, job) == JOB_STATUS_QUEUED


async def test_a_call_whose_outcome_is_known_by_now_keeps_no_job(
    gateway: GatewayFixture, mia: Caller, operators: Any, admin: Caller
) -> None:
    job = await lost_call(gateway, mia)
    await gateway.store.calls.settle(JobId(UUID(job)), 1, CallName.RENDER, 0)
    assert (await requeue(operators, admin, job_ids=[job])).jobs == 1


async def test_in_a_batch_what_needs_an_unknown_call_stays_and_the_rest_is_queued(
    gateway: GatewayFixture, mia: Caller, operators: Any, admin: Caller
) -> None:
    await gateway.store.budgets.set_limit("global", 1_000_000, admin.user_id)
    character = await mia.create_character()
    page = {"text": "Mia runs.", "character_ids": [character.id]}
    story = await mia.create_story(pages=[page, {"text": "A wood."}])
    options = {"use_references": True}
    batch = await mia.generate_story(story.id, options=options)
    portrait = await gateway.claim()
    new = NewCall(CallName.RENDER, "openai", "gpt-image", 90)
    assert (await gateway.store.money.begin(portrait, new)).ok
    await gateway.fail(portrait)
    await gateway.fail(await gateway.claim())
    images = (await mia.get_batch(batch.batch_id)).images
    reasons = [one.job.error.reason for one in images]
    assert errors_pb2.ERROR_REASON_DEPENDENCY_FAILED in reasons

    found = await requeue(operators, admin, user_id=str(mia.user_id))
    assert (found.jobs, found.skipped_jobs, found.unknown_call_jobs) == (1, 2, 1)
    found = await requeue(operators, admin, user_id=str(mia.user_id), allow_unknown_calls=True)
    assert (found.jobs, found.skipped_jobs) == (2, 0)
    images = (await mia.get_batch(batch.batch_id)).images
    assert {one.job.status for one in images} == {JOB_STATUS_QUEUED}


async def test_a_requeue_stops_where_a_budget_does_not_cover_the_next(
    gateway: GatewayFixture, mia: Caller, operators: Any, admin: Caller
) -> None:
    await gateway.store.budgets.set_limit("global", 100, admin.user_id)
    for _ in range(3):
        await failed(gateway, mia)
    await gateway.store.database.execute(
        "UPDATE image_generation_jobs SET estimated_micros = 40, ai_provider = 'openai',"
        " limits = jsonb_set(limits, '{model}', '\"gone\"')"
    )
    found = await requeue(operators, admin, user_id=str(mia.user_id))
    assert found.jobs == 2
    assert "today's budget of global does not cover the price" in found.stopped
    assert found.action.jobs == 2


async def test_a_requeue_stops_where_the_queue_is_full(
    gateway: GatewayFixture, mia: Caller, admin: Caller, database: str, tmp_path: Path
) -> None:
    for _ in range(2):
        await failed(gateway, mia)
    async with open_gateway_fixture(database, tmp_path, max_waiting_jobs=1) as small:
        operators = admin_pb2_grpc.AdminServiceStub(small.channel())
        found = await requeue(operators, admin, user_id=str(mia.user_id))
    assert (found.jobs, "wait already" in found.stopped) == (1, True)


async def test_a_job_whose_image_was_deleted_stays_failed(
    gateway: GatewayFixture, mia: Caller, operators: Any, admin: Caller
) -> None:
    job = await mia.get_job(await failed(gateway, mia))
    await mia.delete_image(job.image_id)
    found = await requeue(operators, admin, user_id=str(mia.user_id))
    assert (found.jobs, found.skipped_jobs) == (0, 0)


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({}, ["user_id"]),
        ({"user_id": "x", "request_id": "x"}, ["user_id", "request_id"]),
        ({"job_ids": ["x"]}, ["job_ids[0]"]),
        ({"job_ids": [new_id() for _ in range(101)]}, ["job_ids"]),
        ({"user_id": new_id(), "job_ids": [new_id()]}, ["job_ids"]),
    ],
)
async def test_a_requeue_without_a_target_is_refused(
    operators: Any, admin: Caller, fields: dict[str, Any], wrong: list[str]
) -> None:
    request = admin_pb2.RequeueJobsRequest(**fields)
    assert (await admin.refused(operators.RequeueJobs, request)).fields == wrong


async def test_actions_are_listed_page_by_page_and_with_the_jobs_that_they_changed(
    gateway: GatewayFixture, mia: Caller, operators: Any, admin: Caller
) -> None:
    job = await failed(gateway, mia)
    done = [(await requeue(operators, admin, job_ids=[job])).action]
    done += [(await cancel(operators, admin, mia)).action for _ in range(2)]
    first = await listed(operators, admin, page_size=2)
    rest = await listed(operators, admin, page_size=2, page_token=first.next_page_token)
    assert [*first.actions, *rest.actions] == done[::-1]
    assert rest.next_page_token == ""
    request = admin_pb2.GetJobHistoryRequest(job_id=job)
    history = await operators.GetJobHistory(request, metadata=admin.metadata)
    assert list(history.actions) == done[:2]


async def test_the_audit_is_only_added_to(
    gateway: GatewayFixture, mia: Caller, operators: Any, admin: Caller
) -> None:
    await mia.portrait()
    await cancel(operators, admin, mia)
    for statement in (
        "UPDATE admin_actions SET at = now()",
        "DELETE FROM admin_action_jobs",
        "TRUNCATE admin_action_jobs",
    ):
        with pytest.raises(asyncpg.RaiseError, match="is only added to"):
            await gateway.store.database.execute(statement)
