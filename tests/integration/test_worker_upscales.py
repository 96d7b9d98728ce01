"""Upscales in a worker: tiles, ends, cancels, and what is left of the image meanwhile."""

import asyncio
from collections.abc import AsyncGenerator
from datetime import timedelta
from uuid import uuid4

import numpy as np
from PIL import Image

from actors.finishing.upscaling import Enlarged, NoUpscaler, Tiles, Upscaler
from server.domain.finishing import PostProcessing
from server.domain.ids import JobId
from server.domain.images import NewAsset
from server.domain.jobs import Job, NewJob, NewUpscale
from server.domain.models import Size
from server.domain.states import AssetKind, ImageType, JobStatus, Lane, Stage
from server.domain.timings import TimedStep
from server.domain.upscales import Upscale, Upscaling
from tests.builders import render_spec
from tests.integration.job_queue import JobQueue, until
from tests.integration.reddened import reddened

USUAL = Size(2048, 2048)


class Reddening:
    """An upscaler that paints a little red into what it enlarges, and may stop at a tile."""

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
        yield Enlarged(reddened(png, to or Size(1024, 1024)), 128, (512, 256))


async def ask(job_queue: JobQueue, image: NewJob, size: Size = USUAL) -> NewUpscale:
    """Admits an upscale of a drawn image, and signals it as a gateway does."""
    new = NewUpscale(
        id=JobId(uuid4()),
        user_id=job_queue.user,
        upscale=Upscale(image.image_id, size),
        model="storybook",
        priority=2,
        request=None,
    )
    assert await job_queue.store.upscales.submit(new)
    job_queue.signals.wake([Lane.UPSCALE])
    return new


async def ended(job_queue: JobQueue, new: NewUpscale) -> Job:
    async def there() -> Job | None:
        job = await job_queue.job(new.id)
        return job if job.status.ended else None

    found: Job = await until(there)
    return found


async def drawn(job_queue: JobQueue) -> NewJob:
    new = await job_queue.submit()
    await job_queue.becomes(new, JobStatus.COMPLETED)
    return new


async def stored(job_queue: JobQueue, image: NewJob, kind: AssetKind) -> NewAsset:
    asset = await job_queue.store.images.asset(job_queue.user, image.image_id, kind)
    assert asset is not None
    return asset


def picture(job_queue: JobQueue, asset: NewAsset) -> Image.Image:
    return Image.open(job_queue.folder / asset.storage_key)


async def test_a_print_asset_is_made_anew_from_the_original(job_queue: JobQueue) -> None:
    upscaler = Reddening()
    async with job_queue.worker(upscalers={"storybook": upscaler}):
        image = await drawn(job_queue)
        upscaler.given.clear()
        old, display = [
            await stored(job_queue, image, kind) for kind in (AssetKind.PRINT, AssetKind.DISPLAY)
        ]
        job = await ended(job_queue, await ask(job_queue, image, Size(3000, 3000)))
    assert job.status is JobStatus.COMPLETED
    assert (job.upscaling, job.print_size) == (Upscaling(128, (512, 256)), Size(3000, 3000))
    assert (job.stage_ms or {}).keys() == {Stage.RESOLVING, Stage.FINISHING, Stage.STORING}
    steps = [one.step for one in job.step_times]
    assert (steps[0], steps[-2:]) == (
        TimedStep.UPSCALING,
        [TimedStep.SIGNING, TimedStep.UPLOADING],
    )
    assert upscaler.given == [Size(3000, 3000)]
    new = await stored(job_queue, image, AssetKind.PRINT)
    assert (new.width, new.height, new.content_type) == (3000, 3000, "image/jpeg")
    with picture(job_queue, new) as made:
        assert (made.size, made.info["dpi"]) == ((3000, 3000), (300, 300))
        red, green, blue = np.asarray(made.convert("RGB"))[9, 9]
    assert red > 250
    assert max(green, blue) < 5
    assert await stored(job_queue, image, AssetKind.DISPLAY) == display
    assert (job_queue.folder / old.storage_key).exists()


async def test_the_print_check_and_the_encoding_are_those_of_the_new_one(
    job_queue: JobQueue,
) -> None:
    trimmed = PostProcessing(trim_width_mm=150, trim_height_mm=150)
    spec = render_spec(image_type=ImageType.SCENE, characters=(), post_processing=trimmed)
    async with job_queue.worker(upscalers={"storybook": Reddening()}):
        image = await job_queue.submit(spec=spec)
        await job_queue.becomes(image, JobStatus.COMPLETED)
        before = await said(job_queue, image)
        await ended(job_queue, await ask(job_queue, image, Size(3200, 3200)))
    after = await said(job_queue, image)
    assert "3200x3200 pixels on 150x150 mm are 542 DPI" not in before
    assert after == [*before[:-1], "3200x3200 pixels on 150x150 mm are 542 DPI"]
    params = await job_queue.store.database.fetchrow("SELECT generation_params FROM images")
    assert params is not None
    assert params[0]["files"].keys() == {"display", "print", "thumbnail"}


