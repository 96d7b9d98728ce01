"""Images through the client: submits, watches, waits, cancels, retries, downloads."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path
from urllib.request import urlopen

import grpc
import pytest

from imggen import Character, Client, ImageStatus, ImageType, Job, JobStatus, Stage
from imggen.errors import (
    DataLoss,
    DeadlineExceeded,
    FailedPrecondition,
    JobCancelled,
    JobFailed,
    NotFound,
    Unavailable,
)
from imggen.testing import FakeService
from imggen.v1.errors_pb2 import ErrorReason
from imggen.watching import goes_back

JPEG = b"\xff\xd8\xff"


@pytest.fixture
async def fake() -> AsyncIterator[FakeService]:
    async with FakeService() as fake:
        yield fake


@pytest.fixture
async def client(fake: FakeService) -> AsyncIterator[Client]:
    async with Client(fake.target) as client:
        yield client


@pytest.fixture
async def mia(client: Client) -> Character:
    return await client.create_character(name="Mia")


def fetched(url: str) -> bytes:
    with urlopen(url) as answer:
        data: bytes = answer.read()
        return data


async def test_a_portrait_becomes_the_reference(client: Client, mia: Character) -> None:
    image = await client.wait(await client.generate_portrait(mia, style="watercolor", seed=5))
    assert (image.status, image.seed) == (ImageStatus.IMAGE_STATUS_COMPLETED, 5)
    assert (await client.get_character(mia)).reference_image_id == image.id
    assert (await client.get_image(image)).url == image.url
    assert await client.download(image) == await asyncio.to_thread(fetched, image.url)
    printed = await client.download(image, kind="print")
    assert printed == await asyncio.to_thread(fetched, image.print_url)


async def test_a_scene_shows_the_characters_of_its_page(client: Client, mia: Character) -> None:
    story = await client.create_story(title="The Map", style="anime", pages=["One.", "Two."])
    image = await client.wait(await client.generate_scene(story, 2, characters=[mia]))
    assert (image.page_number, list(image.character_ids)) == (2, [mia.id])
    with pytest.raises(NotFound, match="the story has no page 3; it has 2") as raised:
        await client.generate_scene(story, 3)
    assert raised.value.reason == ErrorReason.ERROR_REASON_PAGE_NOT_FOUND


async def test_a_lineage_has_five_regenerations(client: Client, mia: Character) -> None:
    image = await client.wait(await client.generate_portrait(mia, style="anime"))
    for version in range(2, 7):
        image = await client.wait(await client.regenerate(image, prompt="smiling"))
        assert (image.version, image.regenerations_left) == (version, 6 - version)
    with pytest.raises(FailedPrecondition) as raised:
        await client.regenerate(image)
    assert raised.value.reason == ErrorReason.ERROR_REASON_REGENERATION_LIMIT


async def test_a_watch_ends_with_the_image_and_never_goes_back(
    fake: FakeService, client: Client, mia: Character
) -> None:
    fake.hold()
    job = await client.generate_portrait(mia, style="anime")
    seen = []
    async for snapshot in client.watch(job):
        fake.release()
        seen.append(snapshot)
    assert seen[0].job.status == JobStatus.JOB_STATUS_QUEUED
    assert seen[-1].image.id == job.image_id
    fractions = [snapshot.job.fraction for snapshot in seen]
    assert fractions == sorted(fractions)
    assert Stage.STAGE_RENDERING in {snapshot.job.stage for snapshot in seen}


async def test_a_watch_resumes_after_a_restart_of_the_server(
    fake: FakeService, client: Client, mia: Character
) -> None:
    fake.hold()
    job = await client.generate_portrait(mia, style="anime")
    statuses: list[int] = []
    async with aclosing(client.watch(job)) as snapshots:
        async for snapshot in snapshots:
            if not statuses:
                await fake.restart()
                fake.release()
            statuses.append(snapshot.job.status)
    assert statuses[-1] == JobStatus.JOB_STATUS_COMPLETED
    assert len(fake.requests("WatchJob")) >= 2


async def test_a_watch_resumes_after_a_broken_connection(
    fake: FakeService, client: Client, mia: Character
) -> None:
    job = await client.generate_portrait(mia, style="anime")
    fake.lose_next_answer("WatchJob")
    assert (await client.wait(job)).id == job.image_id
    assert len(fake.requests("WatchJob")) == 2


async def test_a_watch_without_patience_gives_up(fake: FakeService, mia: Character) -> None:
    fake.hold()
    async with Client(fake.target, patience=0) as client:
        job = await client.generate_portrait(mia, style="anime")
        for _ in range(50):
            fake.fail_next(ErrorReason.ERROR_REASON_DATABASE_UNAVAILABLE, method="WatchJob")
        with pytest.raises(Unavailable) as raised:
            await client.wait(job)
    assert raised.value.reason == ErrorReason.ERROR_REASON_DATABASE_UNAVAILABLE


@pytest.mark.parametrize(
    ("seen", "now", "back"),
    [
        (
            Job(attempt=1, status=JobStatus.JOB_STATUS_PROCESSING, fraction=0.5),
            Job(attempt=0),
            True,
        ),
        (
            Job(attempt=1, status=JobStatus.JOB_STATUS_PROCESSING, fraction=0.5),
            Job(attempt=1, status=JobStatus.JOB_STATUS_PROCESSING, fraction=0.4),
            True,
        ),
        (
            Job(attempt=1, status=JobStatus.JOB_STATUS_PROCESSING, fraction=0.5),
            Job(attempt=2, status=JobStatus.JOB_STATUS_PROCESSING, fraction=0),
            False,
        ),
        (
            Job(attempt=1, status=JobStatus.JOB_STATUS_PROCESSING, fraction=0.5),
            Job(attempt=1, status=JobStatus.JOB_STATUS_QUEUED, fraction=0),
            False,
        ),
    ],
)
def test_a_snapshot_goes_back_by_its_attempt_and_its_progress(
    seen: Job, now: Job, back: bool
) -> None:
    assert goes_back(seen, now) is back


async def test_a_failed_job_raises_its_reason_and_can_be_retried(
    fake: FakeService, client: Client, mia: Character
) -> None:
    fake.fail_next_job(ErrorReason.ERROR_REASON_CONTENT_INVALID)
    job = await client.generate_portrait(mia, style="anime")
    with pytest.raises(JobFailed) as raised:
        await client.wait(job)
    assert raised.value.reason == ErrorReason.ERROR_REASON_CONTENT_INVALID
    assert raised.value.job.job_id == job.job_id
    retried = await client.retry(job, priority=1)
    assert (retried.status, retried.priority) == (JobStatus.JOB_STATUS_QUEUED, 1)
    assert (await client.wait(job)).id == job.image_id
    with pytest.raises(FailedPrecondition) as refused:
        await client.retry(job)
    assert refused.value.reason == ErrorReason.ERROR_REASON_JOB_NOT_RETRYABLE


async def test_a_waiting_job_is_cancelled_at_once(
    fake: FakeService, client: Client, mia: Character
) -> None:
    fake.hold()
    job = await client.generate_portrait(mia, style="anime")
    assert (await client.cancel(job)).status == JobStatus.JOB_STATUS_CANCELLED
    with pytest.raises(JobCancelled):
        await client.wait(job)
    assert (await client.cancel(job)).status == JobStatus.JOB_STATUS_CANCELLED


async def test_a_completed_job_cannot_be_cancelled(client: Client, mia: Character) -> None:
    job = await client.generate_portrait(mia, style="anime")
    await client.wait(job)
    with pytest.raises(FailedPrecondition) as refused:
        await client.cancel(job)
    assert refused.value.reason == ErrorReason.ERROR_REASON_JOB_ENDED


async def test_a_running_job_is_cancelled_before_its_next_step(
    fake: FakeService, client: Client, mia: Character
) -> None:
    job = await client.generate_portrait(mia, style="anime")
    async with aclosing(client.watch(job)) as snapshots:
        async for snapshot in snapshots:
            if snapshot.job.status == JobStatus.JOB_STATUS_PROCESSING and not fake.requests(
                "CancelJob"
            ):
                fake.hold()
                assert (await client.cancel(job)).cancel_requested
    with pytest.raises(JobCancelled):
        await client.wait(job)


async def test_a_wait_that_times_out_leaves_the_job_running(
    fake: FakeService, client: Client, mia: Character
) -> None:
    fake.hold()
    job = await client.generate_portrait(mia, style="anime")
    with pytest.raises(DeadlineExceeded, match=r"has not ended within 0\.05 s; it continues"):
        await client.wait(job, timeout=0.05)
    fake.release()
    assert (await client.wait(job)).id == job.image_id


async def test_a_cancelled_wait_stays_a_cancellation(
    fake: FakeService, client: Client, mia: Character
) -> None:
    fake.hold()
    waiting = asyncio.create_task(client.wait(await client.generate_portrait(mia, style="anime")))
    async with asyncio.timeout(20):
        while not fake.requests("WatchJob"):
            await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting


async def test_lists_are_filtered_by_names(client: Client, mia: Character) -> None:
    story = await client.create_story(title="The Map", style="anime", pages=["One.", "Two."])
    portrait = await client.wait(await client.generate_portrait(mia, style="anime"))
    scene_job = await client.generate_scene(story, 1, characters=[mia])
    scene = await client.wait(scene_job)

    async def ids(**filters: object) -> list[str]:
        return [image.id async for image in client.list_images(**filters)]  # type: ignore[arg-type]

    assert await ids() == [scene.id, portrait.id]
    assert await ids(type="portrait") == [portrait.id]
    assert await ids(type=ImageType.IMAGE_TYPE_SCENE) == [scene.id]
    assert await ids(status="failed") == []
    assert await ids(character=mia, story=story) == [scene.id]
    assert await ids(story=story.id, page=story.pages[1]) == []
    assert await ids(page=story.pages[0].id) == [scene.id]
    assert await ids(story=story, page=1) == [scene.id]
    assert await ids(story=story, page=2) == []
    with pytest.raises(NotFound):
        await ids(story=story, page=3)
    assert [job.job_id async for job in client.list_jobs(story=story)] == [scene_job.job_id]
    assert [job async for job in client.list_jobs(statuses=["queued", "failed"])] == []
    assert (await client.get_job(scene_job)).status == JobStatus.JOB_STATUS_COMPLETED


async def test_lists_are_filtered_by_one_pair_of_metadata(client: Client, mia: Character) -> None:
    jobs = [
        await client.generate_portrait(mia, style="anime", metadata={"order": order, "by": "Ida"})
        for order in ("1", "2")
    ]
    found = [job async for job in client.list_jobs(metadata={"order": "2"})]
    assert [(job.job_id, dict(job.metadata)) for job in found] == [
        (jobs[1].job_id, {"order": "2", "by": "Ida"})
    ]
    images = [image.id async for image in client.list_images(metadata={"by": "Ida"})]
    assert images == [job.image_id for job in reversed(jobs)]
    with pytest.raises(ValueError, match="a list is filtered by one pair, not 2"):
        client.list_jobs(metadata={"order": "2", "by": "Ida"})


async def test_a_deleted_image_is_gone_and_its_job_cancelled(
    fake: FakeService, client: Client, mia: Character
) -> None:
    fake.hold()
    job = await client.generate_portrait(mia, style="anime")
    await client.delete_image(job.image_id)
    with pytest.raises(NotFound):
        await client.get_image(job.image_id)
    with pytest.raises(JobCancelled):
        await client.wait(job)


async def test_a_download_is_bytes_or_a_file(
    client: Client, mia: Character, tmp_path: Path
) -> None:
    image = await client.wait(await client.generate_portrait(mia, style="anime"))
    data = await client.download(image)
    assert data.startswith(JPEG)
    assert await client.download(image, tmp_path / "mia.png") == tmp_path / "mia.png"
    assert (tmp_path / "mia.png").read_bytes() == data
    assert await client.download(image, kind="thumbnail") != data
    assert [path.name for path in tmp_path.iterdir()] == ["mia.png"]


async def test_a_download_with_another_checksum_keeps_the_existing_file(
    fake: FakeService, client: Client, mia: Character, tmp_path: Path
) -> None:
    image = await client.wait(await client.generate_portrait(mia, style="anime"))
    target = tmp_path / "mia.png"
    target.write_bytes(b"before")
    fake.spoil_next_download()
    with pytest.raises(DataLoss, match="SHA-256"):
        await client.download(image, target)
    assert target.read_bytes() == b"before"
    assert [path.name for path in tmp_path.iterdir()] == ["mia.png"]


@pytest.mark.parametrize("code", [grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.INTERNAL])
async def test_a_download_that_is_cut_off_begins_again(
    fake: FakeService, client: Client, mia: Character, tmp_path: Path, code: grpc.StatusCode
) -> None:
    image = await client.wait(await client.generate_portrait(mia, style="anime"))
    data = await client.download(image)
    asked = len(fake.requests("DownloadImage"))
    for method in (client.download(image), client.download(image, tmp_path / "mia.png")):
        fake.break_next(code, "DownloadImage")
        fake.break_next(code, "DownloadImage")
        got = await method
        assert (got.read_bytes() if isinstance(got, Path) else got) == data
    assert len(fake.requests("DownloadImage")) == asked + 6
    assert [path.name for path in tmp_path.iterdir()] == ["mia.png"]


async def test_a_download_that_is_always_cut_off_leaves_what_was_there(
    fake: FakeService, client: Client, mia: Character, tmp_path: Path
) -> None:
    image = await client.wait(await client.generate_portrait(mia, style="anime"))
    target = tmp_path / "mia.png"
    target.write_bytes(b"before")
    for _ in range(20):
        fake.break_next(grpc.StatusCode.UNAVAILABLE, "DownloadImage")
    async with Client(fake.target, patience=0.1) as impatient:
        await impatient.get_image(image.id)
        with pytest.raises(Unavailable):
            await impatient.download(image, target)
    assert target.read_bytes() == b"before"
    assert [path.name for path in tmp_path.iterdir()] == ["mia.png"]


async def test_an_image_without_bytes_cannot_be_downloaded(
    fake: FakeService, client: Client, mia: Character
) -> None:
    fake.hold()
    job = await client.generate_portrait(mia, style="anime")
    with pytest.raises(FailedPrecondition) as raised:
        await client.download(job.image_id)
    assert raised.value.reason == ErrorReason.ERROR_REASON_IMAGE_NOT_READY
