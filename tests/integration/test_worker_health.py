"""An attempt holds the probe of a half-open breaker while it may still ask the provider."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from io import BytesIO

import pytest
from PIL import Image

from actors.providers.base import (
    CharacterReference,
    Content,
    RenderedPicture,
    RenderProgress,
)
from actors.providers.fake import FakeProvider, Turn
from actors.worker.health import BeingProbed, probe
from actors.worker.rerouting import Rerouting
from server.domain.health import HealthState
from server.domain.jobs import NewJob
from server.domain.models import Format
from server.domain.states import JobStatus
from server.routing.catalogue import KNOWN, Catalogue
from server.routing.conditions import GpuCost
from server.routing.failover import RULES, Effect, FailureKind
from server.routing.observer import Observer
from server.store.health import BreakerRule, Health
from tests.integration.job_queue import JobQueue, until
from tests.integration.paid_jobs import failing, submit

ONE = Catalogue([KNOWN["fake"]])
ANSWERS = [kind for kind in FailureKind if RULES[kind].effect is Effect.ANSWERED]
NEVER = timedelta(days=1)


class HeldFake(FakeProvider):
    """A fake whose pictures are there once `go` is set."""

    def __init__(self) -> None:
        super().__init__()
        self.go = asyncio.Event()

    async def render(
        self,
        content: Content,
        format: Format,
        references: tuple[CharacterReference, ...],
        progress: RenderProgress,
    ) -> RenderedPicture:
        """Draws a picture once it may; a call that waits counts as running."""
        self.running += 1
        try:
            await self.go.wait()
        finally:
            self.running -= 1
        return await super().render(content, format, references, progress)


class BlackFake(FakeProvider):
    """A fake whose pictures are black."""

    async def render(
        self,
        content: Content,
        format: Format,
        references: tuple[CharacterReference, ...],
        progress: RenderProgress,
    ) -> RenderedPicture:
        """Draws a picture that the gate refuses."""
        picture = await super().render(content, format, references, progress)
        black = BytesIO()
        Image.new("RGB", (picture.width, picture.height)).save(black, "PNG")
        return replace(picture, png=black.getvalue())


async def half_open(queue: JobQueue) -> None:
    """Has the breaker of the fake's provider wait for its probe."""
    await queue.store.database.execute(
        "INSERT INTO provider_health (provider, failures, open_until) VALUES ('fake', 5, now())"
    )


async def state(queue: JobQueue) -> HealthState:
    """Returns the health of the fake's provider."""
    [found] = await queue.store.health.all()
    return found.state


async def probed_until(queue: JobQueue) -> object:
    """Returns until when the fake's provider is being probed."""
    [row] = await queue.store.database.fetch("SELECT probing_until FROM provider_health")
    return row["probing_until"]


async def ends(
    queue: JobQueue, new: NewJob, provider: FakeProvider, no_offer_s: float = 120.0
) -> JobStatus:
    """Runs a worker until a job has ended."""
    drawing = {"fake": provider}
    async with queue.worker(providers=drawing, catalogue=ONE, poll_s=0.2, no_offer_s=no_offer_s):

        async def ended() -> JobStatus | None:
            job = await queue.job(new.id)
            return job.status if job.status.ended else None

        status: JobStatus = await until(ended)
    return status


@pytest.mark.parametrize("kind", ANSWERS, ids=str)
async def test_any_answer_to_a_probe_says_that_the_provider_is_well(
    job_queue: JobQueue, kind: FailureKind
) -> None:
    await half_open(job_queue)
    new = await submit(job_queue)
    always: Sequence[Turn] = [failing(kind)] * 9
    assert await ends(job_queue, new, FakeProvider(always)) is JobStatus.FAILED
    assert await state(job_queue) is HealthState.WELL


async def test_a_picture_that_is_broken_is_an_answer(job_queue: JobQueue) -> None:
    await half_open(job_queue)
    new = await submit(job_queue)
    assert await ends(job_queue, new, BlackFake()) is JobStatus.FAILED
    assert await state(job_queue) is HealthState.WELL


async def test_a_probe_whose_call_is_refused_is_returned(job_queue: JobQueue) -> None:
    await half_open(job_queue)
    new = await submit(job_queue, hold=False)
    async with job_queue.store.transaction() as tx:
        await tx.money.default_limit(0)
    assert await ends(job_queue, new, FakeProvider(), no_offer_s=0) is JobStatus.FAILED
    assert await state(job_queue) is HealthState.HALF_OPEN


async def test_a_probe_whose_attempt_is_cancelled_is_returned(job_queue: JobQueue) -> None:
    await half_open(job_queue)
    new, slow = await submit(job_queue), FakeProvider([NEVER])

    async def drawing() -> bool:
        return slow.running > 0

    async with job_queue.worker(providers={"fake": slow}, catalogue=ONE, heartbeat_s=0.1):
        await until(drawing)
        assert await state(job_queue) is HealthState.PROBING
        await job_queue.cancel(new)
        await job_queue.becomes(new, JobStatus.CANCELLED)
    assert await state(job_queue) is HealthState.HALF_OPEN


async def test_a_probe_is_kept_while_its_worker_lives(job_queue: JobQueue) -> None:
    await half_open(job_queue)
    health = Health(job_queue.store.database, BreakerRule(probe=timedelta(seconds=1)))
    async with probe(health, "fake"):
        first = await probed_until(job_queue)

        async def kept() -> bool:
            return await probed_until(job_queue) not in (None, first)

        await until(kept)
        with pytest.raises(BeingProbed):
            async with probe(health, "fake"):
                pass
    assert await probed_until(job_queue) is None


async def test_while_one_worker_probes_the_job_of_another_waits_and_then_goes_on(
    job_queue: JobQueue,
) -> None:
    await half_open(job_queue)
    store, first, second = job_queue.store, HeldFake(), FakeProvider()
    rerouting = Rerouting(ONE, Observer(store, GpuCost(), fresh_s=0), store, job_queue.signals)

    async def probing() -> bool:
        return first.running > 0

    probes = await submit(job_queue)
    slots = {"hosted": 1}
    async with job_queue.worker(
        name="a", providers={"fake": first}, catalogue=ONE, slots=slots, poll_s=0.2
    ):
        await until(probing)
        async with job_queue.worker(
            name="b", providers={"fake": second}, catalogue=ONE, slots=slots, poll_s=0.2
        ):
            waits = await submit(job_queue)

            async def given_back() -> bool:
                job = await job_queue.job(waits.id)
                return job.attempt > 0 and job.status is JobStatus.QUEUED

            await until(given_back)
            assert await state(job_queue) is HealthState.PROBING
            assert (await job_queue.job(waits.id)).retry_count == 0
            assert not second.calls
            first.go.set()
            await job_queue.becomes(probes, JobStatus.COMPLETED)
            assert await state(job_queue) is HealthState.WELL
            assert await rerouting.reroute() == 1  # as a worker does in the background
            job = await job_queue.becomes(waits, JobStatus.COMPLETED)
    assert (job.retry_count, len(second.calls) + len(first.calls)) == (0, 2)
