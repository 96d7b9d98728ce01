"""Paused lanes: nothing is claimed there, and what waits there, or would, says so."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from imggen.v1 import admin_pb2, admin_pb2_grpc, routing_pb2, routing_pb2_grpc
from imggen.v1.generation_pb2 import GeneratePortraitRequest, GenerateStoryRequest
from server.domain.ids import JobId
from server.domain.jobs import Failure
from server.domain.lanes import JobLane
from server.domain.plans import NewReading
from server.domain.states import JobStatus, Lane
from server.forecast.batches import BatchForecast
from server.forecast.jobs import Forecast
from server.identity.caller import Role
from tests.builders import render_spec
from tests.integration.callers import Caller
from tests.integration.gateway_fixture import LEASE, GatewayFixture
from tests.integration.job_queue import JobQueue
from tests.integration.plans_of_stories import Planning


@pytest.fixture
def operators(gateway: GatewayFixture) -> Any:
    """Returns a stub of the service."""
    return admin_pb2_grpc.AdminServiceStub(gateway.channel())


@pytest.fixture
def admin(gateway: GatewayFixture) -> Caller:
    """Returns an admin."""
    return gateway.caller("ada", Role.ADMIN)


async def pause(operators: Any, admin: Caller, lane: Any = admin_pb2.LANE_LOCAL) -> Any:
    """Pauses a lane."""
    request = admin_pb2.PauseLaneRequest(lane=lane)
    return await operators.PauseLane(request, metadata=admin.metadata)


async def resume(operators: Any, admin: Caller, lane: Any = admin_pb2.LANE_LOCAL) -> Any:
    """Resumes a lane."""
    request = admin_pb2.ResumeLaneRequest(lane=lane)
    return await operators.ResumeLane(request, metadata=admin.metadata)


async def test_a_pause_and_its_end_are_audited_once_and_shown(
    operators: Any, admin: Caller
) -> None:
    first, again = [await pause(operators, admin) for _ in range(2)]
    assert (first.action.target, first.action.kind) == (
        "lane:local",
        admin_pb2.ADMIN_ACTION_KIND_PAUSE_LANE,
    )
    assert not again.HasField("action")
    request = admin_pb2.GetOverviewRequest()
    shown = await operators.GetOverview(request, metadata=admin.metadata)
    local, hosted, *_ = shown.lanes
    assert (local.paused_at, local.paused_by_user_id) == (first.action.at, str(admin.user_id))
    assert not hosted.HasField("paused_at")
    ended, again = [await resume(operators, admin) for _ in range(2)]
    assert ended.action.kind == admin_pb2.ADMIN_ACTION_KIND_RESUME_LANE
    assert not again.HasField("action")
    shown = await operators.GetOverview(request, metadata=admin.metadata)
    assert not shown.lanes[0].HasField("paused_at")
    newest = admin_pb2.ListAdminActionsRequest()
    listed = (await operators.ListAdminActions(newest, metadata=admin.metadata)).actions
    assert list(listed) == [ended.action, first.action]


@pytest.mark.parametrize("lane", [0, 99])
async def test_a_lane_that_is_none_is_refused(operators: Any, admin: Caller, lane: int) -> None:
    request = admin_pb2.PauseLaneRequest(lane=lane)  # type: ignore[arg-type]
    refused = await admin.refused(operators.PauseLane, request)
    assert refused.fields == ["lane"]


async def test_nothing_is_claimed_in_a_paused_lane_and_what_runs_goes_on(
    gateway: GatewayFixture, mia: Caller, operators: Any, admin: Caller
) -> None:
    running = await mia.portrait()
    claim = await gateway.claim()
    waiting = await mia.portrait()
    await pause(operators, admin)
    leases = gateway.store.leases
    assert await leases.claim("w", Lane.LOCAL, 9, LEASE) == []
    await gateway.complete(claim)
    assert (await mia.get_job(running.job_id)).HasField("completed_at")
    await resume(operators, admin)
    [claimed] = await leases.claim("w", Lane.LOCAL, 9, LEASE)
    assert str(claimed.job_id) == waiting.job_id


@pytest.mark.parametrize("reason", ["PROVIDER_FAILED", "CHECK_UNAVAILABLE"])
async def test_a_pause_is_no_time_in_which_no_model_may_draw_a_job(
    job_queue: JobQueue, reason: str
) -> None:
    store, lanes = job_queue.store, (Lane.HOSTED, Lane.LOCAL)
    for lane in lanes:
        await job_queue.submit(lane=lane)
        [claim] = await store.leases.claim("w", lane, 1, LEASE)
        assert await store.leases.wait(claim, Failure(reason, "no"), [JobLane(lane, ("a",))])
    await store.paused_lanes.pause(Lane.HOSTED, job_queue.user)
    await store.database.execute(
        "UPDATE image_generation_jobs SET no_offer_since = now() - interval '10 minutes'"
    )
    assert await store.paused_lanes.resume(Lane.HOSTED)
    assert not await store.paused_lanes.resume(Lane.LOCAL)  # it was not paused
    waited = []
    for lane in lanes:
        [claim] = await store.leases.claim("w", lane, 1, LEASE)
        waited.append(claim.unoffered_s + claim.unchecked_s >= 600)
    assert waited == [False, True]


async def test_a_resume_counts_no_wait_of_a_job_that_has_an_offer(job_queue: JobQueue) -> None:
    await job_queue.submit()
    await job_queue.store.paused_lanes.pause(Lane.LOCAL, job_queue.user)
    await job_queue.store.paused_lanes.resume(Lane.LOCAL)
    [claim] = await job_queue.store.leases.claim("w", Lane.LOCAL, 1, LEASE)
    assert claim.unoffered_s == 0


async def test_the_oldest_job_is_of_a_lane_that_draws_and_is_not_paused(
    job_queue: JobQueue,
) -> None:
    store = job_queue.store
    await store.plans.submit([NewReading(JobId(uuid4()), job_queue.user, render_spec())])
    local, hosted = [await job_queue.submit(lane=lane) for lane in (Lane.LOCAL, Lane.HOSTED)]
    found = []
    for paused in (None, Lane.LOCAL, Lane.HOSTED):
        if paused is not None:
            await store.paused_lanes.pause(paused, job_queue.user)
        found.append((await store.overviews.get()).oldest)
    assert [one and one.job_id for one in found] == [local.id, hosted.id, None]


async def test_a_job_of_several_lanes_is_drawn_in_the_one_that_is_open(
    job_queue: JobQueue,
) -> None:
    store = job_queue.store
    lanes = (JobLane(Lane.LOCAL, ("a",)), JobLane(Lane.HOSTED, ("b",)))
    new = await job_queue.submit(lanes=lanes)
    await store.paused_lanes.pause(Lane.LOCAL, job_queue.user)
    assert await store.leases.claim("w", Lane.LOCAL, 1, LEASE) == []
    forecast = Forecast(store.jobs.outlook)
    assert not await forecast.paused(await job_queue.job(new.id))
    [claim] = await store.leases.claim("w", Lane.HOSTED, 1, LEASE)
    assert claim.job_id == new.id


async def test_a_waiting_job_says_that_it_is_paused_and_has_no_estimate(
    job_queue: JobQueue,
) -> None:
    store = job_queue.store
    await store.workers.ready("w", {Lane.LOCAL: 2}, timedelta(hours=1))
    running, waiting = [await job_queue.submit() for _ in range(2)]
    await store.leases.claim("w", Lane.LOCAL, 1, LEASE)
    await store.paused_lanes.pause(Lane.LOCAL, job_queue.user)
    forecast = Forecast(store.jobs.outlook)
    job = await job_queue.job(waiting.id)
    assert await forecast.paused(job)
    assert await forecast.completion(job) is None
    job = await job_queue.job(running.id)
    assert not await forecast.paused(job)
    assert await forecast.completion(job) is not None
    await store.paused_lanes.resume(Lane.LOCAL)
    later = Forecast(store.jobs.outlook)
    assert await later.completion(await job_queue.job(waiting.id)) is not None


async def test_a_batch_has_an_estimate_again_once_its_lane_is_resumed(
    gateway: GatewayFixture, mia: Caller
) -> None:
    story = await mia.create_story("Mia runs.", "Mia sleeps.")
    await mia.generate_story(story.id)
    store = gateway.store
    [row] = await store.database.fetch("SELECT id FROM batches")
    batch = await store.batches.get(mia.user_id, row["id"])
    assert batch is not None
    assert batch.counts[JobStatus.QUEUED] == 2
    await store.paused_lanes.pause(Lane.LOCAL, mia.user_id)
    paused = BatchForecast(store.batches.pace)
    assert (await paused.completion(batch), await paused.paused(batch)) == (None, True)
    await store.paused_lanes.resume(Lane.LOCAL)
    resumed = BatchForecast(store.batches.pace)
    assert await resumed.completion(batch) is not None
    assert not await resumed.paused(batch)


async def test_a_quote_and_a_plan_of_a_story_say_that_its_lane_is_paused(
    gateway: GatewayFixture, mia: Caller, job_queue: JobQueue, operators: Any, admin: Caller
) -> None:
    planning = Planning(gateway, mia)
    story = await planning.story()
    async with job_queue.worker(poll_s=0.2):
        await pause(operators, admin)
        plan = await planning.plan(story)
        asked = GenerateStoryRequest(story_id=story.id)
        request = routing_pb2.QuoteStoryRequest(story=asked)
        quote = await planning.routing.QuoteStory(request, metadata=mia.metadata)
        batch = await mia.generate_story(story.id)
    for one in (plan, quote, *plan.pages):
        assert one.lane_paused
        assert not one.HasField("expected_duration")
    assert batch.lane_paused
    assert not batch.HasField("estimated_completion_time")


async def test_callers_see_that_their_job_is_paused_and_a_quote_has_no_time(
    gateway: GatewayFixture, mia: Caller, operators: Any, admin: Caller
) -> None:
    await pause(operators, admin)
    character = await mia.create_character()
    routing: Any = routing_pb2_grpc.RoutingServiceStub(gateway.channel())
    portrait = GeneratePortraitRequest(character_id=character.id, style="anime")
    request = routing_pb2.QuoteGenerationRequest(portrait=portrait)
    route = (await routing.QuoteGeneration(request, metadata=mia.metadata)).route
    assert route.offers
    assert not route.offers[0].HasField("expected_duration")
    assert route.lane_paused
    job = await mia.portrait(character.id)
    assert job.lane_paused
    assert not job.HasField("estimated_completion_time")


async def test_what_waits_in_a_paused_lane_asks_for_no_replica(job_queue: JobQueue) -> None:
    demands = job_queue.store.demands
    await job_queue.submit()
    assert (await demands.of(Lane.LOCAL)).waiting == 1
    await job_queue.store.paused_lanes.pause(Lane.LOCAL, job_queue.user)
    assert (await demands.of(Lane.LOCAL)).waiting == 0


async def test_a_worker_claims_as_soon_as_its_lane_is_resumed(
    job_queue: JobQueue, gateway: GatewayFixture, operators: Any, admin: Caller
) -> None:
    await pause(operators, admin)
    async with job_queue.worker(poll_s=3_600):
        new = await job_queue.submit()
        assert (await job_queue.job(new.id)).status is JobStatus.QUEUED
        await resume(operators, admin)
        await job_queue.becomes(new, JobStatus.COMPLETED)
