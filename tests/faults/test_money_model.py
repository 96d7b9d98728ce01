"""Money keeps to its rules, in memory and in the store; without holds it does not."""

import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from random import Random
from uuid import uuid4

import asyncpg
import pytest

from server.domain.ids import JobId, UserId
from server.domain.jobs import Claim, Failure
from server.domain.money import Answer, Bill, CallName, NewCall
from server.domain.states import JobStatus, Lane
from server.store import Store, open_store
from server.store.store import Statements
from tests.builders import new_job, new_user, outcome
from tests.faults.environment import administer, named
from tests.faults.money_model import Book, Step, first_overrun, steps
from tests.integration.test_money_movements import A_DAY_PASSES, DIFFERENCES

INTERLEAVINGS = 20_000
AGAINST_THE_STORE = 300
LEASE = timedelta(minutes=5)
NOW = timedelta(0)
FAILURE = Failure("RENDER_FAILED", "the model failed")
BUDGETS = """
SELECT current_date - day, replace(scope, $1, 'user'), held_micros, spent_micros FROM budgets
WHERE current_date - day <= $2 AND (held_micros > 0 OR spent_micros > 0)
"""
EMPTY = """
ALTER TABLE ledger DISABLE TRIGGER only_added;
DELETE FROM ledger;
ALTER TABLE ledger ENABLE TRIGGER only_added;
DELETE FROM holds;
DELETE FROM calls;
DELETE FROM alerts;
DELETE FROM budgets;
DELETE FROM budget_limits;
DELETE FROM attempts;
DELETE FROM assets;
DELETE FROM image_generation_jobs;
DELETE FROM images;
DELETE FROM outbox;
"""


def test_no_interleaving_of_the_rules_overruns_a_budget() -> None:
    assert first_overrun(INTERLEAVINGS) is None


def test_without_holds_one_of_the_first_does() -> None:
    assert first_overrun(200, holds=False) is not None


@pytest.fixture
async def store(server: str) -> AsyncIterator[Store]:
    """Yields a store on a new database."""
    name = f"money_{uuid4().hex}"
    await administer(server, f"CREATE DATABASE {name} TEMPLATE faults_template")
    async with open_store(named(server, name), synchronous_commit=False) as store:
        yield store
    await administer(server, f"DROP DATABASE {name} WITH (FORCE)")


class _Refused(Exception):
    """Rolls an admission back, as the gateway does."""


