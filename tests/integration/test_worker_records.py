"""An attempt that takes a job over goes on from the last record of the one before it."""

import asyncio
import hashlib
import logging
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from actors.engine.render import PictureBroken, RecordPace, RenderRequest
from actors.testing.scripted import ScriptedRenderer
from actors.worker.records import JobRecords
from imggen.v1.errors_pb2 import ErrorReason
from server.domain.jobs import Claim, NewJob
from server.domain.states import JobStatus
from server.errors import Unavailable
from server.storage import StorageUnavailable, object_key
from server.storage.folder import FolderStorage
from server.storage.urls import UrlSigner
from tests.integration.job_queue import STEPS, JobQueue, Stall, failing, storage_in, until

LATE, EVERY = STEPS - 2, 5
KEPT = LATE - 1 - (LATE - 1) % EVERY
"""The step of the last record before the late one."""
SETTINGS: dict[str, Any] = {"record_steps": EVERY, "record_after_s": 0, "slots": {"local": 1}}
LOST = Unavailable("the diffuser was lost", ErrorReason.ERROR_REASON_RENDER_FAILED)


class Fails:
    """A script that fails at a late step, once the record before it is stored."""

    def __init__(self, folder: Path, error: Exception, times: int = 1) -> None:
        self.left = times
        self._folder = folder
        self._error = error

    async def __call__(self, _request: RenderRequest, step: int) -> None:
        if step == LATE and self.left:
            self.left -= 1
            await until(lambda: stored(self._folder))
            raise self._error


