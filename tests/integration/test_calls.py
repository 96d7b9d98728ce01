"""Paid calls: begun once, under a hold of their own, within every limit; then booked in full."""

import asyncio
import logging
from datetime import timedelta

import asyncpg
import pytest

from server.domain.ids import UserId
from server.domain.jobs import Claim, Failure
from server.domain.lanes import JobLane
from server.domain.money import Answer, Bill, CallName, NewCall, Reason
from server.domain.states import Lane
from server.store import Store
from tests.builders import new_job, new_user, outcome
from tests.integration.job_queue import until
from tests.integration.test_money_movements import (
    A_DAY_PASSES,
    DIFFERENCES,
    HELD_AND_SPENT,
    UNBALANCED,
    rows,
    waits,
)

LEASE = timedelta(seconds=60)
EXPIRED = timedelta(seconds=-1)
NOW = timedelta(0)
LIMIT = 1_000
FAILURE = Failure("RENDER_FAILED", "the model failed")
RENDER, READ = CallName.RENDER, CallName.READ
CALLS = "SELECT attempt, call, state, held_micros, cost_micros FROM calls ORDER BY attempt, call"
REASONS = "SELECT reason FROM calls ORDER BY begun_at, attempt"


def call(price: int = 40, most: int | None = None, name: CallName = RENDER) -> NewCall:
    """Returns a call of a hosted model."""
    return NewCall(name, "openai", "gpt-image", price, most)


async def claimed(store: Store, price: int = 0, limit: int = LIMIT) -> tuple[UserId, Claim]:
    """Returns a claimed job whose price is held, and its user."""
    user = await new_user(store)
    new = new_job(user, price_micros=price)
    async with store.transaction() as tx:
        await tx.money.default_limit(limit)
        await tx.submits.submit(new)
        assert await tx.money.hold([new.id], limit) is None
    return user, await claim_again(store)


async def claim_again(store: Store) -> Claim:
    """Returns the next claim."""
    [claim] = await store.leases.claim("w", Lane.LOCAL, 1, LEASE)
    return claim


async def failed(store: Store, claim: Claim) -> Claim:
    """Fails an attempt and returns the next one."""
    assert await store.leases.fail(claim, FAILURE, retryable=True, backoff=NOW)
    return await claim_again(store)


async def all_agree(store: Store) -> bool:
    """Returns whether budgets, calls, ledger and jobs agree."""
    return await rows(store, DIFFERENCES) == [] and await rows(store, UNBALANCED) == []


def budgets(user: UserId, held: int, spent: int) -> list[tuple[str, int, int]]:
    """Returns the budgets of a call of the hosted model."""
    return [(scope, held, spent) for scope in ("global", "provider:openai", f"user:{user}")]


@pytest.mark.parametrize("price", [0, 30, 40, 70])
async def test_a_call_takes_over_the_hold_of_its_job(store: Store, price: int) -> None:
    user, claim = await claimed(store, price)
    assert (await store.money.begin(claim, call(40))).ok
    assert await rows(store, HELD_AND_SPENT) == budgets(user, 40, 0)
    assert await rows(store, "SELECT * FROM holds") == []
    made = outcome(claim.job_id, cost_micros=25, usage={"image_out": 7}, call_id="req_1")
    assert await store.leases.complete(claim, made)
    assert await rows(store, HELD_AND_SPENT) == budgets(user, 0, 25)
    assert await rows(store, CALLS) == [(1, "render", "settled", 40, 25)]
    assert await rows(store, "SELECT usage, request_id, estimated FROM calls") == [
        ({"image_out": 7}, "req_1", False)
    ]
    job = await store.jobs.get(user, claim.job_id)
    assert job is not None
    assert job.actual_micros == 25
    assert await all_agree(store)


async def test_a_hold_of_yesterday_moves_to_the_day_of_the_call(store: Store) -> None:
    user, claim = await claimed(store, 40)
    await store.database.execute(A_DAY_PASSES)
    assert (await store.money.begin(claim, call(40))).ok
    assert await rows(store, "SELECT day FROM calls") == await rows(store, "SELECT current_date")
    assert await rows(
        store,
        "SELECT day - current_date, held_micros FROM budgets WHERE scope = 'global' ORDER BY day",
    ) == [(-1, 0), (0, 40)]
    assert await rows(store, HELD_AND_SPENT) == budgets(user, 40, 0)
    assert await all_agree(store)


async def test_a_hold_of_yesterday_needs_room_today(store: Store) -> None:
    _, claim = await claimed(store, 40)
    await store.database.execute(A_DAY_PASSES)
    another = new_job(await new_user(store), price_micros=LIMIT - 39)
    await store.submits.submit(another)
    assert await store.money.hold([another.id], LIMIT) is None
    before = await rows(store, "SELECT * FROM ledger")
    assert (await store.money.begin(claim, call(40))).scope == "global"
    assert await rows(store, "SELECT * FROM ledger") == before
    assert await rows(store, "SELECT * FROM calls") == []
    assert await all_agree(store)


