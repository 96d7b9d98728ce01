"""Workers sign what callers can fetch; while the key is away, what is drawn waits, and is kept."""

import asyncio
import hashlib
from io import BytesIO
from pathlib import Path

from PIL import Image

from actors.providers.base import CharacterReference, Content, RenderedPicture, RenderProgress
from actors.providers.fake import FakeProvider
from actors.testing.signing import ScriptedKey
from imggen.verifying import Verdict, read_credentials
from server.domain.ids import ImageId
from server.domain.jobs import Job, NewJob, Placement
from server.domain.models import Format
from server.domain.states import AssetKind, JobStatus, Lane, Stage
from server.domain.timings import TimedStep
from server.storage import StorageFull
from server.storage.folder import FolderStorage
from server.storage.keys import DRAWN, attempt_of
from server.storage.urls import UrlSigner
from tests.integration.job_queue import JobQueue, storage_in, until
from tests.integration.paid_jobs import calls, money
from tests.integration.test_worker_pictures import submit

AWAY = "SIGNING_UNAVAILABLE"


class Closing(FakeProvider):
    """A provider after whose first picture the key is closed."""

    def __init__(self, key: ScriptedKey) -> None:
        super().__init__()
        self._key = key

    async def render(
        self,
        content: Content,
        format: Format,
        references: tuple[CharacterReference, ...],
        progress: RenderProgress,
    ) -> RenderedPicture:
        picture = await super().render(content, format, references, progress)
        self._key.closed = True
        return picture


class Full(FolderStorage):
    """A folder that takes no kept pictures as long as it is `full`, and tells when it was asked."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, UrlSigner("s" * 32, "http://127.0.0.1"))
        self.full = True
        self.asked = asyncio.Event()

    async def put(self, key: str, data: bytes, content_type: str) -> None:
        if content_type == DRAWN and self.full:
            self.asked.set()
            raise StorageFull(f"write {key}", "full")
        await super().put(key, data, content_type)


async def waits(queue: JobQueue, new: NewJob) -> Job:
    """Waits until a job is queued again for the key, and returns it."""

    async def there() -> Job | None:
        job = await queue.job(new.id)
        is_told = job.failure is not None and job.failure.reason == AWAY
        return job if is_told and job.status is JobStatus.QUEUED else None

    found: Job = await until(there)
    return found


async def opened(queue: JobQueue, new: NewJob) -> None:
    """Lets a waiting job be taken at once, not after some seconds."""
    await queue.store.database.execute(
        "UPDATE job_lanes SET opens_at = now(), open = true WHERE job_id = $1", new.id
    )


async def forms(queue: JobQueue, image: ImageId) -> dict[AssetKind, bytes]:
    """Returns the bytes of an image's forms, whose checksums and sizes are as they are told."""
    found = {}
    async with storage_in(queue.folder) as storage:
        for kind in AssetKind:
            asset = await queue.store.images.asset(queue.user, image, kind)
            assert asset is not None
            found[kind] = await storage.get(asset.storage_key)
            assert hashlib.sha256(found[kind]).hexdigest() == asset.sha256
            assert len(found[kind]) == asset.size_bytes
    return found


def kept(queue: JobQueue) -> list[str]:
    """Returns the keys of the pictures that wait in the storage."""
    return [path.relative_to(queue.folder).as_posix() for path in queue.folder.rglob("*.drawn")]


def pictures(queue: JobQueue) -> list[str]:
    """Returns the names of the pictures in the storage."""
    return [path.name for path in queue.folder.glob("[!.]*/**/*.[pjw]*")]


async def test_every_form_is_signed(job_queue: JobQueue) -> None:
    key, new = ScriptedKey(), await job_queue.submit()
    async with job_queue.worker(signer=key.signer()):
        await job_queue.becomes(new, JobStatus.COMPLETED)
    for kind, data in (await forms(job_queue, new.image_id)).items():
        found = read_credentials(data, key.made.root)
        assert (kind, found.verdict) == (kind, Verdict.TRUSTED)
        assert (found.is_generated, found.model) == (True, new.spec.model)
        assert (found.title, found.parents) == (f"image {new.image_id}", ())
        with Image.open(BytesIO(data)) as picture:
            picture.load()


async def test_credentials_have_no_word_of_the_request_and_nobodys_id(job_queue: JobQueue) -> None:
    key, new = ScriptedKey(), await job_queue.submit()
    async with job_queue.worker(signer=key.signer()):
        await job_queue.becomes(new, JobStatus.COMPLETED)
    image = await job_queue.store.images.get(job_queue.user, new.image_id)
    assert image is not None
    secrets = [image.prompt, str(job_queue.user), str(new.id)]
    secrets += [one.description.name for one in new.spec.characters]
    secrets += [str(one.id) for one in new.spec.characters]
    for data in (await forms(job_queue, new.image_id)).values():
        assert not [one for one in secrets if one and one.encode() in data]


