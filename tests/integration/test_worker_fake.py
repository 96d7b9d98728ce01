"""Jobs that a hosted provider draws, with the fake for one."""

from pathlib import Path

import pytest

from actors.engine.profiles import profile
from actors.providers.base import Provider, ProviderFailed
from actors.providers.fake import FAKE, FakeProvider
from actors.providers.local import LocalProvider
from actors.testing.scripted import ScriptedRenderer
from server.domain.states import ImageType, JobStatus, Lane
from server.routing.failover import FailureKind
from tests.builders import render_spec
from tests.integration.callers import Caller
from tests.integration.gateway_fixture import GatewayFixture
from tests.integration.job_queue import JobQueue
from tests.integration.test_worker_references import Studio, uses

PRICE = 10_000


@pytest.fixture
async def studio(gateway: GatewayFixture, mia: Caller, job_queue: JobQueue) -> Studio:
    return Studio(gateway, mia, job_queue, ScriptedRenderer(encoder="e1"))


async def draw_scene(
    studio: Studio, queue: JobQueue, provider: Provider, damage: bytes | None = None
) -> tuple[list[str], list[bytes]]:
    """Draws a page of two by a provider; returns their references' uses and their portraits.

    The first one's portrait is damaged where a test says so.
    """
    async with queue.worker(studio.model, poll_s=0.05):
        cast = [await studio.character(name) for name in ("Mia", "Tom")]
    files: list[Path] = [await studio.original(one.reference_image_id) for one in cast]
    portraits = [file.read_bytes() for file in files]
    if damage is not None:
        files[0].write_bytes(damage)
    async with queue.worker(poll_s=0.05, providers={"storybook": provider}):
        return uses(await studio.scene("Mia stands to the right of Tom.", *cast)), portraits


async def test_a_provider_without_an_encoder_is_sent_the_portraits(
    studio: Studio, job_queue: JobQueue
) -> None:
    fake = FakeProvider()
    used, (mia, tom) = await draw_scene(studio, job_queue, fake)
    assert used == ["DRAWN", "DRAWN"]
    sent = fake.calls[-1].references
    assert [(one.data, one.left, one.right) for one in sent] == [(tom, 0.0, 0.5), (mia, 0.5, 1.0)]
    assert studio.model.encoded == []


async def test_a_damaged_portrait_is_not_sent_and_will_be_redrawn(
    studio: Studio, job_queue: JobQueue
) -> None:
    fake = FakeProvider()
    used, (_, tom) = await draw_scene(studio, job_queue, fake, damage=b"another file")
    assert used == ["UNREADABLE", "DRAWN"]
    assert [one.data for one in fake.calls[-1].references] == [tom]
    marked = await studio.rows("SELECT encoder_sha256, embedding FROM reference_views")
    assert marked == [("", None)]


async def test_a_provider_that_reads_no_references_says_so(
    studio: Studio, job_queue: JobQueue
) -> None:
    unread = LocalProvider(studio.model, profile("storybook"))
    used, _ = await draw_scene(studio, job_queue, unread)
    assert used == ["UNSUPPORTED", "UNSUPPORTED"]
    assert studio.drawn.references == ()


async def test_a_hosted_job_is_drawn_and_costs_what_the_provider_says(
    job_queue: JobQueue,
) -> None:
    spec = render_spec(image_type=ImageType.SCENE, characters=(), model=FAKE.name)
    fake = FakeProvider()
    await job_queue.store.money.default_limit(10 * PRICE)
    async with job_queue.worker(providers={fake.model: fake}, slots={"hosted": 1}):
        new = await job_queue.submit(
            spec=spec, lane=Lane.HOSTED, provider=fake.name, price_micros=2 * PRICE
        )
        job = await job_queue.becomes(new, JobStatus.COMPLETED)
    assert job.actual_micros == PRICE


async def test_a_call_that_fails_is_another_attempt(job_queue: JobQueue) -> None:
    fake = FakeProvider([ProviderFailed(FailureKind.OUTCOME_UNKNOWN, "cut"), None])
    async with job_queue.worker(providers={"storybook": fake}, poll_s=0.05):
        new = await job_queue.submit()
        job = await job_queue.becomes(new, JobStatus.COMPLETED)
    assert (job.attempt, fake.running) == (2, 0)
