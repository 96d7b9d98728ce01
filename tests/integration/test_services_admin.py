"""AdminService: who may call it, and what its overview counts."""

from datetime import timedelta
from typing import Any

import grpc
import pytest
from google.protobuf.message_factory import GetMessageClass

from imggen.v1 import admin_pb2, admin_pb2_grpc, errors_pb2
from imggen.v1.job_pb2 import STAGE_RENDERING, STAGE_STORING
from server.domain.money import Bill, CallName, NewCall
from server.domain.scenes import LossKind, Scene, Unsure
from server.domain.states import Lane
from server.identity.caller import Role
from tests.builders import SWORD, outcome
from tests.contract import methods
from tests.integration.callers import Caller
from tests.integration.gateway_fixture import GatewayFixture, new_id

METHODS = [name for name in methods() if name.startswith("AdminService.")]


@pytest.fixture
def operators(gateway: GatewayFixture) -> Any:
    """Returns a stub of the service."""
    return admin_pb2_grpc.AdminServiceStub(gateway.channel())


@pytest.fixture
def admin(gateway: GatewayFixture) -> Caller:
    """Returns an admin."""
    return gateway.caller("ada", Role.ADMIN)


@pytest.mark.parametrize("method", METHODS)
async def test_callers_without_the_role_are_refused_before_anything_is_read(
    gateway: GatewayFixture, mia: Caller, operators: Any, method: str
) -> None:
    request = GetMessageClass(methods()[method].input_type)()
    for caller in (mia, gateway.caller("rita", Role.REVIEWER)):
        refused = await caller.refused(getattr(operators, method.split(".")[1]), request)
        assert (refused.code, refused.reason) == (
            grpc.StatusCode.PERMISSION_DENIED,
            "ROLE_REQUIRED",
        )


async def overview(operators: Any, admin: Caller) -> Any:
    """Gets the overview."""
    return await operators.GetOverview(admin_pb2.GetOverviewRequest(), metadata=admin.metadata)


def lane_of(found: Any, lane: Any) -> Any:
    """Returns a lane of an overview."""
    [one] = [one for one in found.lanes if one.lane == lane]
    return one


async def test_an_idle_installation_has_all_lanes_its_worker_and_the_global_budget(
    operators: Any, admin: Caller
) -> None:
    found = await overview(operators, admin)
    assert [one.lane for one in found.lanes] == [
        *(admin_pb2.LANE_LOCAL, admin_pb2.LANE_HOSTED),
        *(admin_pb2.LANE_READ, admin_pb2.LANE_UPSCALE),
    ]
    for one in found.lanes:
        assert (one.waiting_jobs, one.delayed_jobs, one.running_jobs, one.slots) == (0, 0, 0, 1)
        assert not one.HasField("oldest_wait")
    [worker] = found.workers
    assert worker.name == "worker"
    assert not worker.HasField("cold_start")
    assert [one.scope for one in found.budgets] == ["global"]
    assert not found.HasField("oldest_job")
    assert (list(found.breakers), list(found.stages)) == ([], [])


async def test_jobs_of_all_users_are_counted_in_their_lanes(
    gateway: GatewayFixture, mia: Caller, tom: Caller, operators: Any, admin: Caller
) -> None:
    done = await mia.portrait()
    await gateway.complete(await gateway.claim())
    await mia.portrait()
    await gateway.claim()
    oldest, later = await tom.portrait(), await mia.portrait()
    await gateway.store.database.execute(
        "UPDATE image_generation_jobs SET run_after = now() + interval '1 hour'"
        " WHERE id::text = $1",
        later.job_id,
    )
    await mia.portrait()

    found = await overview(operators, admin)
    local = lane_of(found, admin_pb2.LANE_LOCAL)
    assert (local.waiting_jobs, local.delayed_jobs, local.running_jobs) == (2, 1, 1)
    assert (local.completed_last_hour, found.pictures_last_hour) == (1, 1)
    assert local.oldest_wait.ToTimedelta() > timedelta(0)
    assert lane_of(found, admin_pb2.LANE_HOSTED).waiting_jobs == 0
    assert (found.oldest_job.job_id, found.oldest_job.user_id) == (oldest.job_id, str(tom.user_id))
    assert found.oldest_job.lane == admin_pb2.LANE_LOCAL
    [worker] = found.workers
    assert [(one.lane, one.slots, one.running_jobs) for one in worker.lanes] == [
        (admin_pb2.LANE_LOCAL, 1, 1),
        (admin_pb2.LANE_HOSTED, 1, 0),
        (admin_pb2.LANE_READ, 1, 0),
        (admin_pb2.LANE_UPSCALE, 1, 0),
    ]
    stages = [(one.stage, one.mean_duration.ToMilliseconds()) for one in found.stages]
    assert stages == [(STAGE_RENDERING, 900), (STAGE_STORING, 20)]

    await gateway.store.database.execute(
        "UPDATE image_generation_jobs SET completed_at = now() - interval '2 hours'"
        " WHERE id::text = $1",
        done.job_id,
    )
    assert (await overview(operators, admin)).pictures_last_hour == 0


