"""What a provider refuses ends its job, or goes to the next offer where the operator says so."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from actors.providers.base import Provider, ProviderFailed, RenderedPicture
from server.domain.jobs import Failure, Job, NewJob
from server.domain.lanes import JobLane
from server.domain.routes import RoutedAttempt
from server.domain.states import JobStatus, Lane
from server.routing.catalogue import KNOWN, Catalogue
from server.routing.failover import Billed, FailureKind
from tests.integration.job_queue import JobQueue, until
from tests.integration.paid_jobs import (
    DEAR,
    PAID,
    PRICE,
    NamedFake,
    calls,
    failing,
    money,
    providers,
    submit,
)

CHEAP = 10_000
"""What `fake` charges for these pictures; `BOTH` is what it and `dear` charge."""
BOTH = CHEAP + PRICE + 10_000
CHARGED = [Billed.NO, Billed.YES, Billed.UNKNOWN]
MODERATIONS = [FailureKind.MODERATED, FailureKind.MODERATED_OUTPUT]
STATES = {FailureKind.MODERATED: "released", FailureKind.MODERATED_OUTPUT: "settled"}
"""How the refused call of the fake is booked: its row says that a refused prompt costs nothing."""


def refused(kind: FailureKind, category: str) -> ProviderFailed:
    """Returns a refusal at the stage of its kind."""
    stage = "input" if kind is FailureKind.MODERATED else "output"
    return failing(kind, stage=stage, categories=(category,))


async def ended(
    queue: JobQueue, new: NewJob, drawing: Mapping[str, Provider], *, goes_on: bool = True
) -> Job:
    """Runs a worker until the job has ended."""
    worker = queue.worker(
        providers=drawing, catalogue=PAID, moderated_tries_next_offer=goes_on, poll_s=0.2
    )
    async with worker, asyncio.timeout(60):
        while not (job := await queue.job(new.id)).status.ended:
            await asyncio.sleep(0.05)
    return job


async def attempts(queue: JobQueue, new: NewJob) -> Sequence[RoutedAttempt]:
    """Returns what is explained of a job's attempts."""
    found = await queue.store.routes.of_job(queue.user, new.id)
    assert found is not None
    return found.attempts


def assert_refused(job: Job, *words: str) -> None:
    """Checks that a job has failed for good, with words of one refusal."""
    assert (job.status, job.retry_count) == (JobStatus.FAILED, 0)
    assert job.failure is not None
    assert job.failure.reason == "CONTENT_POLICY"
    for word in words:
        assert word in job.failure.message


@pytest.mark.parametrize("kind", MODERATIONS, ids=str)
async def test_a_refusal_is_not_taken_elsewhere_unless_the_operator_says_so(
    job_queue: JobQueue, kind: FailureKind
) -> None:
    new = await submit(job_queue)
    drawing = providers([refused(kind, "violence")])
    job = await ended(job_queue, new, drawing, goes_on=False)
    assert_refused(job, "violence", "input" if kind is FailureKind.MODERATED else "output")
    assert len(await calls(job_queue)) == 1
    assert await job_queue.store.health.all() == []


@pytest.mark.parametrize(
    ("kind", "charged", "state", "cost"),
    [
        (FailureKind.MODERATED, Billed.NO, "released", 0),
        (FailureKind.MODERATED, Billed.YES, "settled", CHEAP),
        (FailureKind.MODERATED, Billed.UNKNOWN, "unknown", CHEAP),
        *((FailureKind.MODERATED_OUTPUT, billed, "settled", CHEAP) for billed in CHARGED),
    ],
)
async def test_a_refused_picture_is_billed_and_a_refused_prompt_as_its_row_says(
    job_queue: JobQueue, kind: FailureKind, charged: Billed, state: str, cost: int
) -> None:
    new, drawing = await submit(job_queue), providers([refused(kind, "violence")])
    row = replace(KNOWN["fake"], refusal_charged=charged)
    async with job_queue.worker(providers=drawing, catalogue=Catalogue([row, DEAR]), poll_s=0.2):
        job = await job_queue.becomes(new, JobStatus.FAILED)
    assert await calls(job_queue) == [(1, "fake", state, cost)]
    assert await money(job_queue) == (0, cost)
    assert job.actual_micros == cost


@pytest.mark.parametrize("kind", MODERATIONS, ids=str)
async def test_the_next_offer_draws_what_the_first_refused(
    job_queue: JobQueue, kind: FailureKind
) -> None:
    new = await submit(job_queue)
    job = await ended(job_queue, new, providers([refused(kind, "violence")]))
    assert (job.status, job.model, job.retry_count) == (JobStatus.COMPLETED, "dear", 0)
    first, second = await calls(job_queue)
    assert first[:3] == (1, "fake", STATES[kind])
    assert second[:3] == (2, "dear", "settled")
    costs = [int(str(call[3])) for call in (first, second)]
    assert (costs[0] > 0) is (kind is FailureKind.MODERATED_OUTPUT)
    assert await money(job_queue) == (0, sum(costs))
    assert await job_queue.store.health.all() == []
    one, two = await attempts(job_queue, new)
    assert "violence" in one.error
    assert [(loser.model, loser.exclusion) for loser in two.route.losers] == [
        ("fake", "failed_before")
    ]


