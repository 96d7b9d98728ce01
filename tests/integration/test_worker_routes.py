"""Attempts draw with the best offer, a failure leads to the next, and money follows both."""

from dataclasses import replace

import pytest

from actors.providers.fake import Turn
from imggen.rules.money import at_most
from server.domain.health import HealthState
from server.domain.jobs import Failure
from server.domain.lanes import JobLane
from server.domain.states import ImageType, JobStatus, Lane
from server.routing.catalogue import KNOWN, Catalogue
from server.routing.failover import RULES, FailureKind
from tests.builders import new_job, render_spec
from tests.integration.job_queue import JobQueue, until
from tests.integration.paid_jobs import (
    ALL,
    DEAR,
    FAKE_PRICE,
    LIMIT,
    PAID,
    PRICE,
    admitted,
    calls,
    drawn,
    failing,
    money,
    providers,
    submit,
    waits_unoffered,
)


async def test_a_paid_picture_is_settled_at_its_cost(job_queue: JobQueue) -> None:
    new = await submit(job_queue, provider="fake")
    assert await money(job_queue) == (PRICE, 0)
    job = await drawn(job_queue, new, providers())
    assert (job.status, job.model, job.provider) == (JobStatus.COMPLETED, "fake", "fake")
    cost = job.actual_micros
    assert cost > 0
    assert await calls(job_queue) == [(1, "fake", "settled", cost)]
    assert await money(job_queue) == (0, cost)


@pytest.mark.parametrize("kind", [kind for kind in FailureKind if RULES[kind].goes_on], ids=str)
async def test_the_next_offer_draws_what_the_first_did_not(
    job_queue: JobQueue, kind: FailureKind
) -> None:
    new = await submit(job_queue, model="")
    drawing = providers([failing(kind)])
    job = await drawn(job_queue, new, drawing)
    assert (job.status, job.model, job.retry_count) == (JobStatus.COMPLETED, "dear", 0)
    first, second = await calls(job_queue)
    states = {"no": "released", "yes": "settled", "unknown": "unknown"}
    assert first[:3] == (1, "fake", states[RULES[kind].billed])
    assert second[:3] == (2, "dear", "settled")
    held, spent = await money(job_queue)
    assert (held, spent) == (0, int(str(first[3])) + int(str(second[3])))
    found = await job_queue.store.routes.of_job(job_queue.user, new.id)
    assert found is not None
    assert [one.outcome for one in found.attempts] == ["failed", "completed"]
    assert [one.route.offers[0].model for one in found.attempts] == ["fake", "dear"]


@pytest.mark.parametrize(
    ("script", "model", "expected", "cropped_from"),
    [
        ([failing(FailureKind.NOT_CONNECTED)], "dear", "", "1:1"),
        ([], "fake", "1:1", ""),
    ],
    ids=["set", "emptied"],
)
async def test_a_picture_is_cropped_from_what_the_model_draws_that_drew_it(
    job_queue: JobQueue, script: list[Turn], model: str, expected: str, cropped_from: str
) -> None:
    new = new_job(
        job_queue.user,
        spec=render_spec(image_type=ImageType.SCENE, characters=(), width=1824),
        lanes=(JobLane(Lane.HOSTED, ("fake", "dear")),),
        price_micros=PRICE,
        provider="fake",
        cropped_from=expected,
    )
    job = await drawn(job_queue, await admitted(job_queue, new), providers(script))
    assert (job.status, job.model) == (JobStatus.COMPLETED, model)
    assert job.cropped_from == cropped_from


@pytest.mark.parametrize("kind", FailureKind, ids=str)
async def test_a_failed_call_keeps_the_providers_id_of_it(
    job_queue: JobQueue, kind: FailureKind
) -> None:
    new = await submit(job_queue, model="")
    await drawn(job_queue, new, providers([failing(kind, request_id="theirs-1")]))
    first, *_ = await job_queue.store.database.fetch(
        "SELECT request_id FROM calls ORDER BY begun_at"
    )
    assert first["request_id"] == "theirs-1"


async def test_an_attempt_says_whether_it_draws_as_a_canary(job_queue: JobQueue) -> None:
    # Its share is all jobs but those that have no other offer.
    catalogue = Catalogue([replace(KNOWN["fake"], canary=1.0), DEAR])
    new = await submit(job_queue, model="", key="one")
    await drawn(job_queue, new, providers([failing(FailureKind.UNREADABLE)]), catalogue)
    found = await job_queue.store.routes.of_job(job_queue.user, new.id)
    assert found is not None
    told = [(one.route.offers[0].model, one.route.canary) for one in found.attempts]
    assert told == [("fake", True), ("dear", False)]


