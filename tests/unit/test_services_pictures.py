"""Pictures: asking for them, following their jobs, and having them."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, cast
from uuid import uuid4

import pytest

from imggen.v1 import generation_pb2, image_pb2, job_pb2
from server.errors import FailedPrecondition, InvalidRequest, NotFound
from server.identity.caller import Role, serve_as
from tests.unit.scripted import (
    character_row,
    image_row,
    job_row,
    somebody,
    story_row,
    take_jobs,
)
from tests.unit.servicers import NO_CONTEXT, Gateway, digest, wrong


@pytest.fixture
async def gateway(tmp_path: Path) -> AsyncIterator[Gateway]:
    gateway = Gateway(tmp_path)
    async with gateway.storage:
        yield gateway


async def test_a_portrait_is_answered_with_its_job(gateway: Gateway) -> None:
    take_jobs(gateway.database)
    mia = character_row(gateway.caller.user_id)
    gateway.database.answer("FROM characters", mia)
    request = generation_pb2.GeneratePortraitRequest(character_id=str(mia["id"]), style="anime")
    answer = await gateway.generation.GeneratePortrait(request, NO_CONTEXT)
    assert (answer.job.status, answer.job.model) == (job_pb2.JOB_STATUS_QUEUED, "storybook")


async def test_a_scene_is_answered_with_its_job(gateway: Gateway) -> None:
    take_jobs(gateway.database)
    story = story_row(("A hill.", "", []), style="oil")
    gateway.database.answer("FROM stories", story)
    request = generation_pb2.GenerateSceneRequest(story_id=str(story["id"]), page_number=1)
    answer = await gateway.generation.GenerateScene(request, NO_CONTEXT)
    assert answer.job.kind == job_pb2.JOB_KIND_SCENE


async def test_a_repeated_request_is_answered_though_what_it_names_is_gone(
    gateway: Gateway,
) -> None:
    request = generation_pb2.GeneratePortraitRequest(
        character_id=str(uuid4()), style="anime", request_id=str(uuid4())
    )
    earlier = job_row(request_hash=digest(request))
    gateway.database.answer("FROM image_generation_jobs", earlier)
    gateway.database.answer("AS waiting")
    answer = await gateway.generation.GeneratePortrait(request, NO_CONTEXT)
    assert answer.job.job_id == str(earlier["id"])


async def test_an_image_that_is_not_there_cannot_be_drawn_again(gateway: Gateway) -> None:
    request = generation_pb2.RegenerateImageRequest(image_id=str(uuid4()))
    with pytest.raises(NotFound):
        await gateway.generation.RegenerateImage(request, NO_CONTEXT)


async def test_a_job_is_shown(gateway: Gateway) -> None:
    row = job_row(status="cancelled")
    gateway.database.answer("FROM image_generation_jobs j", row)
    answer = await gateway.jobs.GetJob(job_pb2.GetJobRequest(job_id=str(row["id"])), NO_CONTEXT)
    assert answer.job.status == job_pb2.JOB_STATUS_CANCELLED


async def test_jobs_are_listed_by_page_and_filter(gateway: Gateway) -> None:
    gateway.database.answer("FROM image_generation_jobs j", job_row(), job_row())
    request = job_pb2.ListJobsRequest(page_size=1, status=job_pb2.JOB_STATUS_QUEUED)
    answer = await gateway.jobs.ListJobs(request, NO_CONTEXT)
    assert len(answer.jobs) == 1
    assert answer.next_page_token
    [statement] = gateway.database.ran("LIMIT $6")
    assert statement.args[1] == "queued"


async def test_a_filter_that_is_none_is_refused(gateway: Gateway) -> None:
    request = job_pb2.ListJobsRequest(status=cast(Any, 99), story_id="x", page_token="x")
    with pytest.raises(InvalidRequest) as caught:
        await gateway.jobs.ListJobs(request, NO_CONTEXT)
    assert wrong(caught).keys() == {"status", "story_id", "page_token"}


async def test_a_waiting_job_is_cancelled_and_its_watchers_are_told(gateway: Gateway) -> None:
    row = job_row(status="cancelled")
    gateway.database.answer("FROM image_generation_jobs j", row)
    gateway.database.answer("cancel_requested = true", {"id": row["id"]})
    request = job_pb2.CancelJobRequest(job_id=str(row["id"]))
    answer = await gateway.jobs.CancelJob(request, NO_CONTEXT)
    assert answer.job.status == job_pb2.JOB_STATUS_CANCELLED
    assert await gateway.changed() == [row["id"]]


async def test_a_job_that_has_ended_cannot_be_cancelled(gateway: Gateway) -> None:
    gateway.database.answer("FROM image_generation_jobs j", job_row(status="completed"))
    with pytest.raises(FailedPrecondition, match="has ended, completed"):
        await gateway.jobs.CancelJob(job_pb2.CancelJobRequest(job_id=str(uuid4())), NO_CONTEXT)


async def test_a_failed_job_is_queued_again(gateway: Gateway) -> None:
    gateway.database.answer("FROM image_generation_jobs j", job_row())
    gateway.database.answer("sum(estimated_micros) AS micros FROM job", {"micros": 0})
    request = job_pb2.RetryJobRequest(job_id=str(uuid4()), priority=3)
    answer = await gateway.jobs.RetryJob(request, NO_CONTEXT)
    assert answer.job.status == job_pb2.JOB_STATUS_QUEUED


@pytest.mark.parametrize(
    ("status", "words"), [("failed", "its image was deleted"), ("queued", "only a failed")]
)
async def test_a_job_that_cannot_be_queued_again_says_why(
    gateway: Gateway, status: str, words: str
) -> None:
    gateway.database.answer("FROM image_generation_jobs j", job_row(status=status))
    with pytest.raises(FailedPrecondition, match=words):
        await gateway.jobs.RetryJob(job_pb2.RetryJobRequest(job_id=str(uuid4())), NO_CONTEXT)


async def test_only_an_admin_may_raise_a_priority_beyond_the_bound(gateway: Gateway) -> None:
    request = job_pb2.RetryJobRequest(job_id=str(uuid4()), priority=9)
    with pytest.raises(InvalidRequest) as caught:
        await gateway.jobs.RetryJob(request, NO_CONTEXT)
    assert wrong(caught) == {"priority": "PRIORITY_NOT_ALLOWED"}
    serve_as(somebody(Role.ADMIN))
    with pytest.raises(NotFound):
        await gateway.jobs.RetryJob(request, NO_CONTEXT)


async def test_a_job_of_nobody_is_not_found(gateway: Gateway) -> None:
    with pytest.raises(NotFound, match="you have no job"):
        await gateway.jobs.GetJob(job_pb2.GetJobRequest(job_id=str(uuid4())), NO_CONTEXT)


async def test_an_image_is_shown_and_listed(gateway: Gateway) -> None:
    row = image_row()
    gateway.database.answer("FROM images i", row)
    request = image_pb2.GetImageRequest(image_id=str(row["id"]))
    shown = (await gateway.images.GetImage(request, NO_CONTEXT)).image
    listed = await gateway.images.ListImages(
        image_pb2.ListImagesRequest(story_id=str(uuid4()), page_number=2), NO_CONTEXT
    )
    assert [image.id for image in listed.images] == [shown.id] == [str(row["id"])]


async def test_filters_of_images_that_say_nothing_are_refused(gateway: Gateway) -> None:
    with pytest.raises(InvalidRequest) as caught:
        await gateway.images.ListImages(image_pb2.ListImagesRequest(page_number=-1), NO_CONTEXT)
    assert wrong(caught) == {"page_number": "FIELD_OUT_OF_RANGE", "story_id": "FIELD_REQUIRED"}


async def test_deleting_an_image_stops_its_job(gateway: Gateway) -> None:
    job = uuid4()
    gateway.database.answer("SET deleted_at", {"id": job})
    request = image_pb2.DeleteImageRequest(image_id=str(uuid4()))
    await gateway.images.DeleteImage(request, NO_CONTEXT)
    assert await gateway.changed() == [job]
    gateway.database.answer("SET deleted_at")
    with pytest.raises(NotFound):
        await gateway.images.DeleteImage(request, NO_CONTEXT)


async def test_a_download_says_what_it_is_and_then_streams_it(gateway: Gateway) -> None:
    key = f"{uuid4()}/{uuid4()}/1/{'0' * 64}.png"
    await gateway.storage.put(key, b"pixels", "image/png")
    asset = {
        "kind": "display",
        "storage_key": key,
        "content_type": "image/png",
        "sha256": "00",
        "size_bytes": 6,
        "width": 1,
        "height": 1,
    }
    gateway.database.answer("FROM images i", image_row())
    gateway.database.answer("SELECT s.* FROM assets", asset)
    request = image_pb2.DownloadImageRequest(image_id=str(uuid4()))
    header, *rest = [one async for one in gateway.images.DownloadImage(request, NO_CONTEXT)]
    assert (header.header.size_bytes, header.header.content_type) == (6, "image/png")
    assert b"".join(answer.data for answer in rest) == b"pixels"


@pytest.mark.parametrize(("status", "words"), [("queued", "wait until"), ("failed", "retry")])
async def test_an_image_without_bytes_cannot_be_downloaded(
    gateway: Gateway, status: str, words: str
) -> None:
    gateway.database.answer("FROM images i", image_row(status=status, keys=None))
    gateway.database.answer("SELECT s.* FROM assets")
    request = image_pb2.DownloadImageRequest(image_id=str(uuid4()))
    with pytest.raises(FailedPrecondition, match=words):
        await anext(aiter(gateway.images.DownloadImage(request, NO_CONTEXT)))
