"""Jobs that nothing may draw now: who waits, for what, and who fails."""

import asyncio
from datetime import timedelta

import pytest

from actors.providers.fake import FakeProvider
from actors.worker.probing import Probing
from actors.worker.rerouting import Rerouting
from server.domain.health import HealthState
from server.domain.lanes import JobLane
from server.domain.limits import Limits
from server.domain.states import JobStatus, Lane
from server.routing.conditions import GpuCost
from server.routing.failover import RULES, FailureKind
from server.routing.observer import Observer
from tests.integration.job_queue import JobQueue, until
from tests.integration.paid_jobs import (
    ALL,
    LIMIT,
    PAID,
    NamedFake,
    calls,
    drawn,
    failing,
    money,
    providers,
    submit,
    waits_unoffered,
)


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
        await until(lambda: waits_unoffered(job_queue))
    job = await job_queue.job(new.id)
    assert (job.status, job.retry_count) == (JobStatus.QUEUED, 0)


async def test_a_model_that_nobody_holds_fails_the_job_once_it_has_waited(
    job_queue: JobQueue, caplog: pytest.LogCaptureFixture
) -> None:
    new = await submit(job_queue, model="fake", hold=False)
    drawing = {"dear": NamedFake()}
    async with job_queue.worker(providers=drawing, catalogue=PAID, no_offer_s=3600, poll_s=0.02):
        await until(lambda: waits_unoffered(job_queue))
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


class SlowModels:
    """Models that answer, though not at once."""

    share = None

    async def check(self) -> None:
        """Returns after a while: they are warm."""
        await asyncio.sleep(0.5)


async def test_a_worker_tells_what_it_holds_before_it_claims(job_queue: JobQueue) -> None:
    async with job_queue.store.transaction() as tx:
        await tx.money.default_limit(LIMIT)
    new = await job_queue.submit(limits=Limits(), lanes=(JobLane(Lane.LOCAL, ("storybook",)),))
    async with job_queue.worker(
        providers={"fake": FakeProvider()},
        catalogue=ALL,
        models=SlowModels(),
        no_offer_s=0,
        poll_s=0.02,
    ):
        job = await job_queue.becomes(new, JobStatus.COMPLETED)
    assert job.model == "fake"


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
        await until(lambda: waits_unoffered(job_queue))
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
        await until(lambda: waits_unoffered(job_queue))
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
