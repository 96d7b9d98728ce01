"""An admin settles paid calls whose cost is not known: once, fenced, and in the ledger."""

import asyncio
from typing import Any

import grpc
import pytest

from imggen.cli.app import run
from imggen.v1 import budget_pb2, budget_pb2_grpc
from server.domain.jobs import Claim
from server.domain.money import Bill, CallName, NewCall
from server.identity.caller import Role
from tests.integration.callers import Caller
from tests.integration.gateway_fixture import GatewayFixture

HOLD = 90_000
UNKNOWN = None
GUESSED = Bill(HOLD, estimated=True)


@pytest.fixture
def budgets(gateway: GatewayFixture) -> Any:
    """Returns a stub of the service."""
    return budget_pb2_grpc.BudgetServiceStub(gateway.channel())


@pytest.fixture
def admin(gateway: GatewayFixture) -> Caller:
    """Returns an admin."""
    return gateway.caller("ada", Role.ADMIN)


async def begun(gateway: GatewayFixture, caller: Caller) -> Claim:
    """Begins a paid call for a new portrait of the caller."""
    await gateway.store.money.default_limit(10 * HOLD)
    await caller.portrait()
    claim = await gateway.claim()
    new = NewCall(CallName.RENDER, "openai", "gpt-image", HOLD)
    assert (await gateway.store.money.begin(claim, new)).ok
    return claim


async def booked(gateway: GatewayFixture, caller: Caller, bill: Bill | None = UNKNOWN) -> Claim:
    """Makes a paid call, whose answer is lost without a bill, and ends its attempt."""
    claim = await begun(gateway, caller)
    if bill is None:
        await gateway.store.money.unknown(claim, CallName.RENDER, "req_1")
    else:
        await gateway.store.money.settle(claim, CallName.RENDER, bill)
    await gateway.fail(claim)
    return claim


def settle(claim: Claim, cost: int, **fields: Any) -> budget_pb2.SettleCallRequest:
    """Returns the request that settles the call of a claim."""
    return budget_pb2.SettleCallRequest(
        job_id=str(claim.job_id), attempt=claim.attempt, cost_micros=cost, **fields
    )


async def spent(gateway: GatewayFixture) -> tuple[int, int]:
    """Returns what is held and spent, after a look whether all sums agree."""
    assert await gateway.store.database.fetch("SELECT * FROM money_differences") == []
    [row] = await gateway.store.database.fetch(
        "SELECT held_micros, spent_micros FROM budgets WHERE scope = 'global'"
    )
    return row["held_micros"], row["spent_micros"]


async def listed(budgets: Any, admin: Caller) -> list[budget_pb2.BookedCall]:
    """Lists the calls, one a page."""
    request, found = budget_pb2.ListUnsettledCallsRequest(page_size=1), []
    while True:
        answer = await budgets.ListUnsettledCalls(request, metadata=admin.metadata)
        found += answer.calls
        if not answer.next_page_token:
            return found
        request.page_token = answer.next_page_token


async def test_calls_whose_cost_is_not_known_are_listed_the_oldest_first(
    gateway: GatewayFixture, mia: Caller, admin: Caller, budgets: Any
) -> None:
    lost = await booked(gateway, mia)
    await booked(gateway, mia, Bill(7))
    guessed = await booked(gateway, admin, GUESSED)
    await begun(gateway, mia)
    first, second = await listed(budgets, admin)
    assert (first.job_id, first.attempt, first.kind) == (
        str(lost.job_id),
        1,
        budget_pb2.CALL_KIND_RENDER,
    )
    assert (first.provider, first.model, first.user_id) == ("openai", "gpt-image", str(mia.user_id))
    assert (first.provider_request_id, first.outcome_unknown) == ("req_1", True)
    assert (first.held_micros, first.cost_micros) == (HOLD, HOLD)
    assert (second.job_id, second.outcome_unknown) == (str(guessed.job_id), False)


@pytest.mark.parametrize("bill", [UNKNOWN, GUESSED], ids=["unknown", "estimated"])
@pytest.mark.parametrize("cost", [0, 42_000, HOLD, 2 * HOLD])
async def test_a_settled_call_counts_at_its_cost_everywhere(
    gateway: GatewayFixture,
    mia: Caller,
    admin: Caller,
    budgets: Any,
    bill: Bill | None,
    cost: int,
) -> None:
    claim = await booked(gateway, mia, bill)
    assert await spent(gateway) == (0, HOLD)
    request = settle(claim, cost, allow_above_hold=cost > HOLD)
    for _ in range(2):  # the second time changes nothing
        answer = await budgets.SettleCall(request, metadata=admin.metadata)
        assert (answer.call.cost_micros, answer.call.outcome_unknown) == (cost, False)
    assert await spent(gateway) == (0, cost)
    assert await listed(budgets, admin) == []
    moved = await gateway.store.database.fetch(
        "SELECT spent_micros FROM ledger WHERE kind = 'correction'"
    )
    assert [row["spent_micros"] for row in moved] == [cost - HOLD]
    job = await gateway.store.jobs.get(mia.user_id, claim.job_id)
    assert job is not None
    assert job.actual_micros == cost


