"""BudgetService: who may see and set which budget, and what was spent in which groups."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import grpc
import pytest

from imggen.v1 import budget_pb2, budget_pb2_grpc
from imggen.v1.budget_pb2 import SpendGroup
from server.domain.money import Bill, CallName, NewCall
from server.identity.caller import Role
from server.routing.catalogue import STORYBOOK, Catalogue
from tests.builders import paid
from tests.integration.callers import Caller
from tests.integration.gateway_fixture import GatewayFixture, open_gateway_fixture


@pytest.fixture
def budgets(gateway: GatewayFixture) -> Any:
    """Returns a stub of the service."""
    return budget_pb2_grpc.BudgetServiceStub(gateway.channel())


@pytest.fixture
def admin(gateway: GatewayFixture) -> Caller:
    """Returns an admin."""
    return gateway.caller("ada", Role.ADMIN)


async def get(budgets: Any, caller: Caller, **fields: Any) -> budget_pb2.Budget:
    """Gets a budget."""
    request = budget_pb2.GetBudgetRequest(**fields)
    return (await budgets.GetBudget(request, metadata=caller.metadata)).budget  # type: ignore[no-any-return]


async def listed(budgets: Any, caller: Caller, group: str, **fields: Any) -> list[tuple[Any, ...]]:
    """Lists spend, one group a page."""
    found = []
    request = budget_pb2.ListSpendRequest(
        group_by=SpendGroup.Value(f"SPEND_GROUP_{group.upper()}"), page_size=1, **fields
    )
    while True:
        answer = await budgets.ListSpend(request, metadata=caller.metadata)
        assert answer.target_image_cost_micros == 100_000
        found += [(one.key, one.calls, one.images, one.cost_micros) for one in answer.spend]
        if not answer.next_page_token:
            return found
        request.page_token = answer.next_page_token


async def pay(
    gateway: GatewayFixture, caller: Caller, provider: str, bill: Bill | None, *, done: bool = False
) -> None:
    """Makes a paid call for a new portrait of the caller; without a bill its answer is lost."""
    await caller.portrait()
    claim = await gateway.claim()
    money = gateway.store.money
    new = NewCall(CallName.RENDER, provider, f"{provider}-1", 90_000)
    assert (await money.begin(claim, new)).ok
    if bill is None:
        await money.unknown(claim, CallName.RENDER)
    else:
        await money.settle(claim, CallName.RENDER, bill)
    if done:
        await gateway.complete(claim)
    else:
        await gateway.fail(claim)


async def test_callers_see_their_own_budget_and_no_other(
    gateway: GatewayFixture, mia: Caller, budgets: Any
) -> None:
    own = await get(budgets, mia)
    assert own.scope == f"user:{mia.user_id}"
    assert not own.HasField("limit_micros")
    for scope in ("global", "provider:openai", f"user:{gateway.caller('tom').user_id}"):
        request = budget_pb2.GetBudgetRequest(scope=scope)
        refused = await mia.refused(budgets.GetBudget, request)
        assert (refused.code, refused.reason) == (
            grpc.StatusCode.PERMISSION_DENIED,
            "ROLE_REQUIRED",
        )
    refused = await mia.refused(
        budgets.SetBudget, budget_pb2.SetBudgetRequest(scope=own.scope, limit_micros=1)
    )
    assert refused.reason == "ROLE_REQUIRED"


async def test_an_admin_sets_limits_that_hold_from_the_next_hold_on(
    gateway: GatewayFixture, mia: Caller, admin: Caller, budgets: Any
) -> None:
    scope = f"user:{mia.user_id}"
    request = budget_pb2.SetBudgetRequest(scope=scope, limit_micros=50)
    answer = await budgets.SetBudget(request, metadata=admin.metadata)
    assert (answer.budget.scope, answer.budget.limit_micros) == (scope, 50)
    assert (await get(budgets, mia)).limit_micros == 50
    await mia.portrait()
    claim = await gateway.claim()
    await gateway.store.budgets.set_limit("global", 1_000, admin.user_id)
    refused = await gateway.store.money.begin(claim, NewCall(CallName.RENDER, "openai", "m", 51))
    assert refused.scope == scope
    request.ClearField("limit_micros")
    answer = await budgets.SetBudget(request, metadata=admin.metadata)
    assert not answer.budget.HasField("limit_micros")
    assert (await gateway.store.money.begin(claim, NewCall(CallName.RENDER, "openai", "m", 51))).ok
    assert (await get(budgets, mia)).held_micros == 51


async def test_without_an_admins_limit_the_setting_is_the_global_one(
    gateway: GatewayFixture, admin: Caller, budgets: Any
) -> None:
    setting = gateway.settings.daily_budget_micros
    assert (await get(budgets, admin, scope="global")).limit_micros == setting
    request = budget_pb2.SetBudgetRequest(scope="global", limit_micros=7)
    await budgets.SetBudget(request, metadata=admin.metadata)
    assert (await get(budgets, admin, scope="global")).limit_micros == 7
    request.ClearField("limit_micros")
    await budgets.SetBudget(request, metadata=admin.metadata)
    assert (await get(budgets, admin, scope="global")).limit_micros == setting


async def test_a_gateway_that_starts_with_another_setting_says_so(
    database: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    for dollars in (5, 5, 2):
        async with open_gateway_fixture(database, tmp_path, daily_budget_usd=dollars) as gateway:
            budget = await gateway.store.budgets.get("global")
            assert budget.limit_micros == dollars * 1_000_000
    [line] = [one for one in caplog.records if one.message == "daily budget changed"]
    assert (line.__dict__["before_micros"], line.__dict__["limit_micros"]) == (5 * 10**6, 2 * 10**6)


@pytest.mark.parametrize("scope", ["", "x", "provider:", "user:x", "global ", "provider:a b"])
async def test_a_scope_that_cannot_be_is_refused(admin: Caller, budgets: Any, scope: str) -> None:
    request = budget_pb2.SetBudgetRequest(scope=scope, limit_micros=-1)
    refused = await admin.refused(budgets.SetBudget, request)
    assert refused.fields == ["scope", "limit_micros"]


async def test_a_provider_that_costs_nothing_is_refused_by_name(
    admin: Caller, budgets: Any
) -> None:
    request = budget_pb2.SetBudgetRequest(scope="provider:local", limit_micros=1)
    refused = await admin.refused(budgets.SetBudget, request)
    why = 'provider "local" costs nothing, so that no budget counts it; use one of fake, openai'
    assert (refused.fields, why in str(refused)) == (["scope"], True)


async def test_a_local_provider_whose_model_has_a_price_has_a_budget(
    database: str, tmp_path: Path
) -> None:
    priced = replace(paid(STORYBOOK, 1_000), provider="local")
    async with open_gateway_fixture(database, tmp_path, catalogue=Catalogue([priced])) as gateway:
        admin = gateway.caller("ada", Role.ADMIN)
        stub: Any = budget_pb2_grpc.BudgetServiceStub(gateway.channel())
        request = budget_pb2.SetBudgetRequest(scope="provider:local", limit_micros=1)
        answer = await stub.SetBudget(request, metadata=admin.metadata)
    assert answer.budget.limit_micros == 1


async def test_a_provider_that_no_row_has_is_refused_by_name(admin: Caller, budgets: Any) -> None:
    request = budget_pb2.SetBudgetRequest(scope="provider:opnai", limit_micros=1)
    refused = await admin.refused(budgets.SetBudget, request)
    assert refused.fields == ["scope"]
    assert 'no model is of provider "opnai"; use one of fake, openai' in str(refused)
    got = await admin.refused(budgets.GetBudget, budget_pb2.GetBudgetRequest(scope=request.scope))
    assert (got.fields, str(got)) == (refused.fields, str(refused))
    # A limit that was set before its provider went can be removed.
    request.ClearField("limit_micros")
    await budgets.SetBudget(request, metadata=admin.metadata)


async def test_spend_is_listed_in_groups(
    gateway: GatewayFixture, mia: Caller, tom: Caller, admin: Caller, budgets: Any
) -> None:
    await gateway.store.budgets.set_limit("global", 10_000_000, admin.user_id)
    await pay(gateway, mia, "openai", Bill(60_000), done=True)
    await pay(gateway, mia, "openai", None)
    await pay(gateway, tom, "other", Bill(10_000, estimated=True), done=True)
    assert await listed(budgets, admin, "provider") == [
        ("openai", 2, 1, 150_000),
        ("other", 1, 1, 10_000),
    ]
    assert await listed(budgets, mia, "provider") == [("openai", 2, 1, 150_000)]
    assert await listed(budgets, tom, "model") == [("other-1", 1, 1, 10_000)]
    assert sorted(row[0] for row in await listed(budgets, admin, "user")) == sorted(
        [str(mia.user_id), str(tom.user_id)]
    )
    assert await listed(budgets, admin, "story") == [("", 3, 2, 160_000)]
    assert [row[1:] for row in await listed(budgets, admin, "style")] == [(3, 2, 160_000)]
    day = (await get(budgets, admin)).day
    assert await listed(budgets, admin, "day") == [(day, 3, 2, 160_000)]
    assert await listed(budgets, admin, "day", first_day="2026-01-01", last_day="2026-01-02") == []
    answer = await budgets.ListSpend(
        budget_pb2.ListSpendRequest(group_by=budget_pb2.SPEND_GROUP_PROVIDER),
        metadata=admin.metadata,
    )
    openai, other = answer.spend
    assert (openai.unknown_micros, openai.average_image_cost_micros) == (90_000, 150_000)
    assert (other.estimated_micros, other.unknown_micros) == (10_000, 0)


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"first_day": "2026-02-30"}, ["first_day"]),
        ({"first_day": "20260201", "last_day": "x"}, ["first_day", "last_day"]),
        ({"first_day": "2026-02-02", "last_day": "2026-02-01"}, ["last_day"]),
        ({"group_by": 99, "page_size": -1}, ["page_size", "group_by"]),
        ({"page_token": "x"}, ["page_token"]),
    ],
)
async def test_a_wrong_list_is_refused(
    mia: Caller, budgets: Any, fields: dict[str, Any], wrong: list[str]
) -> None:
    refused = await mia.refused(budgets.ListSpend, budget_pb2.ListSpendRequest(**fields))
    assert refused.fields == wrong
