"""A drawn picture waits until it can be stored; nothing else is drawn, and nothing is left over."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from actors.testing.scripted import ScriptedRenderer
from server.domain.jobs import NewJob
from server.domain.states import JobStatus, Stage
from server.storage import StorageFull, StorageRefused, StorageUnavailable
from server.storage.folder import FolderStorage
from server.storage.urls import UrlSigner
from tests.integration.job_queue import JobQueue, until
from tests.small_disk import fill, remount, small_disk


class Refusing(FolderStorage):
    """A folder that stores a number of objects, and refuses all further ones until it is told."""

    def __init__(self, root: Path, puts: int) -> None:
        super().__init__(root, UrlSigner("s" * 32, "http://pictures.test"))
        self.left = puts
        self.refused = 0

    async def put(self, key: str, data: bytes, content_type: str) -> None:
        if self.left <= 0:
            self.refused += 1
            raise StorageUnavailable(f"write {key}", "it is told to")
        self.left -= 1
        await super().put(key, data, content_type)

    async def refuses(self, times: int) -> None:
        """Waits until it has refused so often."""

        async def done() -> bool:
            return self.refused >= times

        await until(done)


class Choosy(FolderStorage):
    """A folder that never takes what belongs to one job."""

    def __init__(self, root: Path, refuses: type[StorageRefused]) -> None:
        super().__init__(root, UrlSigner("s" * 32, "http://pictures.test"))
        self.refuses = refuses
        self.job = ""
        self.tries = 0

    async def put(self, key: str, data: bytes, content_type: str) -> None:
        if key.split("/")[1] == self.job:
            self.tries += 1
            raise self.refuses(f"write {key}", "413: too large")
        await super().put(key, data, content_type)


@pytest.fixture(name="disk")
def mounted(tmp_path: Path) -> Iterator[Path]:
    with small_disk(tmp_path / "disk", 16) as disk:
        yield disk


def objects(root: Path) -> list[Path]:
    # Not `rglob`, which fails where a folder is removed meanwhile.
    return [Path(folder, name) for folder, _, names in os.walk(root) for name in names]


async def some(root: Path, number: int) -> bool:
    """Whether there are so many objects, all of them whole."""
    found = objects(root)
    return len(found) == number and all(path.suffix for path in found)


async def storing(job_queue: JobQueue, new: NewJob) -> bool:
    progress = (await job_queue.job(new.id)).progress
    return progress is not None and progress.stage is Stage.STORING


@pytest.mark.parametrize("trouble", ["full", "read-only"])
async def test_a_picture_on_a_disk_that_takes_none_is_drawn_once(
    job_queue: JobQueue, disk: Path, trouble: str
) -> None:
    renderer, storage = ScriptedRenderer(), FolderStorage(disk, UrlSigner("s" * 32, "http://x"))
    async with job_queue.worker(
        renderer, storage=storage, slots={"local": 1}, heartbeat_s=0.1, lease_s=60, poll_s=0.05
    ):
        filler = fill(disk)
        if trouble == "read-only":
            filler.unlink()
            remount(disk, "ro")
        jobs = [await job_queue.submit() for _ in range(3)]

        await until(lambda: storing(job_queue, jobs[0]))
        assert [(await job_queue.job(job.id)).attempt for job in jobs] == [1, 0, 0]
        if trouble == "read-only":
            remount(disk, "rw")
        else:
            filler.unlink()
        for job in jobs:
            done = await job_queue.becomes(job, JobStatus.COMPLETED)
            assert (done.attempt, done.retry_count) == (1, 0)
    assert len(renderer.renders) == 3


async def test_while_a_picture_waits_nothing_more_is_claimed(
    job_queue: JobQueue, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def noticed() -> bool:
        return "nothing can be stored" in caplog.text

    renderer, storage = ScriptedRenderer(), Refusing(tmp_path / "pictures", 0)
    first = await job_queue.submit()
    async with job_queue.worker(
        renderer, storage=storage, slots={"local": 4}, heartbeat_s=0.05, lease_s=60, poll_s=0.05
    ):
        await storage.refuses(3)
        # At its next heartbeat, which a busy database holds up.
        await until(noticed)
        second, tries = await job_queue.submit(), storage.refused
        await storage.refuses(tries + 20)
        assert (await job_queue.job(second.id)).attempt == 0
        storage.left = 1_000
        for job in (first, second):
            await job_queue.becomes(job, JobStatus.COMPLETED)
    assert len(renderer.renders) == 2


@pytest.mark.parametrize("how", ["cancelled", "lost", "drained"])
async def test_an_attempt_that_does_not_complete_removes_its_objects(
    job_queue: JobQueue, tmp_path: Path, how: str
) -> None:
    root = tmp_path / "pictures"
    storage = Refusing(root, 2)
    new = await job_queue.submit()
    async with job_queue.worker(
        storage=storage,
        slots={"local": 1},
        heartbeat_s=0.1,
        lease_s=60,
        drain_s=0.1 if how == "drained" else 20.0,
    ):
        await until(lambda: some(root, 2))
        match how:
            case "cancelled":
                await job_queue.cancel(new)
                await job_queue.becomes(new, JobStatus.CANCELLED)
            case "lost":
                # As after a rescue, when another worker has claimed it.
                await job_queue.store.database.execute(
                    "UPDATE image_generation_jobs SET attempt = attempt + 1 WHERE id = $1", new.id
                )

        if how != "drained":
            await until(lambda: some(root, 0))
    assert objects(root) == []
    if how == "drained":
        job = await job_queue.job(new.id)
        assert (job.status, job.retry_count) == (JobStatus.QUEUED, 0)


async def test_once_a_cancelled_picture_waits_no_more_the_storage_itself_is_asked(
    job_queue: JobQueue, tmp_path: Path
) -> None:
    renderer, storage = ScriptedRenderer(), Refusing(tmp_path / "pictures", 0)
    new = await job_queue.submit()
    async with job_queue.worker(
        renderer, storage=storage, slots={"local": 1}, heartbeat_s=0.1, lease_s=60, poll_s=0.05
    ):
        await storage.refuses(1)
        await job_queue.cancel(new)
        await job_queue.becomes(new, JobStatus.CANCELLED)
        after, tries = await job_queue.submit(), storage.refused
        await storage.refuses(tries + 2)
        assert (await job_queue.job(after.id)).attempt == 0
        storage.left = 1_000
        await job_queue.becomes(after, JobStatus.COMPLETED)
    assert len(renderer.renders) == 2


async def test_a_waiting_picture_says_that_it_is_being_stored(
    job_queue: JobQueue, tmp_path: Path
) -> None:
    storage = Refusing(tmp_path / "pictures", 0)
    new = await job_queue.submit()
    async with job_queue.worker(storage=storage, heartbeat_s=0.1, lease_s=60):
        await storage.refuses(1)

        await until(lambda: storing(job_queue, new))
        storage.left = 1_000
        await job_queue.becomes(new, JobStatus.COMPLETED)


async def test_a_picture_that_a_storage_never_takes_fails_and_stops_no_other(
    job_queue: JobQueue, tmp_path: Path
) -> None:
    renderer = ScriptedRenderer()
    storage = Choosy(tmp_path / "pictures", StorageRefused)
    first, second = await job_queue.submit(), await job_queue.submit()
    storage.job = str(first.id)
    async with job_queue.worker(
        renderer, storage=storage, slots={"local": 1}, heartbeat_s=0.1, lease_s=60, poll_s=0.05
    ):
        failed = await job_queue.becomes(first, JobStatus.FAILED)
        assert failed.failure is not None
        assert (failed.attempt, failed.failure.reason) == (1, "STORE_FAILED")
        assert "it takes other pictures, and not this one of" in failed.failure.message
        assert "(413: too large)" in failed.failure.message
        await job_queue.becomes(second, JobStatus.COMPLETED)
    assert len(renderer.renders) == 2
    left = [path for path in objects(tmp_path / "pictures") if str(second.id) not in str(path)]
    assert not left


async def test_a_picture_for_which_a_disk_has_no_room_waits_though_others_fit(
    job_queue: JobQueue, tmp_path: Path
) -> None:
    renderer, storage = ScriptedRenderer(), Choosy(tmp_path / "pictures", StorageFull)
    new = await job_queue.submit()
    storage.job = str(new.id)
    async with job_queue.worker(renderer, storage=storage, heartbeat_s=0.1, lease_s=60):

        async def tried() -> bool:
            return storage.tries > 100

        await until(tried)
        assert (await job_queue.job(new.id)).status is JobStatus.PROCESSING
        storage.job = ""
        await job_queue.becomes(new, JobStatus.COMPLETED)
    assert len(renderer.renders) == 1