async def test_a_regeneration_names_its_parent(job_queue: JobQueue) -> None:
    key, first = ScriptedKey(), await job_queue.submit()
    async with job_queue.worker(signer=key.signer()):
        await job_queue.becomes(first, JobStatus.COMPLETED)
        placement = Placement(parent_image_id=first.image_id, lineage_id=first.image_id, version=2)
        second = await job_queue.submit(placement=placement)
        await job_queue.becomes(second, JobStatus.COMPLETED)
    found = [read_credentials(one) for one in (await forms(job_queue, second.image_id)).values()]
    assert {one.parents for one in found} == {(f"image {first.image_id}",)}
    assert {one.title for one in found} == {f"image {second.image_id}"}


async def test_nothing_is_drawn_while_the_key_is_away(job_queue: JobQueue) -> None:
    key, fake, new = ScriptedKey(closed=True), FakeProvider(), await submit(job_queue)
    async with job_queue.worker(providers={"fake": fake}, signer=key.signer(), poll_s=0.05):
        job = await waits(job_queue, new)
        assert (list(fake.calls), kept(job_queue), job.retry_count) == ([], [], 0)
        assert job.failure is not None
        assert job.failure.message == "no picture can be signed: the script is closed"


async def test_what_is_drawn_is_neither_drawn_nor_paid_again(job_queue: JobQueue) -> None:
    key, new = ScriptedKey(), await submit(job_queue)
    fake = Closing(key)
    async with job_queue.worker(providers={"fake": fake}, signer=key.signer(), poll_s=0.05):
        job = await waits(job_queue, new)
    assert job.failure is not None
    told = "the picture is drawn, and waits to be signed: the script is closed"
    assert (job.failure.message, job.retry_count) == (told, 0)
    assert pictures(job_queue) == []
    assert len(kept(job_queue)) == 1
    made = {key: at for key in kept(job_queue) if (at := attempt_of(key))}
    assert await job_queue.store.images.orphans(made) == []
    [paid] = await calls(job_queue)
    await opened(job_queue, new)
    key.closed = False
    later = FakeProvider()
    async with job_queue.worker(
        name="later", providers={"fake": later}, signer=key.signer(), poll_s=0.05
    ):
        done = await job_queue.becomes(new, JobStatus.COMPLETED)
    assert (len(fake.calls), list(later.calls)) == (1, [])
    assert await calls(job_queue) == [paid]
    assert (done.actual_micros, done.failure) == (paid[3], None)
    assert await money(job_queue) == (0, paid[3])
    assert set(done.stage_ms or ()) == set(Stage)
    # Those of finishing are of the attempt that drew it.
    measured = {one.step for one in done.step_times}
    assert measured >= {TimedStep.ENCODING, TimedStep.SIGNING, TimedStep.UPLOADING}
    assert kept(job_queue) == []
    image = await job_queue.store.images.get(job_queue.user, new.image_id)
    assert image is not None
    assert (image.cost_micros, image.prompt) == (paid[3], fake.told(fake.calls[0].content).prompt)
    for data in (await forms(job_queue, new.image_id)).values():
        assert read_credentials(data, key.made.root).verdict is Verdict.TRUSTED


async def test_a_key_that_stays_away_fails_the_job_and_a_retry_only_signs(
    job_queue: JobQueue,
) -> None:
    key, new = ScriptedKey(), await submit(job_queue)
    fake = Closing(key)
    async with job_queue.worker(
        providers={"fake": fake}, signer=key.signer(), poll_s=0.05, unchecked_s=0
    ):
        job = await job_queue.becomes(new, JobStatus.FAILED)
        assert job.failure is not None
        assert (job.failure.reason, len(kept(job_queue))) == (AWAY, 1)
        key.closed = False
        assert await job_queue.store.jobs.retry(job_queue.user, new.id, None) is not None
        job_queue.signals.wake([Lane.HOSTED])
        await job_queue.becomes(new, JobStatus.COMPLETED)
    assert len(fake.calls) == 1
    assert kept(job_queue) == []


async def test_a_picture_that_cannot_be_kept_either_stays_with_its_worker(
    job_queue: JobQueue,
) -> None:
    key, new, storage = ScriptedKey(), await submit(job_queue), Full(job_queue.folder)
    fake = Closing(key)
    async with job_queue.worker(
        providers={"fake": fake}, signer=key.signer(), storage=storage, poll_s=0.05
    ):
        async with asyncio.timeout(30):
            await storage.asked.wait()
        key.closed = False
        await job_queue.becomes(new, JobStatus.COMPLETED)
    assert len(fake.calls) == 1


async def test_a_kept_picture_that_is_damaged_is_drawn_again(job_queue: JobQueue) -> None:
    key, new = ScriptedKey(), await submit(job_queue)
    fake = Closing(key)
    async with job_queue.worker(providers={"fake": fake}, signer=key.signer(), poll_s=0.05):
        await waits(job_queue, new)
    [path] = job_queue.folder.rglob("*.drawn")
    path.write_bytes(path.read_bytes()[:-1])
    await opened(job_queue, new)
    key.closed = False
    later = FakeProvider()
    async with job_queue.worker(
        name="later", providers={"fake": later}, signer=key.signer(), poll_s=0.05
    ):
        await job_queue.becomes(new, JobStatus.COMPLETED)
    assert len(later.calls) == 1
    assert kept(job_queue) == []
