"""What callers see of the picture gate: a real worker and a gateway, over gRPC."""

import asyncio
from pathlib import Path

import pytest

from actors.testing.classifying import ScriptedPictures
from imggen.v1 import errors_pb2, event_pb2, image_pb2, job_pb2
from imggen.v1.generation_pb2 import GenerationOptions
from server.domain.jobs import Progress
from server.domain.states import Stage
from server.store.signals import CHANGED
from tests.integration.callers import Caller
from tests.integration.gateway_fixture import GatewayFixture, open_gateway_fixture
from tests.integration.job_queue import JobQueue, until

CHECKED = image_pb2.PICTURE_CHECK_CHECKED
NOT_CHECKED = image_pb2.PICTURE_CHECK_NOT_CHECKED
UNKNOWN = image_pb2.PICTURE_CHECK_UNSPECIFIED
REUSE = GenerationOptions(allow_reuse=True)
BY = ScriptedPictures.name


async def image_of(mia: Caller, job: job_pb2.Job) -> image_pb2.Image:
    """Returns the image of a job."""
    return await mia.get_image(job.image_id)


async def ended(mia: Caller, job: job_pb2.Job) -> job_pb2.WatchJobResponse:
    """Returns the last snapshot of a job."""
    shots = [shot async for shot in mia.watch(job.job_id)]
    last: job_pb2.WatchJobResponse = shots[-1]
    return last


async def changes(mia: Caller, image_id: str) -> list[event_pb2.ImageChange]:
    """Returns the changes of an image, up to its end."""
    found = []
    async for answer in mia.follow("oldest", event_pb2.EVENT_KIND_IMAGE):
        change = answer.event.image
        if change.image_id == image_id:
            found.append(change)
            if change.status != image_pb2.IMAGE_STATUS_GENERATING:
                break
    return found


async def header(mia: Caller, image_id: str) -> image_pb2.AssetHeader:
    """Returns what a download says before its bytes."""
    request = image_pb2.DownloadImageRequest(image_id=image_id)
    async for part in mia.images.DownloadImage(request, metadata=mia.metadata):
        found: image_pb2.AssetHeader = part.header
        return found
    raise AssertionError("no header came")


@pytest.mark.parametrize(
    ("looks", "check", "by"),
    [(ScriptedPictures(), CHECKED, BY), (None, NOT_CHECKED, "")],
    ids=["checked", "not checked"],
)
async def test_an_image_its_event_and_its_download_say_whether_it_was_checked(
    gateway: GatewayFixture,
    mia: Caller,
    job_queue: JobQueue,
    looks: ScriptedPictures | None,
    check: image_pb2.PictureCheck.ValueType,
    by: str,
) -> None:
    job = await mia.portrait()
    waiting = await image_of(mia, job)
    assert (waiting.picture_check, waiting.checked_by) == (UNKNOWN, "")
    async with job_queue.worker(pictures=looks, poll_s=0.05):
        shown = (await ended(mia, job)).image
    for one in (shown, await image_of(mia, job), await header(mia, job.image_id)):
        assert (one.picture_check, one.checked_by) == (check, by)
    begun, done = await changes(mia, job.image_id)
    assert (begun.picture_check, begun.checked_by) == (UNKNOWN, "")
    assert (done.picture_check, done.checked_by) == (check, by)


async def test_a_refused_job_tells_stage_and_category_and_shows_nothing(
    gateway: GatewayFixture, mia: Caller, job_queue: JobQueue
) -> None:
    job = await mia.portrait()
    async with job_queue.worker(
        pictures=ScriptedPictures({0: ("sexual", "violence")}), poll_s=0.05
    ):
        last = await ended(mia, job)
    assert last.job.status == job_pb2.JOB_STATUS_FAILED
    assert last.job.error.reason == errors_pb2.ERROR_REASON_CONTENT_POLICY
    told = "checked at the picture stage, the picture was refused for sexual, violence"
    assert last.job.error.message.startswith(told)
    image = await image_of(mia, job)
    assert (image.url, image.picture_check, image.is_reference) == ("", UNKNOWN, False)
    request = image_pb2.DownloadImageRequest(image_id=job.image_id)
    refused = await mia.refused(mia.images.DownloadImage, request)
    assert refused.reason == "IMAGE_NOT_READY"