@pytest.mark.parametrize("which", ["global", "provider", "user"])
async def test_a_call_must_fit_in_every_scope(store: Store, which: str) -> None:
    user, claim = await claimed(store)
    scope = {"provider": "provider:openai", "user": f"user:{user}"}.get(which, which)
    await store.budgets.set_limit(scope, 39, user)
    refused = await store.money.begin(claim, call(40))
    assert (refused.answer, refused.scope) == (Answer.OVER_BUDGET, scope)
    assert await rows(store, HELD_AND_SPENT) == []
    assert await rows(store, "SELECT scope, percent FROM alerts") == [(scope, 100)]
    assert (await store.money.begin(claim, call(39))).ok


async def test_what_a_job_may_cost_counts_all_of_its_calls(store: Store) -> None:
    _, claim = await claimed(store)
    assert (await store.money.begin(claim, call(10, 50, READ))).ok
    assert (await store.money.begin(claim, call(41, 50))).answer is Answer.ABOVE_MOST
    assert await store.money.settle(claim, READ, Bill(5))
    assert (await store.money.begin(claim, call(41, 45))).answer is Answer.ABOVE_MOST
    assert (await store.money.begin(claim, call(40, 45))).ok


async def test_a_read_leaves_the_hold_of_the_render(store: Store) -> None:
    user, claim = await claimed(store, 40)
    assert (await store.money.begin(claim, call(10, name=READ))).ok
    assert await rows(store, "SELECT micros FROM holds") == [(40,)]
    assert await rows(store, "SELECT held_micros FROM budgets WHERE scope = 'global'") == [(50,)]
    assert await store.leases.complete(claim, outcome(claim.job_id))
    # The read was never settled: it counts as billed.
    assert await rows(store, HELD_AND_SPENT) == budgets(user, 0, 10)
    assert await all_agree(store)


async def test_a_key_is_begun_once(store: Store) -> None:
    _, claim = await claimed(store)
    answers = await asyncio.gather(*(store.money.begin(claim, call()) for _ in range(8)))
    assert [one.answer for one in answers].count(Answer.BEGUN) == 1
    assert {one.answer for one in answers} == {Answer.BEGUN, Answer.REPEATED}
    assert await store.money.release(claim, RENDER)
    assert (await store.money.begin(claim, call())).answer is Answer.REPEATED


async def test_only_the_holder_of_a_job_begins_its_calls(store: Store) -> None:
    user, claim = await claimed(store)
    again = await failed(store, claim)
    assert (await store.money.begin(claim, call())).answer is Answer.LOST
    assert await store.jobs.cancel(user, claim.job_id)
    assert (await store.money.begin(again, call())).answer is Answer.CANCELLED
    assert await rows(store, CALLS) == []


async def test_a_picture_is_paid_again_once(store: Store) -> None:
    user, claim = await claimed(store)
    assert (await store.money.begin(claim, call())).ok
    assert await store.money.release(claim, RENDER)  # not billed, so it does not count
    for _ in range(2):
        claim = await failed(store, claim)
        assert (await store.money.begin(claim, call())).ok
        assert await store.money.settle(claim, RENDER, Bill(40))
    claim = await failed(store, claim)
    assert (await store.money.begin(claim, call())).answer is Answer.PAID_TWICE
    assert await store.leases.fail(claim, FAILURE, retryable=False, backoff=NOW)
    assert await store.jobs.retry(user, claim.job_id, None) is not None
    claim = await claim_again(store)
    assert (await store.money.begin(claim, call())).ok
    assert await rows(store, REASONS) == [("first",), *[("retry",)] * 3]


async def test_a_reason_can_be_given(store: Store) -> None:
    _, claim = await claimed(store)
    new = NewCall(RENDER, "openai", "gpt-image", 40, reason=Reason.REPAIR)
    assert (await store.money.begin(claim, new)).ok
    assert await rows(store, REASONS) == [("repair",)]


@pytest.mark.parametrize(
    "end", ["fail", "fail for good", "cancelled", "release", "rescue", "released and cancelled"]
)
async def test_an_attempt_that_ends_without_its_answer_counts_as_billed(
    store: Store, end: str
) -> None:
    user, claim = await claimed(store, 40)
    assert (await store.money.begin(claim, call())).ok
    match end:
        case "cancelled":
            assert await store.leases.cancelled(claim)
        case "release":
            assert await store.leases.release([claim])
        case "released and cancelled":
            assert await store.jobs.cancel(user, claim.job_id)
            assert await store.leases.release([claim])
        case "rescue":
            await store.leases.heartbeat([claim], EXPIRED)
            assert await store.leases.rescue(NOW)
        case _:
            retryable = end == "fail"
            assert await store.leases.fail(claim, FAILURE, retryable=retryable, backoff=NOW)
    assert await rows(store, CALLS) == [(1, "render", "unknown", 40, 40)]
    assert await rows(store, HELD_AND_SPENT) == budgets(user, 0, 40)
    assert await all_agree(store)
    # The answer comes late: what it cost is known after all.
    assert await store.money.settle(claim, RENDER, Bill(25))
    assert not await store.money.settle(claim, RENDER, Bill(99))
    assert not await store.money.release(claim, RENDER)
    assert await rows(store, HELD_AND_SPENT) == budgets(user, 0, 25)
    kinds = await rows(store, "SELECT kind, spent_micros FROM ledger ORDER BY id DESC LIMIT 2")
    assert kinds == [("correction", -15), ("settle", 40)]
    assert await all_agree(store)


