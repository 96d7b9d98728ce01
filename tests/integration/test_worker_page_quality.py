"""A model that would lose a part of a page is not good enough for it where its caller says so."""

from dataclasses import replace
from datetime import timedelta

import pytest

from actors.worker.rerouting import Rerouting
from server.domain.jobs import NewJob
from server.domain.lanes import JobLane
from server.domain.limits import Limits
from server.domain.states import ImageType, JobStatus, Lane
from server.routing.catalogue import KNOWN, STORYBOOK, Catalogue
from server.routing.conditions import GpuCost
from server.routing.observer import Observer
from tests.builders import new_job, render_spec
from tests.integration.job_queue import JobQueue, until
from tests.integration.paid_jobs import DEAR, SQUARE, providers

LEAST = 1.0
"""The score that `draft` stands for; the storybook checkpoint scores 1.2 for these pictures."""
GRADES = {quality: replace(grade, score=4.0) for quality, grade in DEAR.grades.items()}
BOTH = Catalogue([STORYBOOK, replace(KNOWN["fake"], grades=GRADES, scenes=SQUARE)])
FULL = "Mia climbs the old oak and holds a lantern."
EMPTY = "A wood in the rain."


async def submit(
    queue: JobQueue, text: str, kind: ImageType = ImageType.SCENE, **limits: object
) -> NewJob:
    """Submits a job of a page in the lane of the free model, as its admission does."""
    spec = render_spec(image_type=kind, characters=(), page_text=text)
    new = new_job(
        queue.user,
        spec=spec,
        lanes=(JobLane(Lane.LOCAL, ("storybook",)),),
        limits=Limits(**limits),  # type: ignore[arg-type]
    )
    async with queue.store.transaction() as tx:
        await tx.money.default_limit(1_000_000)
        await tx.submits.submit(new)
    queue.signals.wake([Lane.LOCAL])
    return new


@pytest.mark.parametrize(
    ("text", "least", "model"),
    [(FULL, LEAST, "fake"), (FULL, 0.0, "storybook"), (EMPTY, LEAST, "storybook")],
)
async def test_the_model_is_one_that_shows_enough_of_the_page(
    job_queue: JobQueue, text: str, least: float, model: str
) -> None:
    new = await submit(job_queue, text, min_score=least)
    async with job_queue.worker(providers=providers(), catalogue=BOTH, poll_s=0.2):
        job = await job_queue.becomes(new, JobStatus.COMPLETED)
    assert job.model == model


async def test_without_a_least_quality_no_page_is_read_for_the_choice(job_queue: JobQueue) -> None:
    unset, asked = await submit(job_queue, FULL), await submit(job_queue, EMPTY, min_score=LEAST)
    async with job_queue.worker(providers=providers(), catalogue=BOTH, no_offer_s=0, poll_s=0.2):
        job = await job_queue.becomes(unset, JobStatus.COMPLETED)
        await job_queue.becomes(asked, JobStatus.COMPLETED)
    found = await job_queue.store.routes.of_job(job_queue.user, unset.id)
    assert found is not None
    assert (job.model, found.attempts[-1].route.losers) == ("storybook", ())
    # What each model loses of a page is kept where it is read for the choice, and only there.
    assert not await job_queue.store.scenes.shown(unset.id)
    assert await job_queue.store.scenes.shown(asked.id)


async def test_the_choice_says_what_the_page_would_lose(job_queue: JobQueue) -> None:
    new = await submit(job_queue, FULL, min_score=LEAST)
    async with job_queue.worker(providers=providers(), catalogue=BOTH, poll_s=0.2):
        await job_queue.becomes(new, JobStatus.COMPLETED)
    found = await job_queue.store.routes.of_job(job_queue.user, new.id)
    assert found is not None
    [loser] = found.attempts[-1].route.losers
    assert (loser.model, loser.exclusion) == ("storybook", "below_quality")
    assert loser.reason.endswith("on this page, of which it shows 0%, below the least of 1")


async def test_a_page_that_no_model_shows_well_enough_says_so(job_queue: JobQueue) -> None:
    new = await submit(job_queue, FULL, min_score=LEAST)
    local = Catalogue([STORYBOOK])
    async with job_queue.worker(catalogue=local, no_offer_s=0, poll_s=0.2):
        job = await job_queue.becomes(new, JobStatus.FAILED)
    assert job.failure is not None
    assert job.failure.reason == "NO_ELIGIBLE_OFFER"
    assert "on this page" in job.failure.message


async def test_a_waiting_job_stays_where_its_page_is_shown(job_queue: JobQueue) -> None:
    new = await submit(job_queue, FULL, min_score=LEAST)
    store = job_queue.store
    # A worker of the hosted lane is known to hold its model, and claims nothing.
    slots, hour = {Lane.HOSTED: 1}, timedelta(hours=1)
    await store.workers.ready("another", slots, hour, models=["fake"])
    async with job_queue.worker(catalogue=BOTH, slots={"local": 1}, poll_s=0.2):
        await until(lambda: _lane(job_queue, new, Lane.HOSTED))
    rerouting = Rerouting(BOTH, Observer(store, GpuCost()), store, job_queue.signals)
    assert await rerouting.reroute() == 0
    assert await _lane(job_queue, new, Lane.HOSTED)


async def _lane(queue: JobQueue, new: NewJob, lane: Lane) -> bool:
    job = await queue.job(new.id)
    return job.status is JobStatus.QUEUED and [one.lane for one in job.lanes] == [lane]
