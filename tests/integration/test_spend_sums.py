"""Spend adds up: in whichever groups it is listed, it is what the ledger has."""

import asyncio
import csv
from dataclasses import dataclass
from datetime import date, timedelta
from io import StringIO
from typing import Any

import pytest

from imggen.cli.app import run
from imggen.v1 import budget_pb2, budget_pb2_grpc
from imggen.v1.budget_pb2 import SpendGroup
from server.domain.jobs import Claim
from server.domain.money import Bill, CallName, NewCall, Reason
from server.identity.caller import Role
from tests.integration.callers import Caller
from tests.integration.gateway_fixture import GatewayFixture
from tests.integration.test_money_movements import A_DAY_PASSES, DIFFERENCES

GROUPS = ("day", "provider", "model", "user", "style", "story")
HOLD = 90_000
READ, RENDER = CallName.READ, CallName.RENDER
_LEDGER = """
SELECT coalesce(sum(spent_micros), 0)::bigint AS spent FROM ledger
WHERE day BETWEEN $1 AND $2 AND ($3::uuid IS NULL OR user_id = $3)
"""


@dataclass
class Till:
    """A gateway with an admin, whose test pays as workers do."""

    gateway: GatewayFixture
    admin: Caller

    async def begin(
        self, claim: Claim, provider: str, name: CallName = RENDER, reason: Reason | None = None
    ) -> None:
        """Begins a call of an attempt."""
        new = NewCall(name, provider, f"{provider}-1", HOLD, reason=reason)
        assert (await self.gateway.store.money.begin(claim, new)).ok

    async def pay(
        self, claim: Claim, provider: str, bill: Bill | None, name: CallName = RENDER, **how: Any
    ) -> None:
        """Makes a call of an attempt; without a bill its answer is lost."""
        await self.begin(claim, provider, name, **how)
        if bill is None:
            await self.gateway.store.money.unknown(claim, name)
        else:
            await self.gateway.store.money.settle(claim, name, bill)

    async def again(self, claim: Claim) -> Claim:
        """Fails an attempt, and returns the next one of its job."""
        await self.gateway.fail(claim, retryable=True)
        following = await self.gateway.claim()
        assert following.job_id == claim.job_id
        return following

    async def ledger(self, first: date, last: date, user: Caller | None = None) -> int:
        """Returns what the ledger has of some days, of one user or of all."""
        asked = (first, last, user.user_id if user else None)
        row = await self.gateway.store.database.fetchrow(_LEDGER, *asked)
        assert row is not None
        return int(row["spent"])

    async def listed(
        self, caller: Caller, group: str, first: date, last: date
    ) -> list[budget_pb2.Spend]:
        """Lists spend, one group a page."""
        stub: Any = budget_pb2_grpc.BudgetServiceStub(self.gateway.channel())
        request = budget_pb2.ListSpendRequest(
            first_day=str(first),
            last_day=str(last),
            group_by=SpendGroup.Value(f"SPEND_GROUP_{group.upper()}"),
            page_size=1,
        )
        found: list[budget_pb2.Spend] = []
        while True:
            answer = await stub.ListSpend(request, metadata=caller.metadata)
            found += answer.spend
            if not answer.next_page_token:
                return found
            request.page_token = answer.next_page_token


@pytest.fixture
async def till(gateway: GatewayFixture) -> Till:
    """Returns a till that has taken money of every kind, yesterday and today."""
    admin = gateway.caller("ada", Role.ADMIN)
    await gateway.store.budgets.set_limit("global", 10_000_000, admin.user_id)
    till = Till(gateway, admin)
    mia, tom = gateway.caller("mia"), gateway.caller("tom")
    await first_retry_and_repair(till, mia)
    late, early = await regeneration_and_lost_answers(till, tom)
    await gateway.store.database.execute(A_DAY_PASSES)
    await after_midnight(till, mia, late, early)
    assert await gateway.store.database.fetch(DIFFERENCES) == []
    return till


async def first_retry_and_repair(till: Till, mia: Caller) -> None:
    """Pays for a page that is read and drawn, one whose first call failed, and one repaired."""
    story = await mia.create_story("A wood.", "A hut.", "A lake.")
    gateway = till.gateway
    await mia.scene(story.id, 1)
    claim = await gateway.claim()
    await till.pay(claim, "chat", Bill(1_234), READ)
    await till.pay(claim, "openai", Bill(60_001))
    await gateway.complete(claim)
    await mia.scene(story.id, 2)
    claim = await gateway.claim()
    await till.pay(claim, "openai", Bill(7, estimated=True))
    claim = await till.again(claim)
    await till.pay(claim, "other", Bill(20_003))
    await gateway.complete(claim)
    await mia.scene(story.id, 3, style="anime")
    claim = await gateway.claim()
    await till.pay(claim, "openai", Bill(30_000))
    claim = await till.again(claim)
    await till.pay(claim, "openai", Bill(40_000), reason=Reason.REPAIR)
    await gateway.complete(claim)