def records(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*.safetensors"))


async def stored(folder: Path) -> bool:
    """Whether the storage has one record, that of the last step which had one."""
    return [f'"step": {KEPT}'.encode() in path.read_bytes() for path in records(folder)] == [True]


async def picture(job_queue: JobQueue, new: NewJob) -> str:
    """Returns the checksum of a job's picture as the model drew it."""
    row = await job_queue.store.database.fetchrow(
        "SELECT sha256 FROM assets WHERE job_id = $1 AND kind = 'original'", new.id
    )
    assert row is not None
    return str(row["sha256"])


def lines(caplog: pytest.LogCaptureFixture, event: str) -> list[logging.LogRecord]:
    return [line for line in caplog.records if line.message == event]


async def test_a_render_whose_replica_is_lost_goes_on_from_its_last_record(
    job_queue: JobQueue, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    renderer = ScriptedRenderer(script=Fails(job_queue.folder, LOST))
    async with job_queue.worker(renderer, **SETTINGS):
        interrupted = await job_queue.submit()
        done = await job_queue.becomes(interrupted, JobStatus.COMPLETED)
        assert done.attempt == 2
        whole = await job_queue.submit()
        await job_queue.becomes(whole, JobStatus.COMPLETED)
        await until(lambda: gone(job_queue.folder))
    assert [one.began_at for one in renderer.renders] == [0, KEPT, 0]
    # Of the steps before the loss, so many were taken twice.
    assert LATE - 1 - KEPT <= EVERY
    assert await picture(job_queue, interrupted) == await picture(job_queue, whole)
    [line] = lines(caplog, "render goes on")
    assert (line.__dict__["step"], line.__dict__["steps"]) == (KEPT, STEPS)


async def gone(folder: Path) -> bool:
    return not records(folder)


async def test_a_render_of_a_drained_worker_goes_on_at_another(job_queue: JobQueue) -> None:
    stall = Stall(LATE)
    first, second = ScriptedRenderer(script=stall), ScriptedRenderer()
    new = await job_queue.submit()
    async with job_queue.worker(first, name="first", drain_s=0.1, **SETTINGS):
        await stall.reached.wait()
        await until(lambda: stored(job_queue.folder))
    async with job_queue.worker(second, name="second", **SETTINGS):
        await job_queue.becomes(new, JobStatus.COMPLETED)
    assert [one.began_at for one in second.renders] == [KEPT]
    assert records(job_queue.folder) == []


async def test_the_records_of_a_cancelled_job_are_removed(job_queue: JobQueue) -> None:
    stall = Stall(LATE)
    new = await job_queue.submit()
    async with job_queue.worker(ScriptedRenderer(script=stall), heartbeat_s=0.1, **SETTINGS):
        await stall.reached.wait()
        await until(lambda: stored(job_queue.folder))
        await job_queue.cancel(new)
        await job_queue.becomes(new, JobStatus.CANCELLED)
    assert records(job_queue.folder) == []


async def test_the_records_of_a_failed_job_are_removed(job_queue: JobQueue) -> None:
    renderer = ScriptedRenderer(script=Fails(job_queue.folder, LOST, times=100))
    new = await job_queue.submit()
    async with job_queue.worker(renderer, **SETTINGS):
        await job_queue.becomes(new, JobStatus.FAILED)
    assert [one.began_at for one in renderer.renders][:2] == [0, KEPT]
    assert records(job_queue.folder) == []


async def test_a_broken_picture_is_drawn_anew(job_queue: JobQueue) -> None:
    broken = Fails(job_queue.folder, PictureBroken("it is black"))
    renderer = ScriptedRenderer(script=broken)
    new = await job_queue.submit()
    async with job_queue.worker(renderer, **SETTINGS):
        await job_queue.becomes(new, JobStatus.COMPLETED)
    assert [(one.began_at, one.request.record) for one in renderer.renders] == [(0, b"")] * 2


async def test_without_the_setting_there_are_no_records(job_queue: JobQueue) -> None:
    renderer = ScriptedRenderer(script=failing(LOST, times=1))
    new = await job_queue.submit()
    async with job_queue.worker(renderer, **SETTINGS | {"record_steps": 0}):
        await job_queue.becomes(new, JobStatus.COMPLETED)
    assert [one.request.records.every for one in renderer.renders] == [0, 0]
    assert records(job_queue.folder) == []


class NoRecordsTaken(FolderStorage):
    """A folder that takes pictures, and fails for records."""

    def __init__(self, root: Path, error: Exception) -> None:
        super().__init__(root, UrlSigner("s" * 32, "http://pictures.test"))
        self._error = error

    async def put(self, key: str, data: bytes, content_type: str) -> None:
        if key.endswith(".safetensors"):
            raise self._error
        await super().put(key, data, content_type)


@pytest.mark.parametrize(
    "error", [StorageUnavailable("write", "403"), OSError("a fault of its own")], ids=repr
)
async def test_a_storage_that_fails_for_records_costs_one_line(
    job_queue: JobQueue, tmp_path: Path, caplog: pytest.LogCaptureFixture, error: Exception
) -> None:
    new = await job_queue.submit()
    stall = Stall(LATE)
    renderer = ScriptedRenderer(script=stall)
    async with job_queue.worker(
        renderer, storage=NoRecordsTaken(tmp_path / "no", error), **SETTINGS
    ):
        await stall.reached.wait()
        await until(lambda: told(caplog, "record not kept"))
        stall.resume.set()
        done = await job_queue.becomes(new, JobStatus.COMPLETED)
    assert done.attempt == 1
    assert len(lines(caplog, "record not kept")) == 1


async def told(caplog: pytest.LogCaptureFixture, event: str) -> bool:
    return bool(lines(caplog, event))


@pytest.fixture
async def claim(job_queue: JobQueue) -> Claim:
    await job_queue.submit()
    return await job_queue.claim_as_lost_worker()


def a_key(claim: Claim, record: bytes) -> str:
    of = (claim.user_id, claim.job_id, claim.attempt)
    return object_key(*of, record, "application/octet-stream")


async def keep(kept: JobRecords, claim: Claim, record: bytes, folder: Path) -> None:
    """Keeps a record as an attempt does, and waits until it is the attempt's only one."""
    path, there = folder / a_key(claim, record), 1

    async def alone() -> bool:
        return path.exists() and len(list(path.parent.iterdir())) == there

    async with kept.keeping(claim) as keeping:
        keeping.keep(record)
        await until(alone)


async def test_an_attempt_that_lost_its_lease_changes_nothing_of_the_next_one(
    claim: Claim, tmp_path: Path
) -> None:
    folder, pace = tmp_path / "records", RecordPace(every=1)
    stale, second, third = (replace(claim, attempt=number) for number in (1, 2, 3))
    async with storage_in(folder) as storage:
        mine, other = JobRecords(storage, pace), JobRecords(storage, pace)
        await keep(mine, second, b"of the second", folder)
        # It wakes up late, writes what it has, and ends.
        await keep(other, stale, b"of the first, later", folder)
        async with mine.keeping(third) as keeping:
            assert await keeping.left() == b"of the second"
        async with mine.keeping(second) as keeping:
            assert await keeping.left() == b"of the first, later"
        await other.remove(stale)
        assert (folder / a_key(second, b"of the second")).exists()
        async with mine.keeping(second) as keeping:
            assert await keeping.left() == b""
        await mine.remove(third)
        assert records(folder) == []


async def test_the_newest_record_replaces_the_one_before(claim: Claim, tmp_path: Path) -> None:
    folder = tmp_path / "records"
    async with storage_in(folder) as storage:
        kept = JobRecords(storage, RecordPace(every=1))
        async with kept.keeping(claim) as keeping:
            for record in (b"1", b"2", b"3"):
                keeping.keep(record)
                await until(lambda record=record: only(folder, record))  # type: ignore[misc]
        await kept.leave(claim)
        async with kept.keeping(replace(claim, attempt=2)) as keeping:
            assert await keeping.left() == b"3"


async def only(folder: Path, record: bytes) -> bool:
    digest = hashlib.sha256(record).hexdigest()
    return [path.stem for path in records(folder)] == [digest]


async def test_a_damaged_record_is_left_out(claim: Claim, tmp_path: Path) -> None:
    folder = tmp_path / "records"
    async with storage_in(folder) as storage:
        kept = JobRecords(storage, RecordPace(every=1))
        await keep(kept, claim, b"whole", folder)
        await keep(kept, replace(claim, attempt=2), b"newer", folder)
        (folder / a_key(replace(claim, attempt=2), b"newer")).write_bytes(b"new")
        async with kept.keeping(replace(claim, attempt=3)) as keeping:
            assert await keeping.left() == b"whole"


class Slow(FolderStorage):
    """A folder whose writes never end."""

    def __init__(self, root: Path) -> None:
        super().__init__(root, UrlSigner("s" * 32, "http://pictures.test"))
        self.asked = asyncio.Event()
        self.waits = asyncio.Event()

    async def put(self, key: str, data: bytes, content_type: str) -> None:
        self.asked.set()
        await self.waits.wait()
        await super().put(key, data, content_type)


async def test_a_slow_storage_holds_up_no_render_and_gets_the_newest_record(
    claim: Claim, tmp_path: Path
) -> None:
    folder = tmp_path / "records"
    async with Slow(folder) as storage:
        kept = JobRecords(storage, RecordPace(every=1))
        async with kept.keeping(claim) as keeping:
            keeping.keep(b"1")
            await storage.asked.wait()
            keeping.keep(b"2")
            keeping.keep(b"3")
            storage.waits.set()
            await until(lambda: only(folder, b"3"))
        await kept.remove(claim)
        assert records(folder) == []
