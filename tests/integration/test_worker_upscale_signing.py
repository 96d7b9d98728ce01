"""Upscales are signed: none begins while the key is away, and none is made twice for it."""

from collections.abc import AsyncGenerator

from actors.finishing.upscaling import Enlarged, Tiles
from actors.testing.signing import ScriptedKey
from imggen.verifying import Verdict, read_credentials
from server.domain.jobs import Job, NewUpscale
from server.domain.models import Size
from server.domain.states import AssetKind, JobStatus, Stage
from server.domain.upscales import Upscaling
from tests.integration.job_queue import JobQueue, until
from tests.integration.test_worker_signing import AWAY, kept
from tests.integration.test_worker_upscales import Reddening, ask, drawn, ended, stored


class Closing(Reddening):
    """An upscaler after whose picture the key is closed."""

    def __init__(self, key: ScriptedKey) -> None:
        super().__init__()
        self._key = key

    async def stream(self, png: bytes, to: Size | None = None) -> AsyncGenerator[Tiles | Enlarged]:
        async for one in super().stream(png, to):
            yield one
        self._key.closed = True


async def waiting(queue: JobQueue, new: NewUpscale) -> Job:
    """Waits until an upscale is queued again for the key, and returns it."""

    async def there() -> Job | None:
        job = await queue.job(new.id)
        is_told = job.failure is not None and job.failure.reason == AWAY
        return job if is_told and job.status is JobStatus.QUEUED else None

    found: Job = await until(there)
    return found


async def test_nothing_is_enlarged_while_the_key_is_away(job_queue: JobQueue) -> None:
    key, upscaler = ScriptedKey(), Reddening()
    async with job_queue.worker(signer=key.signer()):
        image = await drawn(job_queue)
    key.closed = True
    async with job_queue.worker(
        upscalers={"storybook": upscaler}, signer=key.signer(), poll_s=0.05
    ):
        job = await waiting(job_queue, await ask(job_queue, image))
    assert job.failure is not None
    assert job.failure.message == "no picture can be signed: the script is closed"
    assert (upscaler.given, kept(job_queue), job.retry_count) == ([], [], 0)


async def test_what_is_enlarged_is_only_signed_later(job_queue: JobQueue) -> None:
    key = ScriptedKey()
    upscaler = Closing(key)
    async with job_queue.worker(signer=key.signer()):
        image = await drawn(job_queue)
    async with job_queue.worker(
        upscalers={"storybook": upscaler}, signer=key.signer(), poll_s=0.05
    ):
        new = await ask(job_queue, image)
        await waiting(job_queue, new)
        assert len(kept(job_queue)) == 1
        key.closed = False
        await job_queue.store.database.execute(
            "UPDATE job_lanes SET opens_at = now(), open = true WHERE job_id = $1", new.id
        )
        job = await ended(job_queue, new)
    assert (job.status, job.upscaling) == (JobStatus.COMPLETED, Upscaling(128, (512, 256)))
    assert (job.stage_ms or {}).keys() == {Stage.RESOLVING, Stage.FINISHING, Stage.STORING}
    assert (len(upscaler.given), kept(job_queue)) == (1, [])
    asset = await stored(job_queue, image, AssetKind.PRINT)
    data = (job_queue.folder / asset.storage_key).read_bytes()
    found = read_credentials(data, key.made.root)
    assert (found.verdict, found.title) == (Verdict.TRUSTED, f"image {image.image_id}")
    assert (asset.width, found.model) == (2048, "storybook")
