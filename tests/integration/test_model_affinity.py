"""A worker claims what it holds a model for, and leaves the rest to those that hold it."""

from collections.abc import Sequence
from datetime import timedelta

import pytest

from actors.providers.base import Provider
from actors.testing.models import every_model
from actors.testing.scripted import ScriptedRenderer
from actors.worker.rerouting import Rerouting
from server.domain.jobs import NewJob
from server.domain.lanes import JobLane
from server.domain.limits import Limits
from server.domain.states import JobStatus, Lane
from server.routing.catalogue import SDXL, STORYBOOK, Catalogue
from server.routing.conditions import GpuCost
from server.routing.observer import Observer
from tests.integration.job_queue import JobQueue, until

LEASE = timedelta(seconds=60)
TWO = Catalogue([STORYBOOK, SDXL])
NAMES = ("storybook", "sdxl")


def holding(model: str) -> dict[str, Provider]:
    """Returns the providers of a worker whose diffuser holds a model."""
    renderer = ScriptedRenderer()
    return {model: every_model(renderer, renderer)[model]}


async def submit(queue: JobQueue, *models: str) -> NewJob:
    """Submits a job that these models may draw."""
    limits = Limits(model=models[0] if len(models) == 1 else "")
    return await queue.submit(limits=limits, lanes=(JobLane(Lane.LOCAL, models),))


async def ready(queue: JobQueue, *models: str, lane: Lane = Lane.LOCAL) -> None:
    """Has a worker say that it holds these models."""
    await queue.store.workers.ready(f"of {models}", {lane: 1}, LEASE, models=models)


async def claimed(queue: JobQueue, *models: str, slots: int = 9) -> list[tuple[str, ...]]:
    """Returns the models of the jobs that a worker claims which holds some."""
    claims = await queue.store.leases.claim("w", Lane.LOCAL, slots, LEASE, models=models)
    return [claim.models for claim in claims]


async def held(queue: JobQueue, models: Sequence[str]) -> bool:
    """Returns whether workers tell that they hold all of these models."""
    rows = await queue.store.database.fetch("SELECT unnest(models) AS model FROM workers")
    return {row["model"] for row in rows} == set(models)


async def test_two_workers_of_one_lane_draw_each_what_they_hold(job_queue: JobQueue) -> None:
    async with (
        job_queue.worker(name="a", providers=holding("storybook"), catalogue=TWO),
        job_queue.worker(name="b", providers=holding("sdxl"), catalogue=TWO),
    ):
        await until(lambda: held(job_queue, NAMES))
        new = [(await submit(job_queue, name), name) for name in NAMES * 5]
        for one, name in new:
            job = await job_queue.becomes(one, JobStatus.COMPLETED)
            assert (job.model, job.attempt) == (name, 1)
    rows = await job_queue.store.database.fetch(
        "SELECT worker, model, outcome, count(*) AS jobs FROM attempts GROUP BY 1, 2, 3 ORDER BY 1"
    )
    assert [tuple(row) for row in rows] == [
        ("a", "storybook", "completed", 5),
        ("b", "sdxl", "completed", 5),
    ]


async def test_a_worker_passes_over_what_others_hold_and_keeps_the_order(
    job_queue: JobQueue,
) -> None:
    for models in (("a",), ("b",), ("b", "a"), ("a",), ("a", "c"), ("b",), ("a",)):
        await submit(job_queue, *models)
    await ready(job_queue, "a")
    await ready(job_queue, "b")
    assert await claimed(job_queue, "b", slots=2) == [("b",), ("b", "a")]
    assert await claimed(job_queue, "b", "c") == [("a", "c"), ("b",)]
    assert await claimed(job_queue, "b") == []
    assert await claimed(job_queue, "a") == [("a",)] * 3


@pytest.mark.parametrize("away", ["none", "other lane", "drained", "late"])
async def test_a_job_whose_model_nobody_holds_is_claimed_by_anybody(
    job_queue: JobQueue, away: str
) -> None:
    workers = job_queue.store.workers
    await submit(job_queue, "a")
    match away:
        case "other lane":
            await ready(job_queue, "a", lane=Lane.HOSTED)
        case "drained":
            await ready(job_queue, "a")
            assert await workers.drain("of ('a',)")
        case "late":
            await workers.ready("late", {Lane.LOCAL: 1}, timedelta(0), models=["a"])
    assert await claimed(job_queue, "b") == [("a",)]


async def test_a_worker_that_does_not_tell_its_models_claims_all(job_queue: JobQueue) -> None:
    await submit(job_queue, "a")
    await ready(job_queue, "a")
    assert len(await job_queue.store.leases.claim("old", Lane.LOCAL, 1, LEASE)) == 1


async def test_waiting_jobs_follow_the_models_that_workers_hold(job_queue: JobQueue) -> None:
    store = job_queue.store
    await ready(job_queue, "sdxl")
    new = await submit(job_queue, *NAMES)
    observer = Observer(store, GpuCost(), fresh_s=0)

    async def models() -> tuple[str, ...]:
        return (await job_queue.job(new.id)).lanes[0].models

    async def are(*names: str) -> bool:
        return await models() == names

    async with Rerouting(TWO, observer, store, job_queue.signals).running():
        await until(lambda: are("sdxl"))
        await ready(job_queue, "storybook")
        await until(lambda: are(*NAMES))
