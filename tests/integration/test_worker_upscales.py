"""Upscales in a worker: tiles, ends, cancels, and what is left of the image meanwhile."""

import asyncio
from collections.abc import AsyncGenerator
from datetime import timedelta
from io import BytesIO
from uuid import uuid4

from PIL import Image

from actors.finishing.upscaling import Enlarged, NoUpscaler, Tiles, Upscaler
from server.domain.ids import JobId
from server.domain.images import NewAsset
from server.domain.jobs import Job, NewJob, NewUpscale
from server.domain.models import Size
from server.domain.states import AssetKind, JobStatus, Lane, Stage
from server.domain.upscales import Upscale, Upscaling
from tests.integration.job_queue import JobQueue, until

USUAL = Size(2048, 2048)


class Reddening:
    """An upscaler that gives red pictures of the size it is asked for, and may stop at a tile."""

    def __init__(self, stops_at: int = 0) -> None:
        self.given: list[Size | None] = []
        self.reached = asyncio.Event()
        self.closed = False
        self._stops_at = stops_at

    async def stream(self, png: bytes, to: Size | None = None) -> AsyncGenerator[Tiles | Enlarged]:
        self.given.append(to)
        try:
            for done in range(1, 5):
                yield Tiles(done, 4)
                if done == self._stops_at:
                    self.reached.set()
                    await asyncio.Event().wait()
        finally:
            self.closed = True
        buffer = BytesIO()
        size = (to.width, to.height) if to else (1024, 1024)
        Image.new("RGB", size, "red").save(buffer, "PNG")
        yield Enlarged(buffer.getvalue(), 128, (512, 256))


async def ask(queue: JobQueue, image: NewJob, size: Size = USUAL) -> NewUpscale:
    """Admits an upscale of a drawn image, and signals it as a gateway does."""
    new = NewUpscale(
        id=JobId(uuid4()),
        user_id=queue.user,
        upscale=Upscale(image.image_id, size),
        model="storybook",
        priority=2,
        request=None,
    )
    assert await queue.store.upscales.submit(new)
    queue.signals.wake([Lane.UPSCALE])
    return new


async def ended(queue: JobQueue, new: NewUpscale) -> Job:
    async def there() -> Job | None:
        job = await queue.job(new.id)
        return job if job.status.ended else None

    found: Job = await until(there)
    return found


async def drawn(queue: JobQueue) -> NewJob:
    new = await queue.submit()
    await queue.becomes(new, JobStatus.COMPLETED)
    return new


async def stored(queue: JobQueue, image: NewJob, kind: AssetKind) -> NewAsset:
    asset = await queue.store.images.asset(queue.user, image.image_id, kind)
    assert asset is not None
    return asset


def picture(queue: JobQueue, asset: NewAsset) -> Image.Image:
    return Image.open(queue.folder / asset.storage_key)


async def test_a_print_asset_is_made_anew_from_the_original(queue: JobQueue) -> None:
    upscaler = Reddening()
    async with queue.worker(upscalers={"storybook": upscaler}):
        image = await drawn(queue)
        upscaler.given.clear()
        old, display = [
            await stored(queue, image, kind) for kind in (AssetKind.PRINT, AssetKind.DISPLAY)
        ]
        job = await ended(queue, await ask(queue, image, Size(3000, 3000)))
    assert job.status is JobStatus.COMPLETED
    assert (job.upscaling, job.print_size) == (Upscaling(128, (512, 256)), Size(3000, 3000))
    assert (job.stage_ms or {}).keys() == {Stage.RESOLVING, Stage.FINISHING, Stage.STORING}
    assert upscaler.given == [Size(3000, 3000)]
    new = await stored(queue, image, AssetKind.PRINT)
    assert (new.width, new.height, new.content_type) == (3000, 3000, "image/jpeg")
    with picture(queue, new) as made:
        assert (made.size, made.info["dpi"]) == ((3000, 3000), (300, 300))
        red, green, blue = made.convert("RGB").getpixel((9, 9))  # type: ignore[misc]
    assert red > 250
    assert max(green, blue) < 5
    assert await stored(queue, image, AssetKind.DISPLAY) == display
    assert (queue.folder / old.storage_key).exists()