async def test_a_pinned_model_is_the_only_one_asked(job_queue: JobQueue) -> None:
    new = await submit(job_queue, model="fake")
    job = await ended(job_queue, new, providers([refused(FailureKind.MODERATED, "violence")]))
    assert_refused(job, "input", "violence")
    assert len(await calls(job_queue)) == 1


async def test_a_refused_picture_and_the_next_offer_keep_to_the_callers_limit(
    job_queue: JobQueue,
) -> None:
    new = await submit(job_queue, max_cost_micros=BOTH - 1)
    drawing = providers([refused(FailureKind.MODERATED_OUTPUT, "violence")])
    job = await ended(job_queue, new, drawing)
    assert_refused(job, "output", "violence")
    assert [call[:3] for call in await calls(job_queue)] == [(1, "fake", "settled")]
    assert await money(job_queue) == (0, CHEAP)


@pytest.mark.parametrize(
    "second",
    [
        refused(FailureKind.MODERATED_OUTPUT, "hate"),
        failing(FailureKind.ACCOUNT_STOPPED),
        failing(FailureKind.UNREADABLE),
    ],
    ids=lambda error: str(error.kind),
)
async def test_without_another_offer_the_job_ends_with_its_first_refusal(
    job_queue: JobQueue, second: ProviderFailed
) -> None:
    new = await submit(job_queue)
    first = refused(FailureKind.MODERATED, "violence")
    drawing = providers([first], [second])
    job = await ended(job_queue, new, drawing)
    assert_refused(job, "the prompt", "input", "violence")
    assert [call[1] for call in await calls(job_queue)] == ["fake", "dear"]
    assert (await money(job_queue))[0] == 0
    off = [one.provider for one in await job_queue.store.health.all()]
    assert off == (["somebody"] if second.kind is FailureKind.ACCOUNT_STOPPED else [])


async def refused_before(queue: JobQueue, **limits: object) -> NewJob:
    """Submits a job that `fake` has refused already, so that it waits for `dear`."""
    new = await submit(queue, **limits)  # type: ignore[arg-type]
    [claim] = await queue.store.leases.claim("w", Lane.HOSTED, 1, timedelta(minutes=1))
    tried = replace(claim, spec=replace(claim.spec, model="fake"))
    failure = Failure("CONTENT_POLICY", "refused for violence")
    assert await queue.store.leases.fail_over(tried, failure, [JobLane(Lane.HOSTED, ("dear",))])
    return new


async def test_a_refused_job_ends_at_once_where_no_other_model_may_ever_draw_it(
    job_queue: JobQueue,
) -> None:
    new = await refused_before(job_queue, min_score=5.0)
    assert_refused(await ended(job_queue, new, providers()), "refused for violence")


async def test_a_refused_job_waits_for_another_model_as_long_as_any_job(
    job_queue: JobQueue,
) -> None:
    await job_queue.store.health.turn_off("somebody", "", FailureKind.ACCOUNT_STOPPED)
    new = await refused_before(job_queue)
    async with job_queue.worker(providers=providers(), catalogue=PAID, no_offer_s=3600):
        await until(lambda: _waits(job_queue))
    assert (await job_queue.job(new.id)).status is JobStatus.QUEUED


async def test_a_refused_job_that_has_waited_ends_with_its_refusal(job_queue: JobQueue) -> None:
    await job_queue.store.health.turn_off("somebody", "", FailureKind.ACCOUNT_STOPPED)
    new = await refused_before(job_queue)
    async with job_queue.worker(providers=providers(), catalogue=PAID, no_offer_s=0):
        job = await job_queue.becomes(new, JobStatus.FAILED)
    assert_refused(job, "refused for violence")


async def _waits(queue: JobQueue) -> bool:
    jobs = "SELECT FROM image_generation_jobs WHERE no_offer_since IS NOT NULL"
    return bool(await queue.store.database.fetch(jobs))


class Flaky(NamedFake):
    """The second provider, whose first call fails as no provider should."""

    async def render(self, *arguments: Any) -> RenderedPicture:
        if not self.calls:
            await super().render(*arguments)
            raise RuntimeError("a bug")
        return await super().render(*arguments)


async def test_a_retry_does_not_ask_the_model_that_refused_again(job_queue: JobQueue) -> None:
    new = await submit(job_queue)
    drawing = {**providers([refused(FailureKind.MODERATED, "violence")]), "dear": Flaky()}
    job = await ended(job_queue, new, drawing)
    assert (job.status, job.model, job.retry_count) == (JobStatus.COMPLETED, "dear", 1)
    assert [call[1] for call in await calls(job_queue)] == ["fake", "dear", "dear"]


async def test_a_refusal_is_forgotten_once_the_caller_retries(job_queue: JobQueue) -> None:
    first, second = (
        [refused(FailureKind.MODERATED, word) for word in words]
        for words in (("violence", "self-harm"), ("hate", "hate"))
    )
    new, drawing = await submit(job_queue), providers(first, second)
    assert_refused(await ended(job_queue, new, drawing), "violence")
    async with job_queue.store.transaction() as tx:
        assert await tx.jobs.retry(job_queue.user, new.id, None)
    assert_refused(await ended(job_queue, new, drawing), "self-harm")
    assert [call[1] for call in await calls(job_queue)] == ["fake", "dear"] * 2
