"""Hosted previews: asked for where a job is watched as its call begins, and held with the call."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta

from actors.providers.hosted import hosted_model, open_hosted
from server.domain.jobs import Job, NewJob
from server.domain.lanes import JobLane
from server.domain.limits import Limits
from server.domain.states import ImageType, JobStatus, Lane, Quality
from server.routing.catalogue import KNOWN, Catalogue
from server.routing.prices import PricedCall
from tests.builders import new_job, render_spec
from tests.integration.job_queue import JobQueue
from tests.unit.hosted import settings
from tests.wire.behaviours import Place, slow
from tests.wire.records import Recorded
from tests.wire.server import WireServer

FLARE = KNOWN["gpt-image-2.5-flare"]
assert FLARE.price is not None
PRICE = FLARE.price.most_micros(PricedCall(FLARE.scenes["1:1"], "high"))
PREVIEWS = 3 * 100 * 30
LONG = timedelta(hours=1)


@dataclass(frozen=True)
class Booked:
    """A job that has ended, its call as it was booked, and the request that was sent."""

    job: Job
    held: int
    cost: int
    sent: Recorded


async def submit(queue: JobQueue, limit: int = 1_000_000, most: int | None = None) -> NewJob:
    """Submits a square scene without references, with its price held."""
    spec = render_spec(
        image_type=ImageType.SCENE, model=FLARE.name, quality=Quality.HD, use_references=False
    )
    new = new_job(
        queue.user,
        spec=spec,
        lanes=(JobLane(Lane.HOSTED, (FLARE.name,)),),
        limits=Limits(model=FLARE.name, max_cost_micros=most),
        price_micros=PRICE,
        provider="openai",
    )
    async with queue.store.transaction() as tx:
        await tx.submits.submit(new)
        assert await tx.money.hold([new.id], limit) is None
    queue.signals.wake([Lane.HOSTED])
    return new


@asynccontextmanager
async def worker(queue: JobQueue, wire: WireServer) -> AsyncIterator[None]:
    """Runs a worker that draws with the stand-in."""
    account = settings(wire.base_url, openai_api_key=wire.api_key)
    async with open_hosted(account, [hosted_model(FLARE)]) as (provider,):
        drawing, catalogue = {FLARE.name: provider}, Catalogue([FLARE])
        async with queue.worker(providers=drawing, catalogue=catalogue, poll_s=0.2):
            yield


async def booked(queue: JobQueue, wire: WireServer, new: NewJob) -> Booked:
    """Waits for the end of a job whose one call went well."""
    job = await queue.becomes(new, JobStatus.COMPLETED)
    [call] = await queue.store.database.fetch("SELECT * FROM calls")
    assert (call["state"], call["estimated"]) == ("settled", False)
    [sent] = wire.journal.accepted
    assert call["cost_micros"] == job.actual_micros <= call["held_micros"]
    return Booked(job, call["held_micros"], call["cost_micros"], sent)


async def test_a_watched_call_is_held_and_billed_with_its_previews(
    job_queue: JobQueue, wire: WireServer
) -> None:
    new = await submit(job_queue)
    await job_queue.store.watches.renew([new.id], LONG)
    async with worker(job_queue, wire):
        done = await booked(job_queue, wire, new)
    assert done.sent.fields["partial_images"] == 3
    assert done.held == PRICE + PREVIEWS
    assert done.sent.usage is not None
    assert done.cost == done.sent.usage.cost_micros


async def test_a_call_that_nobody_watches_is_held_and_billed_without(
    job_queue: JobQueue, wire: WireServer
) -> None:
    new = await submit(job_queue)
    async with worker(job_queue, wire):
        done = await booked(job_queue, wire, new)
    assert "partial_images" not in done.sent.fields
    assert done.held == PRICE


async def test_who_watches_after_the_call_has_begun_gets_no_previews(
    job_queue: JobQueue, wire: WireServer
) -> None:
    wire.script.always(slow(Place.BEFORE_HEADERS))
    new = await submit(job_queue)
    async with worker(job_queue, wire):
        assert await asyncio.to_thread(wire.journal.wait, lambda journal: bool(journal.accepted))
        await job_queue.store.watches.renew([new.id], LONG)
        wire.release()
        done = await booked(job_queue, wire, new)
    assert "partial_images" not in done.sent.fields
    assert done.held == PRICE


async def test_a_budget_without_room_for_previews_leaves_the_picture(
    job_queue: JobQueue, wire: WireServer
) -> None:
    new = await submit(job_queue, limit=PRICE)
    await job_queue.store.watches.renew([new.id], LONG)
    async with worker(job_queue, wire):
        done = await booked(job_queue, wire, new)
    assert "partial_images" not in done.sent.fields
    assert done.held == PRICE


async def test_previews_without_room_do_not_use_up_a_budget_that_covers_the_picture(
    job_queue: JobQueue, wire: WireServer
) -> None:
    limit = 3 * PRICE // 2  # below what is held and another picture
    new = await submit(job_queue, limit=limit)
    await job_queue.store.budgets.set_limit("provider:openai", PRICE + 1, job_queue.user)
    await job_queue.store.watches.renew([new.id], LONG)
    async with worker(job_queue, wire):
        done = await booked(job_queue, wire, new)
    assert done.held == PRICE
    alerts = await job_queue.store.database.fetch("SELECT scope, percent FROM alerts")
    assert not [row["scope"] for row in alerts if row["percent"] == 100]


async def test_a_callers_limit_without_room_for_previews_leaves_the_picture(
    job_queue: JobQueue, wire: WireServer
) -> None:
    new = await submit(job_queue, most=PRICE + PREVIEWS - 1)
    await job_queue.store.watches.renew([new.id], LONG)
    async with worker(job_queue, wire):
        done = await booked(job_queue, wire, new)
    assert "partial_images" not in done.sent.fields


async def test_a_watched_call_whose_usage_is_missing_is_booked_at_its_hold(
    job_queue: JobQueue, wire: WireServer
) -> None:
    wire.script.always("usage_missing")
    new = await submit(job_queue)
    await job_queue.store.watches.renew([new.id], LONG)
    async with worker(job_queue, wire):
        await job_queue.becomes(new, JobStatus.COMPLETED)
    [call] = await job_queue.store.database.fetch("SELECT * FROM calls")
    assert call["estimated"]
    assert call["cost_micros"] == call["held_micros"] == PRICE + PREVIEWS
