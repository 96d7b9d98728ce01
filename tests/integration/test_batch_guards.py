"""The guards of batches: each test passes with its guard, and fails once it is removed."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise
from typing import Any
from uuid import uuid4

import pytest

from server.domain.batches import NewBatch
from server.domain.ids import BatchId, StoryId, UserId
from server.domain.jobs import BatchPlace, Claim, Failure, NewJob
from server.domain.states import JobStatus, Lane
from server.store import Store
from server.store.database import Executor, Record
from server.store.leases import Leases
from tests.builders import new_job, new_user, outcome

LEASE = timedelta(seconds=60)
LIMIT = 2
WAITING = """
SELECT 1 FROM pg_stat_activity
WHERE datname = current_database() AND wait_event_type = 'Lock'
"""


@dataclass
class RewrittenDatabase:
    """A database that removes the column of a turn where its statements have some words."""

    database: Executor
    words: str

    def _cut(self, query: str) -> str:
        return query.replace(self.words, self.words.replace(", l.turn", ""))

    async def fetch(self, query: str, *args: Any) -> list[Record]:
        return await self.database.fetch(self._cut(query), *args)

    async def fetchrow(self, query: str, *args: Any) -> Record | None:
        return await self.database.fetchrow(self._cut(query), *args)

    async def execute(self, query: str, *args: Any) -> str:
        return await self.database.execute(self._cut(query), *args)


@dataclass
class BatchInStore:
    """A store with one batch, and the batch's jobs in order."""

    store: Store
    leases: Leases
    user: UserId
    jobs: list[NewJob]

    async def claim(self, slots: int = 100) -> list[Claim]:
        return await self.leases.claim("w", Lane.LOCAL, slots, LEASE)

    async def status(self, number: int) -> JobStatus:
        job = await self.store.jobs.get(self.user, self.jobs[number].id)
        assert job is not None
        return job.status


async def new_story(store: Store, user: UserId) -> StoryId:
    story = StoryId(uuid4())
    await store.database.execute(
        "INSERT INTO stories (id, user_id, title, style, page_count) VALUES ($1, $2, '', '', 0)",
        story,
        user,
    )
    return story


async def open_batch(store: Store, pages: int, *, needed: int, words: str = "") -> BatchInStore:
    user = await new_user(store)
    batch, story = BatchId(uuid4()), await new_story(store, user)
    jobs = [new_job(user, batch=BatchPlace(batch, number)) for number in range(needed + pages)]
    needs = tuple((page.id, one.id) for page in jobs[needed:] for one in jobs[:needed])
    new = NewBatch(batch, user, story, "anime", LIMIT, None, tuple(jobs), needs)
    async with store.transaction() as tx:
        assert await tx.batches.create(new)
    return BatchInStore(
        store, Leases(RewrittenDatabase(store.database, words or "nothing")), user, jobs
    )


async def pages_wait_for_their_portrait(store: Store, words: str) -> None:
    batch_in_store = await open_batch(store, pages=2, needed=1, words=words)
    assert [one.job_id for one in await batch_in_store.claim()] == [batch_in_store.jobs[0].id]


async def no_more_than_the_limit_runs(store: Store, words: str) -> None:
    batch_in_store = await open_batch(store, pages=6, needed=0, words=words)
    claims = await batch_in_store.claim()
    assert len(claims) == LIMIT
    assert await batch_in_store.leases.complete(claims[0], outcome(claims[0].job_id))
    assert len(await batch_in_store.claim()) == 1


async def a_failure_ends_what_needs_it(store: Store, words: str) -> None:
    batch_in_store = await open_batch(store, pages=2, needed=1, words=words)
    [portrait] = await batch_in_store.claim()
    failure = Failure("RENDER_FAILED", "the model failed")
    await batch_in_store.leases.fail(portrait, failure, retryable=False, backoff=timedelta(0))
    assert await batch_in_store.status(1) is JobStatus.FAILED


async def an_end_makes_the_next_one_ready(store: Store, words: str) -> None:
    batch_in_store = await open_batch(store, pages=1, needed=1, words=words)
    [portrait] = await batch_in_store.claim()
    await batch_in_store.leases.complete(portrait, outcome(portrait.job_id))
    assert [one.job_id for one in await batch_in_store.claim()] == [batch_in_store.jobs[1].id]


async def a_page_that_needs_two_sees_both_end_at_once(store: Store, words: str) -> None:
    batch_in_store = await open_batch(store, pages=1, needed=2, words=words)
    one, other = await batch_in_store.claim()
    async with store.transaction() as first:
        assert await first.leases.complete(one, outcome(one.job_id))
        ending = asyncio.create_task(batch_in_store.leases.complete(other, outcome(other.job_id)))
        # It waits for the batch, which `first` has locked; without the guard it ends at once.
        while not ending.done() and not await store.database.fetch(WAITING):
            await asyncio.sleep(0.01)
    assert await ending
    assert [claim.job_id for claim in await batch_in_store.claim()] == [batch_in_store.jobs[2].id]