class Player:
    """Makes the steps of a book in the store; each answer is what the book should say."""

    def __init__(self, store: Store, user: UserId) -> None:
        self.jobs: list[JobId] = []
        self.claims: dict[tuple[int, int], Claim] = {}
        self._store = store
        self._user = user

    async def make(self, step: Step) -> str:
        """Makes a step and returns its answer."""
        made: str = await getattr(self, f"_{step.what}")(step)
        return made

    def scope(self, name: str) -> str:
        """Returns a scope of the book by its name in the store."""
        return f"user:{self._user}" if name == "user" else name

    async def _submit(self, step: Step) -> str:
        new = new_job(self._user, price_micros=step.micros)
        refused = await self._holding(new.id, lambda tx: tx.submits.submit(new))
        if refused is None:
            self.jobs.append(new.id)
        return self._said(refused)

    async def _retry(self, step: Step) -> str:
        job = self.jobs[step.job]
        return self._said(await self._holding(job, lambda tx: tx.jobs.retry(self._user, job, None)))

    async def _holding(
        self, job: JobId, queue: Callable[[Statements], Awaitable[object]]
    ) -> str | None:
        try:
            async with self._store.transaction() as tx:
                if await queue(tx) is None:
                    return "no"
                refused = await tx.money.hold([job], 0)
                if refused is not None:
                    raise _Refused
        except _Refused:
            pass
        return refused

    def _said(self, refused: str | None) -> str:
        return "held" if refused is None else self._short(refused)

    def _short(self, scope: str) -> str:
        return "user" if scope == f"user:{self._user}" else scope

    async def _claim(self, step: Step) -> str:
        # The store chooses whom it serves; the step is of one job.
        job = self.jobs[step.job]
        await self._store.database.execute(
            "UPDATE image_generation_jobs SET priority = 9 - 9 * (id = $1)::integer", job
        )
        [claim] = await self._store.leases.claim("w", Lane.LOCAL, 1, LEASE)
        assert claim.job_id == job
        self.claims[step.job, claim.attempt] = claim
        return "claimed"

    async def _begin(self, step: Step) -> str:
        call = NewCall(CallName(step.name), step.provider, "model", step.micros, step.most)
        if (step.job, step.attempt) not in self.claims:
            return "lost"
        begun = await self._store.money.begin(self.claims[step.job, step.attempt], call)
        over = begun.answer is Answer.OVER_BUDGET
        return self._short(begun.scope) if over else str(begun.answer)

    async def _settle(self, step: Step) -> str:
        bill = Bill(step.micros, estimated=step.flag)
        claim = self.claims[step.job, step.attempt]
        return _yes(await self._store.money.settle(claim, CallName(step.name), bill))

    async def _unbill(self, step: Step) -> str:
        claim = self.claims[step.job, step.attempt]
        return _yes(await self._store.money.release(claim, CallName(step.name)))

    async def _lose_answer(self, step: Step) -> str:
        claim = self.claims[step.job, step.attempt]
        return _yes(await self._store.money.unknown(claim, CallName(step.name)))

    async def _complete(self, step: Step) -> str:
        claim = self.claims.get((step.job, step.attempt))
        made = outcome(str(step.job), step.attempt, cost_micros=step.micros)
        done = claim is not None and await self._store.leases.complete(claim, made)
        return "ended" if done else "lost"

    async def _fail(self, step: Step) -> str:
        claim = self.claims.get((step.job, step.attempt))
        if claim is None:
            return "lost"
        status = await self._store.leases.fail(claim, FAILURE, retryable=False, backoff=NOW)
        return "lost" if status is None else "ended"

    async def _give_back(self, step: Step) -> str:
        claim = self.claims.get((step.job, step.attempt))
        return "ended" if claim and await self._store.leases.release([claim]) else "lost"

    async def _crash(self, step: Step) -> str:
        claim = self.claims[step.job, step.attempt]
        await self._store.leases.heartbeat([claim], timedelta(seconds=-1))
        assert await self._store.leases.rescue(NOW) == [claim.job_id]
        return "rescued"

    async def _cancel(self, step: Step) -> str:
        return _yes(await self._store.jobs.cancel(self._user, self.jobs[step.job]))

    async def _limit(self, step: Step) -> str:
        await self._store.budgets.set_limit(self.scope(step.name), step.micros, self._user)
        return "set"

    async def _midnight(self, step: Step) -> str:
        await self._store.database.execute(A_DAY_PASSES)
        return "passed"


def _yes(done: bool) -> str:
    return "yes" if done else "no"


@pytest.mark.timeout(300)
async def test_the_store_keeps_to_the_rules(store: Store, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.CRITICAL)
    await interleavings(store, AGAINST_THE_STORE)


@pytest.mark.parametrize(
    ("function", "guard", "without"),
    [
        ("move_money", "IF covered AND", "IF false AND"),
        ("begin_call", "DELETE FROM holds", "SELECT * INTO held FROM holds"),
        ("release_money", "c.state = 'open'", "c.state = 'open' AND false"),
    ],
)
async def test_a_store_without_a_guard_does_not(
    store: Store, function: str, guard: str, without: str
) -> None:
    [row] = await store.database.fetch("SELECT pg_get_functiondef($1::regproc) AS text", function)
    assert guard in row["text"]
    await store.database.execute(row["text"].replace(guard, without))
    with pytest.raises((AssertionError, asyncpg.PostgresError)):
        await interleavings(store, 20)


async def interleavings(store: Store, count: int) -> None:
    """Plays interleavings one after the other."""
    for seed in range(count):
        await one_interleaving(store, seed)


async def one_interleaving(store: Store, seed: int) -> None:
    """Plays an interleaving in the book and in the store, and compares every answer."""
    chance = Random(seed)
    user = await new_user(store)
    await store.database.execute(EMPTY)
    book, player = Book(chance.choice((60, 100, 140))), Player(store, user)
    await store.budgets.set_limit("global", book.limits["global"], user)
    made: list[str] = []
    for step in steps(book, chance):
        expected, got = book.apply(step), await player.make(step)
        made.append(f"{step}: {got}")
        assert got == expected, f"seed {seed}, the book says {expected}:\n" + "\n".join(made)
        rows = await store.database.fetch(BUDGETS, f"user:{user}", book.day)
        budgets = {(book.day - row[0], row[1]): [row[2], row[3]] for row in rows}
        assert budgets == {key: used for key, used in book.used.items() if any(used)}, made
    found = {job.id: job for job in await store.jobs.snapshots(player.jobs)}
    for identity, job in zip(player.jobs, book.jobs, strict=True):
        assert found[identity].status is JobStatus(job.status)
        cost = sum(call.cost for call in job.calls.values())
        assert found[identity].actual_micros == cost
    assert await store.database.fetch(DIFFERENCES) == []
