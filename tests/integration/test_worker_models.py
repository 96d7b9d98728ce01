"""Workers whose models are away claim nothing, and tell the gateways whether jobs are drawn."""

from datetime import timedelta
from uuid import uuid4

import pytest

from actors.worker.lanes import Share
from imggen.v1.errors_pb2 import ErrorReason
from server.domain.characters import FrozenCharacter
from server.domain.spec import SPEC_VERSION
from server.domain.states import ImageType, JobStatus, Lane, Quality
from server.errors import Unavailable
from server.forecast.jobs import Forecast
from server.routing.catalogue import STORYBOOK
from server.routing.conditions import GpuCost
from server.routing.observer import Observer
from tests.builders import description, new_job, render_spec
from tests.integration.job_queue import JobQueue, until


class Answers:
    """Models that answer while `there` is set; `asked` counts the checks."""

    def __init__(self, *, there: bool) -> None:
        self.there = there
        self.asked = 0
        self.cold_start: timedelta | None = None
        self.share: Share | None = None

    async def check(self) -> timedelta | None:
        self.asked += 1
        if not self.there:
            raise Unavailable("no diffuser", ErrorReason.ERROR_REASON_RENDER_FAILED)
        return self.cold_start


async def served(job_queue: JobQueue) -> bool:
    return (await job_queue.store.jobs.outlook(Lane.LOCAL)).served


async def test_a_lane_is_served_while_a_worker_with_slots_of_it_runs(job_queue: JobQueue) -> None:
    assert not await served(job_queue)
    async with job_queue.worker(slots={"local": 2}):
        await until(lambda: served(job_queue))
        assert not (await job_queue.store.jobs.outlook(Lane.HOSTED)).served
    assert not await served(job_queue)


async def test_a_lane_is_served_while_a_job_of_it_is_held(job_queue: JobQueue) -> None:
    await job_queue.submit()
    [claim] = await job_queue.store.leases.claim("w", Lane.LOCAL, 1, timedelta(seconds=60))
    assert await served(job_queue)
    await job_queue.store.leases.release([claim])
    assert not await served(job_queue)


async def test_a_worker_that_says_no_more_that_it_is_ready_serves_nothing(
    job_queue: JobQueue,
) -> None:
    workers = job_queue.store.workers
    await workers.ready("w", {Lane.LOCAL: 1}, timedelta(seconds=60))
    assert await served(job_queue)
    await workers.ready("w", {Lane.LOCAL: 1}, timedelta(seconds=-1))
    assert not await served(job_queue)


async def test_what_only_an_old_worker_could_take_has_no_estimate(job_queue: JobQueue) -> None:
    store, lanes = job_queue.store, {Lane.LOCAL}
    mia = FrozenCharacter(uuid4(), 1, description())
    spec = render_spec(image_type=ImageType.SCENE, characters=(mia,), use_references=True)
    new = new_job(job_queue.user, spec=spec)
    admitted = await store.submit(new)
    job = await store.jobs.get(job_queue.user, new.id)
    assert admitted is not None
    assert job is not None
    assert admitted.spec_version == job.spec_version == 4
    # As a worker of the version before says it, without the column.
    await store.database.execute(
        "INSERT INTO workers (name, lanes, ready_until)"
        " VALUES ('old', '{local}', now() + interval '1 hour')"
    )
    assert (await store.jobs.outlook(Lane.LOCAL)).spec_version == 3
    assert (await store.batches.pace(job_queue.user, lanes)).spec_version == 3
    assert await Forecast(store.jobs.outlook).completion(job) is None
    await store.workers.ready("new", {Lane.LOCAL: 1}, timedelta(seconds=60))
    assert (await store.batches.pace(job_queue.user, lanes)).spec_version == SPEC_VERSION
    assert await Forecast(store.jobs.outlook).completion(job) is not None


async def test_the_pace_of_batches_knows_whether_they_are_drawn(job_queue: JobQueue) -> None:
    batches, lanes = job_queue.store.batches, {Lane.LOCAL}
    assert not (await batches.pace(job_queue.user, lanes)).served
    await job_queue.store.workers.ready("w", {Lane.LOCAL: 1}, timedelta(seconds=60))
    assert (await batches.pace(job_queue.user, lanes)).served


async def test_estimates_count_the_start_of_a_model_that_sleeps(job_queue: JobQueue) -> None:
    store, minute = job_queue.store, timedelta(seconds=60)
    slots, start = {Lane.LOCAL: 1}, timedelta(seconds=40)
    await store.workers.ready("w", slots, minute, cold_start=start)
    assert (await store.jobs.outlook(Lane.LOCAL)).cold_start == start
    assert (await store.batches.pace(job_queue.user, {Lane.LOCAL})).cold_start == start
    now = await Observer(store, GpuCost()).conditions()
    assert now.waits(STORYBOOK, Quality.HD) == 40
    # Another worker's model is warm.
    await store.workers.ready("warm", slots, minute)
    assert (await store.jobs.outlook(Lane.LOCAL)).cold_start == timedelta(0)
    assert (await store.batches.pace(job_queue.user, {Lane.LOCAL})).cold_start == timedelta(0)
    now = await Observer(store, GpuCost()).conditions()
    assert now.waits(STORYBOOK, Quality.HD) == 0


async def test_a_worker_tells_how_long_its_model_takes_to_start(job_queue: JobQueue) -> None:
    models = Answers(there=True)
    models.cold_start = timedelta(seconds=40)
    async with job_queue.worker(models=models, heartbeat_s=0.1, lease_s=10):
        await until(lambda: starts_in(job_queue, 40))
        models.cold_start = None
        await until(lambda: starts_in(job_queue, 0))


async def starts_in(job_queue: JobQueue, seconds: float) -> bool:
    outlook = await job_queue.store.jobs.outlook(Lane.LOCAL)
    return outlook.served and outlook.cold_start == timedelta(seconds=seconds)


async def test_rows_of_workers_that_are_long_gone_are_removed(job_queue: JobQueue) -> None:
    workers = job_queue.store.workers
    await workers.ready("old", {Lane.LOCAL: 1}, timedelta(days=-2))
    await workers.ready("lately", {Lane.LOCAL: 1}, timedelta(hours=-2))
    await workers.ready("new", {Lane.LOCAL: 1}, timedelta(seconds=60))
    rows = await job_queue.store.database.fetch("SELECT name FROM workers ORDER BY name")
    assert [row["name"] for row in rows] == ["lately", "new"]


async def test_nothing_is_claimed_while_the_models_are_away(
    job_queue: JobQueue, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    models = Answers(there=True)
    async with job_queue.worker(models=models, lease_s=600, heartbeat_s=0.05, poll_s=0.05):
        await until(lambda: served(job_queue))
        models.there = False

        async def away() -> bool:
            return not await served(job_queue)

        await until(away)
        new, asked = await job_queue.submit(), models.asked

        async def asked_again() -> bool:
            return models.asked > asked + 5

        await until(asked_again)
        assert (await job_queue.job(new.id)).attempt == 0
        models.there = True
        await job_queue.becomes(new, JobStatus.COMPLETED)
        assert await served(job_queue)
    told = ("model away", "claims again")
    events = [record.message for record in caplog.records if record.message in told]
    assert events == ["model away", "claims again"]