async def said(job_queue: JobQueue, image: NewJob) -> list[str]:
    """Returns what the steps of an image's post-processing say."""
    found = await job_queue.store.images.get(job_queue.user, image.image_id)
    assert found is not None
    return [one.said for one in found.post_processing]


async def test_tiles_are_the_steps_of_finishing(job_queue: JobQueue) -> None:
    upscaler = Reddening(stops_at=3)
    async with job_queue.worker():
        image = await drawn(job_queue)
    async with job_queue.worker(upscalers={"storybook": upscaler}):
        new = await ask(job_queue, image)

        async def at_tile() -> Job | None:
            job = await job_queue.job(new.id)
            return job if job.progress and job.progress.step == 3 else None

        job: Job = await until(at_tile)
        assert job.progress is not None
        assert (job.progress.stage, job.progress.steps) == (Stage.FINISHING, 4)
        assert 0.7 < job.progress.fraction < 0.8
        assert await job_queue.store.jobs.cancel(job_queue.user, new.id)
        await ended(job_queue, new)


async def test_a_cancel_stops_the_upscaler_and_leaves_the_old_asset(job_queue: JobQueue) -> None:
    upscaler = Reddening(stops_at=2)
    async with job_queue.worker(heartbeat_s=0.1):
        image = await drawn(job_queue)
    old = await stored(job_queue, image, AssetKind.PRINT)
    async with job_queue.worker(upscalers={"storybook": upscaler}, heartbeat_s=0.1):
        new = await ask(job_queue, image)
        await upscaler.reached.wait()
        assert await job_queue.store.jobs.cancel(job_queue.user, new.id)
        job = await ended(job_queue, new)
    assert (job.status, upscaler.closed) == (JobStatus.CANCELLED, True)
    assert await stored(job_queue, image, AssetKind.PRINT) == old


async def test_a_lost_workers_upscale_is_done_by_another(job_queue: JobQueue) -> None:
    async with job_queue.worker():
        image = await drawn(job_queue)
    new = await ask(job_queue, image)
    [claim] = await job_queue.store.leases.claim("lost", Lane.UPSCALE, 1, timedelta(seconds=-1))
    assert claim.job_id == new.id
    async with job_queue.worker(upscalers={"storybook": Reddening()}):
        job = await ended(job_queue, new)
    assert (job.status, job.attempt, job.retry_count) == (JobStatus.COMPLETED, 2, 1)


async def failed(job_queue: JobQueue, upscaler: Upscaler | None) -> Job:
    async with job_queue.worker():
        image = await drawn(job_queue)
    upscalers = {"storybook": upscaler} if upscaler else {}
    async with job_queue.worker(upscalers=upscalers):
        return await ended(job_queue, await ask(job_queue, image))


async def test_without_an_upscaler_a_job_fails_and_says_so(job_queue: JobQueue) -> None:
    for upscaler in (None, NoUpscaler()):
        job = await failed(job_queue, upscaler)
        assert job.failure is not None
        assert (job.status, job.failure.reason) == (JobStatus.FAILED, "NO_ELIGIBLE_OFFER")
        assert "no upscaler is deployed" in job.failure.message


async def test_a_worker_tells_whether_it_has_an_upscaler(job_queue: JobQueue) -> None:
    workers = job_queue.store.workers

    async def lacking() -> bool:
        return await workers.lack_upscaler()

    async def there() -> bool:
        return not await workers.lack_upscaler()

    async with job_queue.worker(name="without", heartbeat_s=0.1):
        await until(lacking)
        async with job_queue.worker(name="w", upscalers={"storybook": Reddening()}):
            await until(there)
        await until(lacking)
    assert await there()  # nobody says so


async def test_another_models_upscaler_takes_what_no_own_one_can(job_queue: JobQueue) -> None:
    async with job_queue.worker():
        image = await drawn(job_queue)
    upscaler = Reddening()
    async with job_queue.worker(upscalers={"sdxl": upscaler}):
        job = await ended(job_queue, await ask(job_queue, image))
    assert (job.status, len(upscaler.given)) == (JobStatus.COMPLETED, 1)


async def test_a_worker_without_a_slot_leaves_upscales_to_others(job_queue: JobQueue) -> None:
    async with job_queue.worker():
        image = await drawn(job_queue)
    upscaler = Reddening()
    slots = {"local": 1, "upscale": 0}
    async with job_queue.worker(upscalers={"storybook": upscaler}, slots=slots):
        new = await ask(job_queue, image)
        await drawn(job_queue)  # its lane was claimed from meanwhile
        assert (await job_queue.job(new.id)).status is JobStatus.QUEUED
    assert not upscaler.given or None in upscaler.given
