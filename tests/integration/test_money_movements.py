"""Whatever happens to jobs, budgets, ledger and jobs agree on held and spent money."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from random import Random
from typing import Any
from uuid import UUID, uuid4

import pytest

from server.admission.backlog import Backlog, QueueLimits
from server.admission.batches import BatchAdmission
from server.admission.cheapest import CheapestOffers
from server.admission.jobs import Admission
from server.domain.batches import NewBatch
from server.domain.characters import FrozenCharacter
from server.domain.ids import BatchId, ImageId, JobId, StoryId, UserId
from server.domain.jobs import BatchPlace, Claim, Failure, NewJob, Outcome, Placement
from server.domain.money import Bill, CallName, NewCall
from server.domain.states import Lane
from server.domain.stories import Draft
from server.errors import FailedPrecondition, ResourceExhausted
from server.forecast.jobs import Forecast
from server.metrics import GatewayMetrics
from server.routing.catalogue import STORYBOOK, Catalogue
from server.routing.conditions import GpuCost
from server.routing.observer import Observer
from server.store import Store
from server.store.signals import Signals
from tests.builders import description, new_job, new_user, outcome, render_spec
from tests.integration.job_queue import until

LIMIT = 1_000
PRICES = (0, 40, 100)
LEASE = timedelta(seconds=60)
EXPIRED = timedelta(seconds=-1)
NOW = timedelta(0)
FAILURE = Failure("RENDER_FAILED", "the model failed")

DIFFERENCES = "SELECT * FROM money_differences"
HELD_AND_SPENT = """
SELECT scope, held_micros, spent_micros FROM budgets
WHERE held_micros > 0 OR spent_micros > 0 ORDER BY scope
"""
# What a job costs is the sum of its calls. Only a waiting or running job holds money, only a
# running one has an open call.
UNBALANCED = """
SELECT j.id, j.status FROM image_generation_jobs j WHERE
  j.actual_micros <> (
    SELECT coalesce(sum(cost_micros), 0) FROM calls c WHERE c.job_id = j.id
  )
  OR j.status NOT IN ('queued', 'processing') AND EXISTS (SELECT FROM holds h WHERE h.job_id = j.id)
  OR EXISTS (
    SELECT FROM calls c WHERE c.job_id = j.id AND c.state = 'open'
      AND (j.status <> 'processing' OR c.attempt <> j.attempt)
  )