async def test_a_caller_sees_why_a_job_waits_for_the_classifier(
    gateway: GatewayFixture, mia: Caller, job_queue: JobQueue
) -> None:
    job, looks = await mia.portrait(), ScriptedPictures()
    looks.closed = True
    async with job_queue.worker(pictures=looks, poll_s=0.05):

        async def told() -> job_pb2.Job | None:
            now = await mia.get_job(job.job_id)
            return now if now.HasField("error") and not now.stage else None

        waiting = await until(told)
    assert waiting.status == job_pb2.JOB_STATUS_QUEUED
    assert waiting.error.reason == errors_pb2.ERROR_REASON_CHECK_UNAVAILABLE
    assert waiting.retry_count == 0


async def test_a_preview_says_whether_it_was_checked(gateway: GatewayFixture, mia: Caller) -> None:
    job = await mia.portrait()
    claim = await gateway.claim()
    watch = mia.watch(job.job_id, previews=True)
    async with asyncio.timeout(30):
        assert (await watch.read()).preview_check == UNKNOWN
        for number, (by, check) in enumerate([("", NOT_CHECKED), (BY, CHECKED)], 1):
            progress = Progress(number, Stage.RENDERING, number, 20, number / 20)
            await gateway.store.leases.report(claim, progress, b"jpeg", by)
            gateway.signals.say(CHANGED, job.job_id)
            while not (shot := await watch.read()).preview:
                pass
            assert shot.preview_check == check


@pytest.mark.parametrize(("safety", "answered"), [("none", True), ("openai", False)])
async def test_a_picture_that_was_not_checked_answers_nobody_where_pictures_are_checked(
    database: str, tmp_path: Path, safety: str, answered: bool
) -> None:
    opened = open_gateway_fixture(database, tmp_path / "pixels", image_safety=safety)
    async with opened as gateway:
        mia = gateway.caller()
        character = (await mia.create_character()).id
        drawn = await gateway.draw(await mia.portrait(character, seed=7))
        again = await mia.portrait(character, seed=7, options=REUSE)
        assert again.reused_from_image_id == (drawn.image_id if answered else "")


async def test_a_picture_that_was_checked_answers_and_says_so(
    database: str, tmp_path: Path
) -> None:
    opened = open_gateway_fixture(database, tmp_path / "pixels", image_safety="openai")
    async with opened as gateway:
        mia = gateway.caller()
        character = (await mia.create_character()).id
        drawn = await mia.portrait(character, seed=7)
        await gateway.complete(await gateway.claim(), checked_by=BY)
        again = await mia.portrait(character, seed=7, options=REUSE)
        assert again.reused_from_image_id == drawn.image_id
        image = await mia.get_image(again.image_id)
        assert (image.picture_check, image.checked_by) == (CHECKED, BY)
        [done] = await changes(mia, again.image_id)
        assert (done.picture_check, done.checked_by) == (CHECKED, BY)


async def test_a_story_reuses_only_pictures_that_were_checked(
    database: str, tmp_path: Path
) -> None:
    opened = open_gateway_fixture(database, tmp_path / "pixels", image_safety="openai")
    async with opened as gateway:
        mia = gateway.caller()
        story = await mia.create_story("A boat.", "A hill.")
        words = GenerationOptions(allow_reuse=True, use_references=False)
        batch = await mia.generate_story(story.id, options=words)
        for by in ("", BY):
            await gateway.complete(await gateway.claim(), checked_by=by)
        again = await mia.generate_story(story.id, options=words)
        assert batch.batch_id != again.batch_id
        parts = (await mia.get_batch(again.batch_id)).images
        assert sorted(bool(one.job.reused_from_image_id) for one in parts) == [False, True]
