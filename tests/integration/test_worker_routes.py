"""Attempts draw with the best offer, a failure leads to the next, and money follows both."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from types import MappingProxyType

import pytest

from actors.providers.base import Provider, ProviderFailed
from actors.providers.fake import FakeProvider, Turn
from actors.testing.models import every_model
from actors.testing.scripted import ScriptedRenderer
from actors.worker.probing import Probing
from actors.worker.rerouting import Rerouting
from imggen.rules.money import at_most
from server.domain.health import HealthState
from server.domain.jobs import Failure, Job, NewJob
from server.domain.lanes import JobLane
from server.domain.limits import Limits
from server.domain.states import ImageType, JobStatus, Lane
from server.routing.catalogue import KNOWN, Catalogue
from server.routing.conditions import GpuCost
from server.routing.failover import RULES, FailureKind
from server.routing.observer import Observer
from tests.builders import new_job, paid, render_spec
from tests.integration.job_queue import JobQueue, until

PRICE = 40_000
FAKE_PRICE = 10_000
LIMIT = 1_000_000
SQUARE = MappingProxyType({"1:1": KNOWN["fake"].scenes["1:1"]})
DEAR = replace(paid(KNOWN["fake"], PRICE + 10_000, name="dear"), scenes=SQUARE)
"""A second paid row, which costs more."""
PAID = Catalogue([KNOWN["fake"], DEAR])
ALL = Catalogue([KNOWN["fake"], DEAR, KNOWN["storybook"]])


class NamedFake(FakeProvider):
    """A fake under another name, for a second provider beside the first."""

    name = "somebody"
    model = "dear"


def providers(script: Sequence[Turn] = (), second: Sequence[Turn] = ()) -> dict[str, Provider]:
    """Returns the providers of `ALL`; the scripts are of the two paid ones."""
    renderer = ScriptedRenderer()
    local = every_model(renderer, renderer)["storybook"]
    return {"fake": FakeProvider(script), "dear": NamedFake(second), "storybook": local}


def failing(kind: FailureKind, **more: object) -> ProviderFailed:
    """Returns a failure of a kind."""
    return ProviderFailed(kind, f"it failed: {kind}", **more)  # type: ignore[arg-type]


async def submit(queue: JobQueue, *, hold: bool = True, **limits: object) -> NewJob:
    """Submits a job that may be drawn by the paid models, with its price held."""
    asked = Limits(**limits)  # type: ignore[arg-type]
    lanes = (JobLane(Lane.HOSTED, ("fake", "dear")),)
    new = new_job(
        queue.user, lanes=lanes, limits=asked, price_micros=PRICE if hold else 0, provider="fake"
    )
    return await admitted(queue, new, hold=hold)


async def admitted(queue: JobQueue, new: NewJob, *, hold: bool = True) -> NewJob:
    """Admits a job of the hosted lane."""
    async with queue.store.transaction() as tx:
        await tx.submits.submit(new)
        if hold:
            assert await tx.money.hold([new.id], LIMIT) is None
        else:
            await tx.money.default_limit(LIMIT)
    queue.signals.wake([Lane.HOSTED])
    return new


async def money(queue: JobQueue) -> tuple[int, int]:
    """Returns what is held and spent today, after a look whether all sums agree."""
    assert await queue.store.database.fetch("SELECT * FROM money_differences") == []
    row = await queue.store.database.fetchrow(
        "SELECT held_micros, spent_micros FROM budgets WHERE scope = 'global'"
    )
    return (0, 0) if row is None else (row["held_micros"], row["spent_micros"])


async def calls(queue: JobQueue) -> list[tuple[object, ...]]:
    """Returns the paid calls in order: attempt, model, state, cost."""
    found = await queue.store.database.fetch(
        "SELECT attempt, model, state, cost_micros FROM calls ORDER BY begun_at"
    )
    return [tuple(row) for row in found]


async def drawn(
    queue: JobQueue, new: NewJob, drawing: dict[str, Provider], catalogue: Catalogue = PAID
) -> Job:
    """Runs a worker until the job has ended."""
    async with queue.worker(providers=drawing, catalogue=catalogue, poll_s=0.2):
        async with asyncio.timeout(60):
            while True:
                job = await queue.store.jobs.get(queue.user, new.id)
                assert job is not None
                if job.status.ended:
                    return job
                await asyncio.sleep(0.05)


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
        await until(lambda: _waits_unoffered(job_queue))
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


async def test_a_pinned_model_that_nobody_offers_fails_at_once(job_queue: JobQueue) -> None:
    new = await submit(job_queue, model="gone")
    job = await drawn(job_queue, new, providers())
    assert job.failure is not None
    assert job.failure.reason == "NO_ELIGIBLE_OFFER"
    assert (await money(job_queue)) == (0, 0)


async def test_a_job_that_no_model_may_draw_fails_once_it_has_waited(job_queue: JobQueue) -> None:
    new = await submit(job_queue, min_score=5.0)
    async with job_queue.worker(providers=providers(), catalogue=PAID, no_offer_s=0):
        job = await job_queue.becomes(new, JobStatus.FAILED)
    assert job.failure is not None
    assert job.failure.reason == "NO_ELIGIBLE_OFFER"
    assert "fake: scores" in job.failure.message
    assert "dear: scores" in job.failure.message
    assert await money(job_queue) == (0, 0)


async def test_a_job_that_no_model_may_draw_yet_waits(job_queue: JobQueue) -> None:
    new = await submit(job_queue, min_score=5.0)
    async with job_queue.worker(providers=providers(), catalogue=PAID, no_offer_s=3600):
        await until(lambda: _waits_unoffered(job_queue))
    job = await job_queue.job(new.id)
    assert (job.status, job.retry_count) == (JobStatus.QUEUED, 0)


async def _waits_unoffered(queue: JobQueue) -> bool:
    row = await queue.store.database.fetchrow(
        "SELECT count(*) AS jobs FROM image_generation_jobs WHERE no_offer_since IS NOT NULL"
    )
    return row is not None and row["jobs"] == 1


async def test_a_model_that_nobody_holds_fails_the_job_once_it_has_waited(
    job_queue: JobQueue, caplog: pytest.LogCaptureFixture
) -> None:
    new = await submit(job_queue, model="fake", hold=False)
    drawing = {"dear": NamedFake()}
    async with job_queue.worker(providers=drawing, catalogue=PAID, no_offer_s=3600, poll_s=0.02):
        await until(lambda: _waits_unoffered(job_queue))
        other = await submit(job_queue, model="dear", hold=False)  # drawn after it was left alone
        await job_queue.becomes(other, JobStatus.COMPLETED)
        assert (await job_queue.job(new.id)).attempt == 1
    assert [record.message for record in caplog.records].count("model not held") == 1
    async with job_queue.worker(providers=drawing, catalogue=PAID, no_offer_s=0):
        job = await job_queue.becomes(new, JobStatus.FAILED)
    assert job.failure is not None
    assert job.failure.reason == "NO_ELIGIBLE_OFFER"
    assert "fake: no worker holds a key for it" in job.failure.message


async def test_a_job_that_one_worker_leaves_is_drawn_by_the_one_that_holds_its_model(
    job_queue: JobQueue,
) -> None:
    async with job_queue.worker(
        providers={"dear": NamedFake()}, catalogue=PAID, no_offer_s=0, name="dear"
    ):
        await job_queue.store.workers.ready(
            "fake", {Lane.HOSTED: 1}, timedelta(hours=1), models=["fake"]
        )
        new = await submit(job_queue, model="fake")

        async def left() -> bool:
            job = await job_queue.job(new.id)
            return job.attempt == 1 and job.status is JobStatus.QUEUED

        await until(left)
        async with job_queue.worker(
            providers={"fake": FakeProvider()}, catalogue=PAID, name="fake"
        ):
            job = await job_queue.becomes(new, JobStatus.COMPLETED)
    assert job.attempt == 2


async def test_a_job_whose_local_model_nobody_holds_goes_on_to_a_hosted_one(
    job_queue: JobQueue,
) -> None:
    async with job_queue.store.transaction() as tx:
        await tx.money.default_limit(LIMIT)
    new = await job_queue.submit(limits=Limits(), lanes=(JobLane(Lane.LOCAL, ("storybook",)),))
    async with job_queue.worker(
        providers={"fake": FakeProvider()}, catalogue=ALL, no_offer_s=0, poll_s=0.02
    ):
        job = await job_queue.becomes(new, JobStatus.COMPLETED)
    assert (job.model, job.lane, job.retry_count) == ("fake", Lane.HOSTED, 0)


async def test_what_was_seen_before_a_worker_went_fails_no_job(job_queue: JobQueue) -> None:
    workers, local = job_queue.store.workers, (JobLane(Lane.LOCAL, ("storybook",)),)
    async with job_queue.store.transaction() as tx:
        await tx.money.default_limit(LIMIT)
    await workers.ready("other", {Lane.LOCAL: 1}, timedelta(hours=1), models=["storybook"])
    async with job_queue.worker(
        providers={"fake": FakeProvider()}, catalogue=ALL, no_offer_s=0, poll_s=0.02, fresh_s=3600
    ):
        await job_queue.becomes(await submit(job_queue, model="fake"), JobStatus.COMPLETED)
        await workers.gone("other")
        new = await job_queue.submit(limits=Limits(), lanes=local)
        job = await job_queue.becomes(new, JobStatus.COMPLETED)
    assert (job.model, job.lane) == ("fake", Lane.HOSTED)


async def test_a_job_within_free_limits_does_not_go_on_to_a_hosted_model(
    job_queue: JobQueue,
) -> None:
    new = await job_queue.submit(
        limits=Limits(max_cost_micros=0), lanes=(JobLane(Lane.LOCAL, ("storybook",)),)
    )
    async with job_queue.worker(providers={"fake": FakeProvider()}, catalogue=ALL, no_offer_s=0):
        job = await job_queue.becomes(new, JobStatus.FAILED)
    assert job.failure is not None
    assert "storybook: no worker holds it" in job.failure.message


GONE = FailureKind.MODEL_GONE
"""Whoever asks for a model that is gone does not wait for it."""
FREE = [kind for kind in FailureKind if RULES[kind].waits and kind is not GONE]


@pytest.mark.parametrize("kind", FREE, ids=str)
async def test_a_job_without_another_offer_waits_for_the_one_that_failed(
    job_queue: JobQueue, kind: FailureKind
) -> None:
    new = await submit(job_queue, model="fake")
    always = providers([failing(kind, delay=timedelta(hours=1))] * 9)
    async with job_queue.worker(providers=always, catalogue=PAID, no_offer_s=3600):
        await until(lambda: _waits_unoffered(job_queue))
    job = await job_queue.job(new.id)
    assert (job.status, job.retry_count) == (JobStatus.QUEUED, 0)
    assert job.failure is None or "it failed" in job.failure.message
    assert await calls(job_queue) == [(1, "fake", "released", 0)]


async def test_a_job_draws_once_the_provider_may_be_asked_again(job_queue: JobQueue) -> None:
    new = await submit(job_queue, model="fake")
    limited = failing(FailureKind.RATE_LIMITED, delay=timedelta(seconds=1))
    job = await drawn(job_queue, new, providers([limited, limited]))
    assert (job.status, job.retry_count, job.attempt) == (JobStatus.COMPLETED, 0, 3)


async def test_a_job_that_waits_for_its_offer_too_long_fails(job_queue: JobQueue) -> None:
    new = await submit(job_queue, model="fake")
    away = providers([failing(FailureKind.NOT_CONNECTED)] * 9)
    async with job_queue.worker(providers=away, catalogue=PAID, no_offer_s=0):
        job = await job_queue.becomes(new, JobStatus.FAILED)
    assert job.failure is not None
    assert job.failure.reason == "NO_ELIGIBLE_OFFER"
    assert "fake: it failed: not_connected" in job.failure.message
    assert await money(job_queue) == (0, 0)


async def test_time_without_an_offer_counts_through_attempts_that_drew_nothing(
    job_queue: JobQueue,
) -> None:
    await submit(job_queue, model="")
    limited = [failing(FailureKind.RATE_LIMITED, delay=timedelta(seconds=1))] * 9
    drawing = providers(limited, limited)
    async with job_queue.worker(providers=drawing, catalogue=PAID, no_offer_s=3600):
        await until(lambda: _waits_unoffered(job_queue))
        since = await _no_offer_since(job_queue)

        async def tried_again() -> bool:
            return len(await calls(job_queue)) >= 4

        await until(tried_again)
        assert await _no_offer_since(job_queue) == since is not None


async def _no_offer_since(queue: JobQueue) -> object:
    [row] = await queue.store.database.fetch("SELECT no_offer_since FROM image_generation_jobs")
    return row["no_offer_since"]


async def test_a_provider_that_is_off_is_turned_on_once_its_probe_succeeds(
    job_queue: JobQueue,
) -> None:
    health = job_queue.store.health
    await health.turn_off("fake", "", FailureKind.ACCOUNT_STOPPED)
    stopped = providers([failing(FailureKind.ACCOUNT_STOPPED)])
    await Probing(stopped, health, every=timedelta(0)).probe()
    [found] = await health.all()
    assert found.state is HealthState.OFF
    await Probing(providers(), health, every=timedelta(0)).probe()
    assert await health.all() == []


async def test_waiting_jobs_follow_the_health_of_providers(job_queue: JobQueue) -> None:
    store = job_queue.store
    new = await submit(job_queue)
    observer = Observer(store, GpuCost(), fresh_s=0)
    rerouting = Rerouting(PAID, observer, store, job_queue.signals)
    assert await rerouting.reroute() == 0
    await store.health.turn_off("fake", "", FailureKind.ACCOUNT_STOPPED)
    assert await rerouting.reroute() == 1
    job = await store.jobs.get(job_queue.user, new.id)
    assert job is not None
    assert job.lanes == (JobLane(Lane.HOSTED, ("dear",)),)
    await store.health.turn_on("fake")
    assert await rerouting.reroute() == 1
    assert await rerouting.reroute() == 0