"""
# Two statements for each unique key, as a shift by one day would briefly give two days the same
# one.
A_DAY_PASSES = """
ALTER TABLE ledger DISABLE TRIGGER only_added;
UPDATE ledger SET day = day - 1;
ALTER TABLE ledger ENABLE TRIGGER only_added;
UPDATE budgets SET day = day - 1000;
UPDATE budgets SET day = day + 999;
UPDATE alerts SET day = day - 1000;
UPDATE alerts SET day = day + 999;
UPDATE holds SET day = day - 1;
UPDATE calls SET day = day - 1, begun_at = begun_at - interval '1 day';
UPDATE image_generation_jobs SET queued_at = queued_at - interval '1 day';
"""
HELD = "SELECT held_micros FROM ledger WHERE kind = 'hold' ORDER BY held_micros"


class RandomDays:
    """Random events of admission, callers and workers, over several days."""

    def __init__(
        self, store: Store, user: UserId, story: StoryId, seed: int, *, days_pass: bool = True
    ) -> None:
        forecast = Forecast(store.jobs.outlook)
        backlog = Backlog(store.jobs.waiting, forecast, QueueLimits())
        signals = Signals(store.database)
        self.refused = 0
        self._made: list[tuple[Claim, CallName]] = []
        self._store = store
        self._user = user
        self._story = story
        self._chance = Random(seed)
        self._days_pass = days_pass
        cheapest = CheapestOffers(Catalogue([STORYBOOK]), Observer(store, GpuCost()))
        self._admission = Admission(store, signals, LIMIT, backlog, cheapest, GatewayMetrics())
        self._batches = BatchAdmission(store, signals, self._admission)

    async def something_happens(self) -> None:
        """Makes one random call; a refused call must have no effect."""
        events: dict[Callable[[], Awaitable[object]], int] = {
            self._submit: 4,
            self._submit_batch: 2,
            self._claim_and_end: 8,
            self._learn_of_a_call: 2,
            self._cancel: 2,
            self._cancel_batch: 1,
            self._retry: 2,
            self._retry_batch: 1,
            self._regenerate: 1,
            self._delete: 1,
        }
        if self._days_pass:
            events[self._pass_a_day] = 1
        [event] = self._chance.choices(list(events), list(events.values()))
        try:
            await event()
        except (FailedPrecondition, ResourceExhausted):
            self.refused += 1

    def _new_job(self, place: BatchPlace | None = None) -> NewJob:
        return new_job(self._user, price_micros=self._chance.choice(PRICES), batch=place)

    async def _submit(self) -> None:
        await self._admission.admit(self._new_job())

    async def _submit_batch(self) -> None:
        batch = BatchId(uuid4())
        jobs = tuple(self._new_job(BatchPlace(batch, number)) for number in range(5))
        needs = tuple((after.id, before.id) for before, after in pairwise(jobs[:4]))
        await self._batches.admit(
            NewBatch(batch, self._user, self._story, "anime", 2, None, jobs, needs)
        )

    async def cancelled_batch(self) -> BatchId:
        """Returns a batch whose jobs are all cancelled."""
        await self._submit_batch()
        batch = BatchId((await rows(self._store, "SELECT id FROM batches"))[0][0])
        await self._batches.cancel(self._user, batch)
        return batch

    async def _claim_and_end(self) -> None:
        end = self._chance.choice(("complete", "fail", "fail permanently", "release", "rescue"))
        leases = self._store.leases
        lease = EXPIRED if end == "rescue" else LEASE
        claims = await leases.claim("w", Lane.LOCAL, self._chance.randint(1, 3), lease)
        for claim in claims:
            await self._call(claim)
        if self._chance.random() < 0.3:
            await self._store.jobs.cancel_each(self._user, [claim.job_id for claim in claims])
        match end:
            case "complete":
                await leases.complete_each([(claim, self._outcome(claim)) for claim in claims])
            case "release":
                await leases.release(claims)
            case "rescue":
                await leases.rescue(NOW)
            case _:
                for claim in claims:
                    again = end == "fail"
                    await leases.fail(claim, FAILURE, retryable=again, backoff=NOW)

    async def _call(self, claim: Claim) -> None:
        """Makes the paid calls of an attempt, which end in any way, or later, or never."""
        money, most = self._store.money, self._chance.choice((None, 2 * max(PRICES)))
        for name in self._chance.sample(list(CallName), self._chance.randint(0, 2)):
            provider = self._chance.choice(("openai", "local"))
            price = self._chance.choice(PRICES[1:])
            begun = await money.begin(claim, NewCall(name, provider, "model", price, most))
            if not begun.ok:
                self.refused += 1
                continue
            self._made.append((claim, name))
        for _ in range(self._chance.randint(0, 2)):
            await self._learn_of_a_call()

    async def _learn_of_a_call(self) -> None:
        if not self._made:
            return
        claim, name = self._chance.choice(self._made)
        bill = Bill(self._chance.randint(0, 150), estimated=self._chance.random() < 0.5)
        match self._chance.choice(("settle", "release", "unknown")):
            case "settle":
                await self._store.money.settle(claim, name, bill)
            case "release":
                await self._store.money.release(claim, name)
            case _:
                await self._store.money.unknown(claim, name)

    def _outcome(self, claim: Claim) -> Outcome:
        cost = claim.price_micros // self._chance.randint(1, 2)
        return outcome(claim.job_id, claim.attempt, cost_micros=cost)

    async def _cancel(self) -> None:
        if job := await self._one_of("image_generation_jobs"):
            await self._store.jobs.cancel(self._user, JobId(job))

    async def _retry(self) -> None:
        if found := await self._one_of("image_generation_jobs"):
            job = await self._store.jobs.get(self._user, JobId(found))
            assert job is not None
            await self._admission.retry(job, None, None)

    async def _cancel_batch(self) -> None:
        if batch := await self._one_of("batches"):
            await self._batches.cancel(self._user, BatchId(batch))

    async def _retry_batch(self) -> None:
        if batch := await self._one_of("batches"):
            await self._batches.retry(self._user, BatchId(batch), None)

    async def _regenerate(self) -> None:
        if image := await self._one_of("images"):
            found = await self._store.images.get(self._user, ImageId(image))
            if found is not None:
                place = Placement(parent_image_id=found.id, lineage_id=found.lineage_id)
                await self._admission.admit(replace(self._new_job(), placement=place))

    async def _delete(self) -> None:
        if image := await self._one_of("images"):
            job = await self._store.images.delete(self._user, ImageId(image))
            assert job is not None
            await self._store.jobs.cancel(self._user, job)

    async def _pass_a_day(self) -> None:
        await self._store.database.execute(A_DAY_PASSES)

    async def _one_of(self, table: str) -> UUID | None:
        rows = await self._store.database.fetch(f"SELECT id FROM {table} ORDER BY created_at, id")
        return self._chance.choice(rows)["id"] if rows else None


async def new_story(store: Store, user: UserId) -> StoryId:
    """Stores a story without pages and returns its id."""
    story = await store.stories.create(user, Draft("", "", ()), None)
    assert story is not None
    return story


async def rows(store: Store, query: str) -> list[tuple[Any, ...]]:
    """Returns the rows of a query."""
    return [tuple(row) for row in await store.database.fetch(query)]


@pytest.mark.parametrize("seed", range(5))
async def test_budgets_ledger_and_jobs_agree_whatever_happens(store: Store, seed: int) -> None:
    user = await new_user(store)
    days = RandomDays(store, user, await new_story(store, user), seed)
    for _ in range(120):
        await days.something_happens()
        assert await rows(store, DIFFERENCES) == []
        assert await rows(store, UNBALANCED) == []
    kinds = await rows(store, "SELECT kind FROM ledger GROUP BY kind ORDER BY kind")
    assert kinds == [("correction",), ("hold",), ("release",), ("settle",)]
    assert days.refused


@pytest.mark.parametrize("seed", range(3))
async def test_budgets_ledger_and_jobs_agree_after_much_at_once(store: Store, seed: int) -> None:
    user = await new_user(store)
    story = await new_story(store, user)

    async def act(actor: int) -> None:
        days = RandomDays(store, user, story, 10 * seed + actor, days_pass=False)
        for _ in range(60):
            await days.something_happens()

    async with asyncio.TaskGroup() as group:
        for actor in range(5):
            group.create_task(act(actor))
    assert await rows(store, DIFFERENCES) == []
    assert await rows(store, UNBALANCED) == []


async def test_an_image_deleted_while_its_batch_is_retried_holds_no_money(store: Store) -> None:
    user = await new_user(store)
    days = RandomDays(store, user, await new_story(store, user), 0)
    batch = await days.cancelled_batch()
    async with store.transaction() as tx:
        await tx.batches.lock(batch)
        [(image, *_), *_] = await rows(store, "SELECT id FROM images ORDER BY id")
        deleting = asyncio.create_task(store.images.delete(user, image))
        await until(lambda: waits(store))
        assert not deleting.done()
    await deleting


async def test_a_hold_is_written_whole_or_not_at_all(store: Store) -> None:
    user = await new_user(store)
    new_jobs = [new_job(user, price_micros=price) for price in (40, 0, 70)]
    await store.submits.submit_each(new_jobs)
    jobs = [new.id for new in new_jobs]
    assert await store.money.hold(jobs, 109) == "global"
    assert await rows(store, HELD) == []
    await store.money.default_limit(110)
    assert await store.money.hold(jobs, 110) is None
    assert await rows(store, HELD) == [(40,), (70,)]


@pytest.mark.parametrize("removed", [False, True])
async def test_a_limit_is_set_after_the_holds_that_were_made_by_the_one_before(
    store: Store, removed: bool
) -> None:
    user = await new_user(store)
    jobs = [new_job(user, price_micros=60) for _ in range(2)]
    await store.submits.submit_each(jobs)
    await store.budgets.set_limit("global", 100, user)

    async def lower() -> None:
        if removed:
            await store.budgets.remove_limit("global", 50)
        else:
            await store.budgets.set_limit("global", 50, user)

    async with store.transaction() as tx:
        assert await tx.money.hold([jobs[0].id], 0) is None
        lowering = asyncio.create_task(lower())
        await until(lambda: waits(store))
        waiting = asyncio.create_task(store.money.hold([jobs[1].id], 0))
        assert (await store.budgets.get("global")).limit_micros == 100
    await lowering
    assert await waiting == "global"
    found = await store.budgets.get("global")
    assert (found.limit_micros, found.held_micros) == (50, 60)


async def waits(store: Store) -> bool:
    """Returns whether a statement waits for a lock."""
    return bool(
        await store.database.fetch(
            "SELECT FROM pg_stat_activity"
            " WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
    )


async def unlocked_budgets(store: Store) -> int:
    """Returns the number of budgets that are not locked."""
    return len(await store.database.fetch("SELECT FROM budgets FOR UPDATE SKIP LOCKED"))


async def test_days_are_locked_in_their_order(store: Store) -> None:
    user = await new_user(store)
    new_jobs = [new_job(user, price_micros=10) for _ in range(8)]
    await store.submits.submit_each(new_jobs)
    for new in new_jobs:
        assert await store.money.hold([new.id], LIMIT) is None
        await store.database.execute(A_DAY_PASSES)
    async with store.database.transaction() as tx:
        await tx.execute("SELECT FROM budgets ORDER BY day, scope LIMIT 1 FOR UPDATE")
        ending = asyncio.create_task(store.jobs.cancel_each(user, [one.id for one in new_jobs]))
        await until(lambda: waits(store))
        assert await unlocked_budgets(store) == 3 * 8 - 1
    assert len(await ending) == 8
    assert await rows(store, HELD_AND_SPENT) == []


@pytest.mark.parametrize(
    ("end", "shared"),
    [
        *((end, "images") for end in ("complete", "fail", "cancelled", "release", "cancel")),
        ("complete", "character_references"),
    ],
)
async def test_a_budget_is_locked_after_everything_else(
    store: Store, end: str, shared: str
) -> None:
    user = await new_user(store)
    first, new = await two_portraits(store, user)
    [claim] = await store.leases.claim("w", Lane.LOCAL, 1, LEASE)
    assert await store.leases.complete(claim, outcome(first.id))
    await store.submits.submit(new)
    assert await store.money.hold([new.id], LIMIT) is None
    leases = store.leases
    if end != "cancel":
        [claim] = await leases.claim("w", Lane.LOCAL, 1, LEASE)
    if end == "release":
        await store.jobs.cancel(user, new.id)
    ends: dict[str, Callable[[], Coroutine[None, None, object]]] = {
        "complete": lambda: leases.complete(claim, outcome(new.id)),
        "fail": lambda: leases.fail(claim, FAILURE, retryable=False, backoff=NOW),
        "cancelled": lambda: leases.cancelled(claim),
        "release": lambda: leases.release([claim]),
        "cancel": lambda: store.jobs.cancel(user, new.id),
    }
    async with store.database.transaction() as tx:
        await tx.execute(f"SELECT FROM {shared} FOR UPDATE")
        ending = asyncio.create_task(ends[end]())
        await until(lambda: waits(store))
        assert await unlocked_budgets(store) == 3
    assert await ending
    assert await rows(store, HELD_AND_SPENT) == []


async def two_portraits(store: Store, user: UserId) -> list[NewJob]:
    """Returns two jobs that draw one character; the first is stored."""
    character = await store.characters.create(user, description(), None)
    assert character is not None
    spec = render_spec(characters=(FrozenCharacter(character, 1, description()),))
    place = Placement(character_id=character)
    new_jobs = [new_job(user, spec=spec, placement=place, price_micros=10 * n) for n in range(2)]
    await store.submits.submit(new_jobs[0])
    return new_jobs