async def a_failure_ends_all_that_need_it_indirectly(store: Store, words: str) -> None:
    user = await new_user(store)
    batch, story = BatchId(uuid4()), await new_story(store, user)
    jobs = [new_job(user, batch=BatchPlace(batch, n), price_micros=10) for n in range(4)]
    chain = tuple((after.id, before.id) for before, after in pairwise(jobs))
    new = NewBatch(batch, user, story, "anime", LIMIT, None, tuple(jobs), chain)
    async with store.transaction() as tx:
        assert await tx.batches.create(new)
        assert await tx.money.hold([job.id for job in jobs], 1000) is None
    [first] = await store.leases.claim("w", Lane.LOCAL, 9, LEASE)
    failure = Failure("RENDER_FAILED", "no")
    await store.leases.fail(first, failure, retryable=False, backoff=timedelta(0))
    rows = await store.database.fetch("SELECT status, error_reason FROM image_generation_jobs")
    assert {row["status"] for row in rows} == {"failed"}
    assert [row["error_reason"] for row in rows].count("DEPENDENCY_FAILED") == 3
    budgets = await store.database.fetch("SELECT held_micros FROM budgets")
    assert [row["held_micros"] for row in budgets] == [0, 0, 0]
    released = await store.database.fetch("SELECT 1 FROM ledger WHERE kind = 'release'")
    assert len(released) == 4


async def a_new_user_is_next(store: Store, words: str) -> None:
    leases = Leases(RewrittenDatabase(store.database, words or "nothing"))
    noisy, other = await new_user(store), await new_user(store)
    for _ in range(5):
        await store.submits.submit(new_job(noisy))
    await leases.claim("w", Lane.LOCAL, 1, LEASE)
    new = new_job(other)
    await store.submits.submit(new)
    [claimed] = await leases.claim("w", Lane.LOCAL, 1, LEASE)
    assert claimed.job_id == new.id


Scenario = Callable[[Store, str], Awaitable[None]]
SCENARIOS: list[Scenario] = [
    pages_wait_for_their_portrait,
    no_more_than_the_limit_runs,
    a_failure_ends_what_needs_it,
    an_end_makes_the_next_one_ready,
    a_page_that_needs_two_sees_both_end_at_once,
    a_failure_ends_all_that_need_it_indirectly,
    a_new_user_is_next,
]

# The guards of the database's functions, and the scenario that fails without each.
IN_THE_DATABASE: list[tuple[str, str, str, Scenario]] = [
    ("make_ready", r"AND n\.status <> 'completed'", "AND false", pages_wait_for_their_portrait),
    ("advance_batch", r"greatest\(most - open, 0\)", "1000", no_more_than_the_limit_runs),
    (
        "advance_batch",
        r"EXIT WHEN failed_now IS NULL",
        "EXIT",
        a_failure_ends_all_that_need_it_indirectly,
    ),
    ("advance_batch", r"n\.status IN \('failed'", "n.status IN (''", a_failure_ends_what_needs_it),
    ("advance_batch_of_job", r"PERFORM .*;", "", an_end_makes_the_next_one_ready),
    (
        "lock_batch_of_job advance_batch",
        r"FOR NO KEY UPDATE",
        "",
        a_page_that_needs_two_sees_both_end_at_once,
    ),
    ("next_turn", r"max\(turn\) \+ 1", "max(turn) * 0", a_new_user_is_next),
]

# The guards of a worker's claim, and the scenario that fails without each.
IN_THE_CLAIM: list[tuple[str, Scenario]] = [
    ("ORDER BY l.priority, l.turn, l.queued_at LIMIT", a_new_user_is_next),
]


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.__name__)
async def test_the_guards_hold(store: Store, scenario: Scenario) -> None:
    await scenario(store, "")


@pytest.mark.parametrize(("function", "guard", "instead", "scenario"), IN_THE_DATABASE)
async def test_without_a_guard_of_the_database_its_test_fails(
    store: Store, function: str, guard: str, instead: str, scenario: Scenario
) -> None:
    for name in function.split():
        [row] = await store.database.fetch("SELECT pg_get_functiondef($1::regproc) AS sql", name)
        mutant, found = re.subn(guard, instead, row["sql"])
        assert found, "the guard is not in the function; update the pattern"
        await store.database.execute(mutant)
    with pytest.raises((AssertionError, ValueError)):
        await scenario(store, "")


@pytest.mark.parametrize(("words", "scenario"), IN_THE_CLAIM)
async def test_without_a_guard_of_the_claim_its_test_fails(
    store: Store, words: str, scenario: Scenario
) -> None:
    with pytest.raises((AssertionError, ValueError)):
        await scenario(store, words)


async def test_a_stuck_batch_is_advanced_again(store: Store) -> None:
    batch_in_store = await open_batch(store, pages=3, needed=0)
    await store.database.execute("UPDATE image_generation_jobs SET ready = false")
    assert await batch_in_store.claim() == []
    assert len(await store.batches.advance_stuck()) == 1
    assert len(await batch_in_store.claim()) == LIMIT
    assert await store.batches.advance_stuck() == []