CANCELLED = "cancelled while it ran"
UNDER_WAY = "; the paid call under way was booked at its hold, $0.06768"
BEFORE = "; the calls before were booked at $0.0025"


@pytest.mark.parametrize("end", ["cancelled", "release", "give back", "fail", "rescue"])
@pytest.mark.parametrize(
    ("read", "drawing", "told"),
    [
        (False, False, ""),
        (False, True, UNDER_WAY),
        (True, False, BEFORE),
        (True, True, UNDER_WAY + BEFORE),
    ],
)
async def test_a_job_that_is_cancelled_in_a_call_says_what_was_booked(
    store: Store, end: str, read: bool, drawing: bool, told: str
) -> None:
    user, claim = await claimed(store, limit=1_000_000)
    if read:
        assert (await store.money.begin(claim, call(3_000, name=READ))).ok
        assert await store.money.settle(claim, READ, Bill(2_500))
    if drawing:
        assert (await store.money.begin(claim, call(67_680))).ok
    assert await store.jobs.cancel(user, claim.job_id)
    why = CANCELLED
    match end:
        case "cancelled":
            assert await store.leases.cancelled(claim)
        case "release":
            assert await store.leases.release([claim])
        case "give back":
            lanes = [JobLane(Lane.LOCAL, claim.models)]
            assert await store.leases.give_back(claim, lanes, nothing=False)
        case "fail":
            assert await store.leases.fail(claim, FAILURE, retryable=True, backoff=NOW)
        case _:
            why = "cancelled; its worker was lost"
            await store.leases.heartbeat([claim], EXPIRED)
            assert await store.leases.rescue(NOW)
    job = await store.jobs.get(user, claim.job_id)
    assert job is not None
    assert job.failure == Failure("JOB_CANCELLED", why + told)
    assert job.actual_micros == 67_680 * drawing + 2_500 * read


@pytest.mark.parametrize("end", ["cancelled", "fail"])
async def test_an_end_sees_a_call_that_was_begun_while_it_waited(store: Store, end: str) -> None:
    user, claim = await claimed(store, limit=1_000_000)
    async with store.transaction() as tx:
        assert (await tx.money.begin(claim, call(67_680))).ok
        ending: asyncio.Task[object]
        if end == "cancelled":
            ending = asyncio.create_task(store.leases.cancelled(claim))
        else:
            failing = store.leases.fail(claim, FAILURE, retryable=False, backoff=NOW)
            ending = asyncio.create_task(failing)
        await until(lambda: waits(store))
    assert await ending
    job = await store.jobs.get(user, claim.job_id)
    assert job is not None
    assert job.actual_micros == 67_680
    told = Failure("JOB_CANCELLED", CANCELLED + UNDER_WAY)
    assert job.failure == (told if end == "cancelled" else FAILURE)
    assert await all_agree(store)


async def test_a_completion_after_a_settled_call_pays_once(store: Store) -> None:
    user, claim = await claimed(store, 40)
    assert (await store.money.begin(claim, call())).ok
    assert await store.money.settle(claim, RENDER, Bill(30))
    assert await store.leases.complete(claim, outcome(claim.job_id, cost_micros=30))
    assert await rows(store, HELD_AND_SPENT) == budgets(user, 0, 30)
    assert await all_agree(store)


@pytest.mark.parametrize("completes", [True, False])
async def test_a_cost_above_its_hold_is_booked_in_full_and_told(
    store: Store, completes: bool, caplog: pytest.LogCaptureFixture
) -> None:
    user, claim = await claimed(store, 40, limit=50)
    assert (await store.money.begin(claim, call())).ok
    with caplog.at_level(logging.ERROR):
        if completes:
            assert await store.leases.complete(claim, outcome(claim.job_id, cost_micros=99))
        else:
            assert await store.money.settle(claim, RENDER, Bill(99))
    assert [record.message for record in caplog.records] == ["call above its hold"]
    assert await rows(store, HELD_AND_SPENT) == budgets(user, 0, 99)
    assert await rows(
        store, "SELECT scope, limit_micros, spent_micros FROM alerts WHERE percent IS NULL"
    ) == [("provider:openai", 40, 99)]
    assert await all_agree(store)


async def test_the_ledger_is_only_added_to(store: Store) -> None:
    await claimed(store, 40)
    for change in ("UPDATE ledger SET spent_micros = 0", "DELETE FROM ledger", "TRUNCATE ledger"):
        with pytest.raises(asyncpg.RaiseError, match="ledger is only added to"):
            await store.database.execute(change)