@pytest.mark.parametrize("bill", [UNKNOWN, GUESSED], ids=["unknown", "estimated"])
async def test_a_cost_above_the_hold_is_refused_unless_it_is_allowed(
    gateway: GatewayFixture, mia: Caller, admin: Caller, budgets: Any, bill: Bill | None
) -> None:
    claim = await booked(gateway, mia, bill)
    refused = await admin.refused(budgets.SettleCall, settle(claim, HOLD + 1))
    assert (refused.code, refused.reason) == (
        grpc.StatusCode.FAILED_PRECONDITION,
        "CALL_ABOVE_HOLD",
    )
    assert (refused.metadata["held_micros"], refused.metadata["cost_micros"]) == (
        str(HOLD),
        str(HOLD + 1),
    )
    assert await spent(gateway) == (0, HOLD)
    request = settle(claim, HOLD + 1, allow_above_hold=True)
    await budgets.SettleCall(request, metadata=admin.metadata)
    assert await spent(gateway) == (0, HOLD + 1)
    for cost in (HOLD + 2, 2 * HOLD):  # known now, which comes first
        refused = await admin.refused(budgets.SettleCall, settle(claim, cost))
        assert refused.reason == "CALL_SETTLED"


async def test_the_command_needs_force_for_a_cost_above_the_hold(
    gateway: GatewayFixture,
    mia: Caller,
    admin: Caller,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    claim = await booked(gateway, mia)
    [(_, authorization)] = admin.metadata
    monkeypatch.setenv("IMGGEN_SERVER", gateway.address)
    monkeypatch.setenv("IMGGEN_TOKEN", authorization.removeprefix("Bearer "))
    arguments = ["budget", "settle", str(claim.job_id), "1", "42"]
    assert await asyncio.to_thread(run, arguments) == 1
    shown = capsys.readouterr().err
    assert all(part in shown for part in ("CALL_ABOVE_HOLD", f"held_micros={HOLD}", "--force"))
    assert await spent(gateway) == (0, HOLD)
    assert await asyncio.to_thread(run, [*arguments, "--force"]) == 0
    assert await spent(gateway) == (0, 42_000_000)


async def test_of_two_operators_at_once_one_settles(
    gateway: GatewayFixture, mia: Caller, admin: Caller, budgets: Any
) -> None:
    claim = await booked(gateway, mia)
    costs = [0, 1_000, 2_000, 3_000]
    answers = await asyncio.gather(
        *(budgets.SettleCall(settle(claim, one), metadata=admin.metadata) for one in costs),
        return_exceptions=True,
    )
    [done] = [one for one in answers if not isinstance(one, BaseException)]
    assert await spent(gateway) == (0, done.call.cost_micros)


async def test_a_known_cost_and_a_call_that_runs_stay(
    gateway: GatewayFixture, mia: Caller, admin: Caller, budgets: Any
) -> None:
    known, runs = await booked(gateway, mia, Bill(7)), await begun(gateway, mia)
    for claim, state, cost in ((known, "settled", 7), (runs, "open", 0)):
        refused = await admin.refused(budgets.SettleCall, settle(claim, 5))
        assert (refused.code, refused.reason) == (
            grpc.StatusCode.FAILED_PRECONDITION,
            "CALL_SETTLED",
        )
        assert (refused.metadata["state"], refused.metadata["cost_micros"]) == (state, str(cost))
    refused = await admin.refused(budgets.SettleCall, settle(runs, 0))
    assert refused.reason == "CALL_SETTLED"  # it may yet be billed
    assert await spent(gateway) == (HOLD, 7)


async def test_a_late_answer_corrects_only_what_was_booked_as_free(
    gateway: GatewayFixture, mia: Caller, admin: Caller, budgets: Any
) -> None:
    free, paid = await booked(gateway, mia), await booked(gateway, mia)
    await budgets.SettleCall(settle(free, 0), metadata=admin.metadata)
    await budgets.SettleCall(settle(paid, 5), metadata=admin.metadata)
    assert await gateway.store.money.settle(free, CallName.RENDER, Bill(11))
    assert not await gateway.store.money.settle(paid, CallName.RENDER, Bill(11))
    assert await spent(gateway) == (0, 16)


async def test_a_call_that_was_never_made_is_not_found(
    gateway: GatewayFixture, mia: Caller, admin: Caller, budgets: Any
) -> None:
    claim = await booked(gateway, mia)
    request = settle(claim, 5, kind=budget_pb2.CALL_KIND_READ)
    refused = await admin.refused(budgets.SettleCall, request)
    assert (refused.code, refused.reason) == (grpc.StatusCode.NOT_FOUND, "CALL_NOT_FOUND")
    assert refused.metadata["call"] == "read"


async def test_a_settle_without_a_cost_is_refused(mia: Caller, admin: Caller, budgets: Any) -> None:
    request = budget_pb2.SettleCallRequest(job_id=str(mia.user_id), attempt=1)
    refused = await admin.refused(budgets.SettleCall, request)
    assert refused.reasons == {"cost_micros": "FIELD_REQUIRED"}


async def test_only_admins_list_and_settle(
    gateway: GatewayFixture, mia: Caller, budgets: Any
) -> None:
    claim = await booked(gateway, mia)
    for call, request in (
        (budgets.ListUnsettledCalls, budget_pb2.ListUnsettledCallsRequest()),
        (budgets.SettleCall, settle(claim, 0)),
    ):
        assert (await mia.refused(call, request)).reason == "ROLE_REQUIRED"
    assert await spent(gateway) == (0, HOLD)