async def test_an_image_is_of_the_model_that_drew_it(job_queue: JobQueue) -> None:
    new = await submit(job_queue, model="")
    await drawn(job_queue, new, providers([failing(FailureKind.UNREADABLE)]))
    [image] = await job_queue.store.database.fetch(
        "SELECT ai_model, ai_provider, content_digest FROM images"
    )
    assert (image["ai_model"], image["ai_provider"]) == ("dear", "somebody")
    spec = replace(new.spec, model="dear")
    assert image["content_digest"] == spec.content_digest() != new.spec.content_digest()


async def test_a_provider_whose_account_stopped_is_off_for_everybody(job_queue: JobQueue) -> None:
    new = await submit(job_queue)
    await drawn(job_queue, new, providers([failing(FailureKind.ACCOUNT_STOPPED)]))
    [health] = await job_queue.store.health.all()
    assert (health.provider, health.state) == ("fake", HealthState.OFF)


async def test_a_budget_that_is_used_up_leaves_the_free_offer(job_queue: JobQueue) -> None:
    new = await submit(job_queue, hold=False)
    async with job_queue.store.transaction() as tx:
        await tx.money.default_limit(0)
    job = await drawn(job_queue, new, providers(), ALL)
    assert (job.status, job.provider, job.actual_micros) == (JobStatus.COMPLETED, "local", 0)
    assert await calls(job_queue) == []


async def test_a_job_that_no_budget_covers_waits_and_spends_none_of_its_retries(
    job_queue: JobQueue,
) -> None:
    new = await submit(job_queue, hold=False, model="fake")
    await job_queue.store.budgets.set_limit("global", 0, job_queue.user)
    async with job_queue.worker(providers=providers(), catalogue=PAID, no_offer_s=3600):
        await until(lambda: waits_unoffered(job_queue))
        job = await job_queue.job(new.id)
        assert job.failure is not None
        assert (job.retry_count, job.failure.reason) == (0, "BUDGET_EXHAUSTED")
        assert await calls(job_queue) == []
        await job_queue.store.budgets.set_limit("global", LIMIT, job_queue.user)
        job = await job_queue.becomes(new, JobStatus.COMPLETED)
    assert (job.retry_count, job.actual_micros) == (0, FAKE_PRICE)


async def test_a_job_that_no_budget_covers_for_too_long_fails_for_it(job_queue: JobQueue) -> None:
    new = await submit(job_queue, hold=False, model="fake")
    await job_queue.store.budgets.set_limit("global", 0, job_queue.user)
    async with job_queue.worker(providers=providers(), catalogue=PAID, no_offer_s=0):
        job = await job_queue.becomes(new, JobStatus.FAILED)
    assert job.failure == Failure(
        "BUDGET_EXHAUSTED",
        "fake: today's budget of global does not cover the price, up to"
        f" {at_most(FAKE_PRICE)}: nothing is left of $0",
    )
    assert job.retry_count == 0


async def test_a_job_never_costs_more_than_its_caller_allows(job_queue: JobQueue) -> None:
    new = await submit(job_queue, max_cost_micros=FAKE_PRICE + 1)
    unreadable = [failing(FailureKind.UNREADABLE)] * 9
    job = await drawn(job_queue, new, providers(unreadable, unreadable))
    assert job.status is JobStatus.FAILED
    assert job.failure == Failure(
        "NO_ELIGIBLE_OFFER",
        "fake: the job has cost $0.0100, and this call may cost $0.0100, together over its limit of"
        " $0.0100; ask again with a higher max_cost_micros; before that: it failed: unreadable",
    )
    assert job.retry_count < job.max_retries
    assert (await money(job_queue))[1] == FAKE_PRICE


async def test_a_picture_is_paid_for_twice_at_most(job_queue: JobQueue) -> None:
    new = await submit(job_queue, model="fake")
    job = await drawn(job_queue, new, providers([failing(FailureKind.UNREADABLE)] * 9))
    assert job.status is JobStatus.FAILED
    assert job.failure == Failure(
        "NO_ELIGIBLE_OFFER",
        "fake: the picture was paid for twice already, $0.0200 in all, which is the most for a job;"
        " retry the job to pay again; before that: it failed: unreadable",
    )
    assert job.retry_count < job.max_retries
    assert len(await calls(job_queue)) == 2


async def test_a_picture_that_was_paid_for_twice_is_offered_to_nobody_else(
    job_queue: JobQueue,
) -> None:
    new = await submit(job_queue)
    unreadable = [failing(FailureKind.UNREADABLE)] * 9
    job = await drawn(job_queue, new, providers(unreadable, unreadable))
    assert (job.status, job.attempt) == (JobStatus.FAILED, 3)
    assert job.failure is not None
    assert job.failure.message.count("paid for twice") == 1
    assert job.failure.message.endswith("; before that: it failed: unreadable")
    assert len(await calls(job_queue)) == 2
