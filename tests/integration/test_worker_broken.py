"""Broken pictures: drawn once more with another seed, then FAILED, never stored."""

from collections.abc import AsyncGenerator
from dataclasses import replace
from io import BytesIO

import pytest
from PIL import Image

from actors.engine.render import PictureBroken, RenderEvent, RenderRequest, RenderResult
from actors.testing.scripted import ScriptedRenderer
from server.domain.jobs import NewJob
from server.domain.states import ImageStatus, JobStatus
from tests.integration.job_queue import JobQueue, failing

GOLDEN = 2654435769


class Blackening(ScriptedRenderer):
    """A renderer whose first pictures are black."""

    def __init__(self, pictures: int = 1_000) -> None:
        super().__init__()
        self._pictures = pictures

    async def stream(self, request: RenderRequest) -> AsyncGenerator[RenderEvent]:
        async for event in super().stream(request):
            if isinstance(event, RenderResult) and len(self.renders) <= self._pictures:
                buffer = BytesIO()
                Image.new("RGB", (event.width, event.height)).save(buffer, "PNG")
                yield replace(event, png=buffer.getvalue())
            else:
                yield event

    @property
    def seeds(self) -> list[int]:
        """The seeds of all renders, in order."""
        return [render.request.seed for render in self.renders]


async def test_a_broken_picture_is_drawn_once_more_with_another_seed(job_queue: JobQueue) -> None:
    new, renderer = await job_queue.submit(), Blackening(1)
    async with job_queue.worker(renderer, poll_s=0.05):
        job = await job_queue.becomes(new, JobStatus.COMPLETED)
    other = (new.spec.seed + GOLDEN) % 2**32
    assert renderer.seeds == [new.spec.seed, other]
    assert await attempts(job_queue, new) == [
        ("failed", "PICTURE_BROKEN", new.spec.seed),
        ("completed", None, other),
    ]
    image = await job_queue.store.images.get(job_queue.user, new.image_id)
    assert image is not None
    assert (job.attempt, image.seed) == (2, other)
    assert image.quality is not None
    assert 2 < image.quality <= 5


@pytest.mark.parametrize(
    "renderer",
    [Blackening(), ScriptedRenderer(script=failing(PictureBroken("the latents are not finite")))],
    ids=["gate", "engine"],
)
async def test_the_second_broken_picture_fails_the_job(
    job_queue: JobQueue, renderer: ScriptedRenderer
) -> None:
    new = await job_queue.submit()
    async with job_queue.worker(renderer, poll_s=0.05):
        job = await job_queue.becomes(new, JobStatus.FAILED)
    assert job.failure is not None
    assert job.failure.reason == "PICTURE_BROKEN"
    assert len(renderer.renders) == 2
    assert not list(job_queue.folder.glob("[!.]*/**/*.*"))
    image = await job_queue.store.images.get(job_queue.user, new.image_id)
    assert image is not None
    assert image.status is ImageStatus.FAILED
    assert not await job_queue.store.database.fetch("SELECT FROM character_references")


async def test_a_retry_by_the_caller_draws_with_new_seeds(job_queue: JobQueue) -> None:
    new, renderer = await job_queue.submit(), Blackening()
    async with job_queue.worker(renderer, poll_s=0.05):
        await job_queue.becomes(new, JobStatus.FAILED)
        await job_queue.store.jobs.retry(job_queue.user, new.id, None)
        job_queue.signals.wake()
        await job_queue.becomes(new, JobStatus.FAILED)
    assert renderer.seeds == [(new.spec.seed + turn * GOLDEN) % 2**32 for turn in range(4)]


async def test_other_failures_do_not_change_the_seed(job_queue: JobQueue) -> None:
    new = await job_queue.submit()
    renderer = ScriptedRenderer(script=failing(RuntimeError("out of memory"), times=2))
    async with job_queue.worker(renderer, poll_s=0.05):
        await job_queue.becomes(new, JobStatus.COMPLETED)
    assert {render.request.seed for render in renderer.renders} == {new.spec.seed}


async def attempts(job_queue: JobQueue, new: NewJob) -> list[tuple[str, str | None, int]]:
    rows = await job_queue.store.database.fetch(
        "SELECT outcome, error_reason, seed FROM attempts WHERE job_id = $1 ORDER BY attempt",
        new.id,
    )
    return [tuple(row) for row in rows]