async def test_jobs_that_need_others_of_their_batch_are_in_no_lane(
    mia: Caller, operators: Any, admin: Caller
) -> None:
    character = (await mia.create_character()).id
    story = await mia.create_story("Mia runs.", "Mia sleeps.", character_ids=[character])
    await mia.generate_story(story.id, include_cover=True)
    found = await overview(operators, admin)
    waiting = lane_of(found, admin_pb2.LANE_LOCAL).waiting_jobs
    batch = (await mia.list_batches()).batches[0]
    assert found.needing_jobs > 0
    assert waiting + found.needing_jobs == batch.total_images


async def test_a_worker_that_is_not_ready_is_not_there_and_a_cold_one_says_so(
    gateway: GatewayFixture, operators: Any, admin: Caller
) -> None:
    workers = gateway.store.workers
    await workers.gone("worker")
    await workers.ready("late", {Lane.LOCAL: 4}, timedelta(seconds=-1))
    start = timedelta(seconds=40)
    await workers.ready("cold", {Lane.LOCAL: 2}, timedelta(hours=1), cold_start=start)
    found = await overview(operators, admin)
    [worker] = found.workers
    assert (worker.name, worker.cold_start.ToTimedelta()) == ("cold", start)
    assert lane_of(found, admin_pb2.LANE_LOCAL).slots == 2
    assert lane_of(found, admin_pb2.LANE_HOSTED).slots == 0


async def test_budgets_of_providers_come_after_the_global_one_and_those_of_users_not(
    gateway: GatewayFixture, mia: Caller, operators: Any, admin: Caller
) -> None:
    budgets, money = gateway.store.budgets, gateway.store.money
    await budgets.set_limit("global", 1_000, admin.user_id)
    await budgets.set_limit("provider:unused", 7, admin.user_id)
    await budgets.set_limit(f"user:{mia.user_id}", 900, admin.user_id)
    await mia.portrait()
    claim = await gateway.claim()
    assert (await money.begin(claim, NewCall(CallName.RENDER, "openai", "m", 90))).ok
    found = await overview(operators, admin)
    assert [(one.scope, one.limit_micros, one.held_micros) for one in found.budgets] == [
        ("global", 1_000, 90),
        ("provider:openai", 0, 90),
        ("provider:unused", 7, 0),
    ]
    await money.settle(claim, CallName.RENDER, Bill(60))
    assert (await overview(operators, admin)).budgets[0].spent_micros == 60


async def test_providers_and_models_that_are_not_well_are_listed_with_the_reason(
    gateway: GatewayFixture, operators: Any, admin: Caller
) -> None:
    health = gateway.store.health
    await health.failed("local", "TIMEOUT")
    assert not (await overview(operators, admin)).breakers  # once is no reason
    for _ in range(4):
        await health.failed("local", "TIMEOUT")
    await health.turn_off("local", "sdxl", "MODEL_GONE")
    found = await overview(operators, admin)
    assert [(one.provider, one.model, one.health, one.reason) for one in found.breakers] == [
        ("local", "", "open", "TIMEOUT"),
        ("local", "sdxl", "off", "MODEL_GONE"),
    ]
    assert found.breakers[0].failures == 5
    assert found.breakers[0].until.ToDatetime() > found.observed_at.ToDatetime()
    assert not found.breakers[1].HasField("until")


async def test_a_model_that_is_not_offered_any_more_is_no_fault(
    gateway: GatewayFixture, operators: Any, admin: Caller
) -> None:
    await gateway.store.health.turn_off("local", "old-model", "model_gone")
    await gateway.store.health.turn_off("openai", "", "account_stopped")
    assert not (await overview(operators, admin)).breakers