async def regeneration_and_lost_answers(till: Till, tom: Caller) -> tuple[Claim, Claim]:
    """Pays for a portrait, its next version, a call that was refused, and two of no known end.

    Returns the claims of the one whose answer was lost, and of the one that is still open.
    """
    gateway = till.gateway
    first = await tom.portrait()
    claim = await gateway.claim()
    await till.begin(claim, "openai")
    await gateway.store.money.release(claim, RENDER)
    claim = await till.again(claim)
    await till.pay(claim, "other", Bill(11_111))
    await gateway.complete(claim)
    await tom.regenerate(first.image_id)
    claim = await gateway.claim()
    await till.pay(claim, "openai", Bill(22_222))
    await gateway.complete(claim)
    await tom.portrait(style="anime")
    late = await gateway.claim()
    await till.pay(late, "openai", None)
    await tom.portrait(style="anime")
    early = await gateway.claim()
    await till.begin(early, "openai")
    return late, early


async def after_midnight(till: Till, mia: Caller, late: Claim, early: Claim) -> None:
    """Ends what the day before began, and pays for more."""
    gateway = till.gateway
    await gateway.store.money.settle(late, RENDER, Bill(33_333))  # a correction of yesterday's call
    late = await till.again(late)
    await till.pay(late, "other", None)
    await gateway.fail(late)
    await gateway.store.money.settle(early, RENDER, Bill(HOLD + 5))  # yesterday's, above its hold
    await gateway.complete(early)
    await mia.portrait()
    claim = await gateway.claim()
    await till.pay(claim, "chat", Bill(99), READ)
    await till.begin(claim, "openai")  # still open


@pytest.mark.parametrize("days", [(-1, 0), (-1, -1), (0, 0), (-9, -2)])
async def test_every_grouping_adds_up_to_the_ledger(till: Till, days: tuple[int, int]) -> None:
    today = await till.gateway.store.budgets.today()
    first, last = (today + timedelta(days=one) for one in days)
    for caller in (till.admin, till.gateway.caller("mia"), till.gateway.caller("tom")):
        only = None if caller is till.admin else caller
        expected = await till.ledger(first, last, only)
        assert (expected > 0) == (days[1] >= -1)
        found = {group: await till.listed(caller, group, first, last) for group in GROUPS}
        sums = {
            group: (
                sum(one.cost_micros for one in spend),
                sum(one.unknown_micros for one in spend),
                sum(one.estimated_micros for one in spend),
                sum(one.calls for one in spend),
                sum(one.images for one in spend),
            )
            for group, spend in found.items()
        }
        assert sums["day"][0] == expected
        assert sums == dict.fromkeys(GROUPS, sums["day"])
        for group, spend in found.items():
            assert len({one.key for one in spend}) == len(spend), group
        if caller is till.admin and days == (-1, 0):
            assert [len(found[group]) for group in GROUPS] == [2, 3, 3, 2, 2, 2]


@pytest.mark.parametrize(
    ("group", "images"),
    [
        ("provider", {"chat": 0, "openai": 4, "other": 2}),
        ("model", {"chat-1": 0, "openai-1": 4, "other-1": 2}),
    ],
)
async def test_an_image_is_of_the_model_that_drew_it(
    till: Till, group: str, images: dict[str, int]
) -> None:
    today = await till.gateway.store.budgets.today()
    found = await till.listed(till.admin, group, today - timedelta(days=1), today)
    assert {one.key: one.images for one in found} == images


async def test_an_image_that_was_drawn_for_free_is_of_no_paid_model(
    gateway: GatewayFixture, mia: Caller
) -> None:
    till = Till(gateway, gateway.caller("ada", Role.ADMIN))
    await gateway.store.budgets.set_limit("global", 10_000_000, till.admin.user_id)
    await mia.portrait()
    claim = await gateway.claim()
    await till.pay(claim, "chat", Bill(1_234), READ)
    await till.pay(claim, "openai", None)
    await gateway.complete(await till.again(claim))
    today = await gateway.store.budgets.today()
    found = await till.listed(till.admin, "model", today, today)
    assert [(one.key, one.calls, one.images) for one in found] == [
        ("chat-1", 1, 0),
        ("openai-1", 1, 0),
    ]


@pytest.mark.parametrize("group", GROUPS)
async def test_the_command_s_csv_adds_up_to_the_ledger(
    till: Till,
    group: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    [(_, authorization)] = till.admin.metadata
    monkeypatch.setenv("IMGGEN_SERVER", till.gateway.address)
    monkeypatch.setenv("IMGGEN_TOKEN", authorization.removeprefix("Bearer "))
    today = await till.gateway.store.budgets.today()
    arguments = ["spend", "--csv", "--by", group, "--days", "2", "--to", str(today)]
    assert await asyncio.to_thread(run, arguments) == 0
    rows = list(csv.DictReader(StringIO(capsys.readouterr().out)))
    micros = [round(float(row["cost_usd"]) * 1_000_000) for row in rows]
    assert sum(micros) == await till.ledger(today - timedelta(days=1), today)
    assert all(len(row["cost_usd"].partition(".")[2]) == 6 for row in rows)