async def test_tiles_are_the_steps_of_finishing(queue: JobQueue) -> None:
    upscaler = Reddening(stops_at=3)
    async with queue.worker():
        image = await drawn(queue)
    async with queue.worker(upscalers={"storybook": upscaler}):
        new = await ask(queue, image)

        async def at_tile() -> Job | None:
            job = await queue.job(new.id)
            return job if job.progress and job.progress.step == 3 else None

        job: Job = await until(at_tile)
        assert job.progress is not None
        assert (job.progress.stage, job.progress.steps) == (Stage.FINISHING, 4)
        assert 0.7 < job.progress.fraction < 0.8
        assert await queue.store.jobs.cancel(queue.user, new.id)
        await ended(queue, new)


async def test_a_cancel_stops_the_upscaler_and_leaves_the_old_asset(queue: JobQueue) -> None:
    upscaler = Reddening(stops_at=2)
    async with queue.worker(heartbeat_s=0.1):
        image = await drawn(queue)
    old = await stored(queue, image, AssetKind.PRINT)
    async with queue.worker(upscalers={"storybook": upscaler}, heartbeat_s=0.1):
        new = await ask(queue, image)
        await upscaler.reached.wait()
        assert await queue.store.jobs.cancel(queue.user, new.id)
        job = await ended(queue, new)
    assert (job.status, upscaler.closed) == (JobStatus.CANCELLED, True)
    assert await stored(queue, image, AssetKind.PRINT) == old


async def test_a_lost_workers_upscale_is_done_by_another(queue: JobQueue) -> None:
    async with queue.worker():
        image = await drawn(queue)
    new = await ask(queue, image)
    [claim] = await queue.store.leases.claim("lost", Lane.UPSCALE, 1, timedelta(seconds=-1))
    assert claim.job_id == new.id
    async with queue.worker(upscalers={"storybook": Reddening()}):
        job = await ended(queue, new)
    assert (job.status, job.attempt, job.retry_count) == (JobStatus.COMPLETED, 2, 1)


async def failed(queue: JobQueue, upscaler: Upscaler | None) -> Job:
    async with queue.worker():
        image = await drawn(queue)
    upscalers = {"storybook": upscaler} if upscaler else {}
    async with queue.worker(upscalers=upscalers):
        return await ended(queue, await ask(queue, image))


async def test_without_an_upscaler_a_job_fails_and_says_so(queue: JobQueue) -> None:
    for upscaler in (None, NoUpscaler()):
        job = await failed(queue, upscaler)
        assert job.failure is not None
        assert (job.status, job.failure.reason) == (JobStatus.FAILED, "NO_ELIGIBLE_OFFER")
        assert "no upscaler is deployed" in job.failure.message


async def test_another_models_upscaler_takes_what_no_own_one_can(queue: JobQueue) -> None:
    async with queue.worker():
        image = await drawn(queue)
    upscaler = Reddening()
    async with queue.worker(upscalers={"sdxl": upscaler}):
        job = await ended(queue, await ask(queue, image))
    assert (job.status, len(upscaler.given)) == (JobStatus.COMPLETED, 1)


async def test_a_worker_without_a_slot_leaves_upscales_to_others(queue: JobQueue) -> None:
    async with queue.worker():
        image = await drawn(queue)
    upscaler = Reddening()
    slots = {"local": 1, "upscale": 0}
    async with queue.worker(upscalers={"storybook": upscaler}, slots=slots):
        new = await ask(queue, image)
        await drawn(queue)  # its lane was claimed from meanwhile
        assert (await queue.job(new.id)).status is JobStatus.QUEUED
    assert not upscaler.given or None in upscaler.given