async def history(operators: Any, admin: Caller, job_id: str) -> Any:
    """Gets the history of a job."""
    request = admin_pb2.GetJobHistoryRequest(job_id=job_id)
    return await operators.GetJobHistory(request, metadata=admin.metadata)


async def test_the_history_of_another_users_job_has_every_attempt_call_and_movement(
    gateway: GatewayFixture, mia: Caller, operators: Any, admin: Caller
) -> None:
    money = gateway.store.money
    await gateway.store.budgets.set_limit("global", 1_000, admin.user_id)
    job = await mia.portrait()
    first = await gateway.claim()
    assert (await money.begin(first, NewCall(CallName.RENDER, "openai", "m", 90))).ok
    await money.unknown(first, CallName.RENDER)
    await gateway.fail(first, retryable=True)
    second = await gateway.claim()
    await gateway.store.leases.release([second])
    third = await gateway.claim()
    assert (await money.begin(third, NewCall(CallName.RENDER, "openai", "m", 80))).ok
    await money.settle(third, CallName.RENDER, Bill(60, request_id="req_3"))
    await gateway.complete(third, 60)

    found = await history(operators, admin, job.job_id)
    assert (found.job.job_id, found.user_id) == (job.job_id, str(mia.user_id))
    assert found.job.actual_cost_micros == 150
    assert found.admitted.offers
    assert [(one.attempt, one.worker, one.outcome) for one in found.attempts] == [
        *((1, "worker", "failed"), (2, "worker", "released"), (3, "worker", "completed"))
    ]
    failed, released, completed = found.attempts
    assert (failed.error.reason, failed.error.message) == (
        errors_pb2.ERROR_REASON_RENDER_FAILED,
        "the model failed",
    )
    assert released.error.reason == errors_pb2.ERROR_REASON_UNSPECIFIED
    assert "gave it back" in released.error.message
    assert not completed.HasField("error")
    assert [one.stage for one in completed.stage_timings] == [STAGE_RENDERING, STAGE_STORING]
    assert all(
        one.finished_at.ToDatetime() >= one.started_at.ToDatetime() for one in found.attempts
    )
    calls = [
        (call.cost_micros, call.outcome_unknown) for one in found.attempts for call in one.calls
    ]
    assert calls == [(90, True), (60, False)]
    assert completed.calls[0].provider_request_id == "req_3"
    assert sum(one.spent_micros for one in found.movements) == 150
    assert sum(one.held_micros for one in found.movements) == 0
    assert [one.kind for one in found.movements] == ["hold", "settle", "hold", "settle"]


async def test_the_history_of_another_users_job_has_nothing_that_its_user_wrote(
    gateway: GatewayFixture, mia: Caller, operators: Any, admin: Caller
) -> None:
    shown = {}
    for owner in (mia, admin):
        job = await owner.portrait(options={"metadata": {"child": "Mia"}})
        claim = await gateway.claim()
        doubt = Unsure("mill", LossKind.PLACE, "only hinted at")
        await gateway.store.scenes.keep(claim, Scene(unsure=(doubt,)))
        assert await gateway.store.leases.complete(claim, outcome(claim.job_id))
        own = await owner.get_job(job.job_id)
        assert own.unsure[0].phrase == "mill"
        assert own.not_drawn[0].phrase == SWORD.phrase
        assert own.metadata["child"] == "Mia"
        shown[owner.user_id] = (await history(operators, admin, job.job_id)).job, own
    found, own = shown[admin.user_id]
    assert found == own
    found, own = shown[mia.user_id]
    own.ClearField("not_drawn")
    own.ClearField("unsure")
    own.ClearField("metadata")
    assert found == own


async def test_a_running_job_has_an_open_attempt_and_an_unknown_one_is_not_found(
    gateway: GatewayFixture, mia: Caller, operators: Any, admin: Caller
) -> None:
    job = await mia.portrait()
    await gateway.claim()
    [attempt] = (await history(operators, admin, job.job_id)).attempts
    assert attempt.outcome == "running"
    assert not attempt.HasField("finished_at")
    request = admin_pb2.GetJobHistoryRequest(job_id=new_id())
    assert (await admin.refused(operators.GetJobHistory, request)).reason == "JOB_NOT_FOUND"
