"""The domain's values as the contract's messages."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from google.protobuf.timestamp_pb2 import Timestamp

from imggen.v1 import (
    character_pb2,
    errors_pb2,
    event_pb2,
    image_pb2,
    job_pb2,
    scene_pb2,
    story_pb2,
    style_pb2,
)
from imggen.v1.batch_pb2 import BATCH_STATUS_COMPLETED
from server.domain.changes import Change, ChangedKind, Cursor
from server.domain.characters import Character
from server.domain.ids import CharacterId, ImageId, JobId, PageId, StoryId, UserId
from server.domain.images import Image
from server.domain.jobs import Failure, Job, Outlook, Progress
from server.domain.lanes import JobLane
from server.domain.scenes import LossKind, NotDrawn, Unsure
from server.domain.states import AssetKind, ImageStatus, ImageType, JobStatus, Lane, Stage
from server.domain.stories import Draft, Page, Story
from server.domain.timings import StepTime, TimedStep
from server.forecast.jobs import Forecast
from server.replies import messages
from server.replies.messages import Replies
from server.requests.event_cursors import cursor_text
from server.routing.catalogue import KNOWN, Catalogue
from server.storage.folder import FolderStorage
from server.storage.urls import UrlSigner
from tests.builders import STORYBOOK_STYLE, description

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
LATER = NOON + timedelta(minutes=1)


async def _idle(lane: Lane) -> Outlook:
    return Outlook(waiting=0, at_once=1, mean_duration=timedelta(seconds=8))


def _time(value: datetime) -> Timestamp:
    message = Timestamp()
    message.FromDatetime(value)
    return message


@pytest.fixture
async def replies(tmp_path: Path) -> AsyncIterator[Replies]:
    """Gives replies whose addresses a folder signs."""
    async with FolderStorage(tmp_path, UrlSigner("x" * 32, "http://pixels")) as storage:
        yield Replies(Forecast(_idle), storage, timedelta(hours=1), Catalogue(KNOWN.values()))


def _job(**changes: Any) -> Job:
    fields: dict[str, Any] = {
        "id": JobId(uuid4()),
        "user_id": UserId(uuid4()),
        "image_id": ImageId(uuid4()),
        "kind": ImageType.SCENE,
        "lane": Lane.LOCAL,
        "lanes": (JobLane(Lane.LOCAL, ("storybook",)),),
        "status": JobStatus.QUEUED,
        "priority": 2,
        "attempt": 0,
        "retry_count": 0,
        "max_retries": 3,
        "cancel_requested": False,
        "model": "storybook",
        "provider": "local",
        "estimated_micros": 5,
        "actual_micros": 0,
        "created_at": NOON,
    }
    return Job(**{**fields, **changes})


async def test_a_waiting_job_has_a_forecast_and_no_stage(replies: Replies) -> None:
    job = _job(progress=Progress(9, Stage.RENDERING, 9, 20, 0.4))
    message = await replies.job(job)
    ends_in = message.estimated_completion_time.ToDatetime(UTC) - datetime.now(UTC)
    assert timedelta(seconds=6) < ends_in <= timedelta(seconds=8)
    message.ClearField("estimated_completion_time")
    assert message == job_pb2.Job(
        job_id=str(job.id),
        image_id=str(job.image_id),
        kind=job_pb2.JOB_KIND_SCENE,
        status=job_pb2.JOB_STATUS_QUEUED,
        priority=2,
        max_retries=3,
        model="storybook",
        provider="local",
        estimated_cost_micros=5,
        created_at=_time(NOON),
    )


async def test_a_running_job_shows_its_progress(replies: Replies) -> None:
    progress = Progress(9, Stage.RENDERING, 9, 20, 0.4)
    message = await replies.job(
        _job(status=JobStatus.PROCESSING, attempt=1, started_at=NOON, progress=progress)
    )
    assert (message.stage, message.step, message.steps) == (job_pb2.STAGE_RENDERING, 9, 20)
    assert message.fraction == 0.4


async def test_a_stage_has_the_steps_that_are_a_part_of_it(replies: Replies) -> None:
    times = (StepTime(TimedStep.ENCODING, 240, 5), StepTime(TimedStep.SIGNING, 31))
    stages = {Stage.RENDERING: 900, Stage.FINISHING: 300, Stage.STORING: 40}
    message = await replies.job(_job(stage_ms=stages, step_times=times))
    rendering, finishing, storing = message.stage_timings
    assert not rendering.steps
    [encoding], [signing] = finishing.steps, storing.steps
    assert (encoding.step, encoding.duration.ToMilliseconds()) == (job_pb2.TIMED_STEP_ENCODING, 240)
    assert encoding.peak_memory_bytes == 5
    assert (signing.step, signing.HasField("peak_memory_bytes")) == (
        job_pb2.TIMED_STEP_SIGNING,
        False,
    )


async def test_no_doubt_is_told_of_what_is_not_drawn_anyway(replies: Replies) -> None:
    doubts = [
        Unsure(phrase, LossKind.PROP, "only named in passing")
        for phrase in ("house", "wall", "mug")
    ]
    lost = (NotDrawn("house", LossKind.PROP), NotDrawn("mug", LossKind.PROP, "cup"))
    message = await replies.job(
        _job(
            status=JobStatus.COMPLETED,
            attempt=1,
            completed_at=LATER,
            not_drawn=(*lost, NotDrawn("wall", LossKind.PLACE)),
            unsure=tuple(doubts),
        )
    )
    assert [one.phrase for one in message.unsure] == ["wall", "mug"]


async def test_an_ended_job_is_whole_and_tells_its_times_in_order(replies: Replies) -> None:
    times = {Stage.STORING: 20, Stage.RESOLVING: 1, Stage.RENDERING: 900}
    message = await replies.job(
        _job(
            status=JobStatus.COMPLETED,
            attempt=1,
            completed_at=LATER,
            stage_ms=times,
            not_drawn=(NotDrawn("kitchen", LossKind.PLACE, "bedroom"),),
            unsure=(Unsure("kitchen", LossKind.PLACE, "only things hint at it"),),
            cropped_from="1:1",
        )
    )
    assert message.fraction == 1
    kitchen = scene_pb2.NotDrawn(
        phrase="kitchen", kind=scene_pb2.LOSS_KIND_PLACE, drawn_as="bedroom"
    )
    assert list(message.not_drawn) == [kitchen]
    [doubt] = message.unsure
    assert (doubt.phrase, doubt.kind) == ("kitchen", scene_pb2.LOSS_KIND_PLACE)
    assert doubt.why == "only things hint at it"
    assert message.cropped_from == "1:1"
    assert not message.HasField("estimated_completion_time")
    assert [(one.stage, one.duration.ToMilliseconds()) for one in message.stage_timings] == [
        (job_pb2.STAGE_RESOLVING, 1),
        (job_pb2.STAGE_RENDERING, 900),
        (job_pb2.STAGE_STORING, 20),
    ]


@pytest.mark.parametrize(
    ("reason", "expected"),
    [
        ("WORKER_LOST", errors_pb2.ERROR_REASON_WORKER_LOST),
        ("OF_A_NEWER_WORKER", errors_pb2.ERROR_REASON_INTERNAL),
    ],
)
async def test_a_failure_has_a_reason_of_the_contract(
    replies: Replies, reason: str, expected: errors_pb2.ErrorReason.ValueType
) -> None:
    failed = _job(status=JobStatus.FAILED, failure=Failure(reason, "it broke"))
    message = await replies.job(failed)
    assert message.error == job_pb2.JobError(reason=expected, message="it broke")


def _image(**changes: Any) -> Image:
    image_id = ImageId(uuid4())
    fields: dict[str, Any] = {
        "id": image_id,
        "job_id": JobId(uuid4()),
        "type": ImageType.PORTRAIT,
        "status": ImageStatus.QUEUED,
        "story_id": None,
        "character_id": CharacterId(uuid4()),
        "character_ids": (),
        "page_id": None,
        "page_number": None,
        "style": "anime",
        "model": "storybook",
        "provider": "local",
        "prompt": "",
        "seed": 2**32 - 1,
        "width": None,
        "height": None,
        "file_size": None,
        "version": 1,
        "lineage_id": image_id,
        "lineage_versions": 1,
        "parent_image_id": None,
        "is_reference": False,
        "cost_micros": 0,
        "created_at": NOON,
        "completed_at": None,
        "keys": {},
        "metadata": {},
    }
    return Image(**{**fields, **changes})


def test_an_image_without_bytes_has_no_addresses(replies: Replies) -> None:
    image = _image()
    message = replies.image(image)
    assert message == image_pb2.Image(
        id=str(image.id),
        type=image_pb2.IMAGE_TYPE_PORTRAIT,
        character_id=str(image.character_id),
        style="anime",
        status=image_pb2.IMAGE_STATUS_QUEUED,
        created_at=_time(NOON),
        version=1,
        lineage_id=str(image.id),
        regenerations_left=5,
        model="storybook",
        provider="local",
        seed=2**32 - 1,
        job_id=str(image.job_id),
    )


@pytest.mark.parametrize(
    ("model", "seed"),
    [("sdxl", 7), ("fake", 7), ("gpt-image-2", 0), ("gone", 0)],
)
def test_an_image_has_a_seed_where_its_model_takes_one(
    replies: Replies, model: str, seed: int
) -> None:
    assert replies.image(_image(model=model, seed=7)).seed == seed


def test_a_completed_image_has_an_address_for_each_asset(replies: Replies) -> None:
    keys = {kind: f"user/job/1/{kind}.png" for kind in AssetKind}
    message = replies.image(_image(status=ImageStatus.COMPLETED, completed_at=LATER, keys=keys))
    for url, kind in (
        (message.url, "display"),
        (message.cdn_url, "display"),
        (message.thumbnail_url, "thumbnail"),
        (message.print_url, "print"),
    ):
        assert url.startswith(f"http://pixels/media/user/job/1/{kind}.png?expires=")
    left = message.urls_expire_at.ToDatetime(UTC) - datetime.now(UTC)
    assert timedelta(minutes=59) < left <= timedelta(hours=1)


def test_an_image_has_a_quality_once_it_is_measured(replies: Replies) -> None:
    assert not replies.image(_image()).HasField("quality_score")
    assert replies.image(_image(quality=4.25)).quality_score == 4.25


@pytest.mark.parametrize(("versions", "left"), [(1, 5), (5, 1), (6, 0), (9, 0)])
def test_a_lineage_has_five_regenerations(versions: int, left: int) -> None:
    assert _image(lineage_versions=versions).regenerations_left == left


def test_a_character_is_converted_whole() -> None:
    character = Character(
        CharacterId(uuid4()), description(), 3, 4, ImageId(uuid4()), True, NOON, LATER
    )
    message = messages.character(character)
    assert message == character_pb2.Character(
        id=str(character.id),
        name="Mia",
        age=7,
        gender=character_pb2.GENDER_FEMALE,
        hair="long red hair",
        eyes="green",
        skin="light",
        clothing="a yellow dress",
        features=["freckles"],
        traits=["brave"],
        description_version=3,
        reference_image_id=str(character.reference_image_id),
        reference_stale=True,
        created_at=_time(NOON),
        updated_at=_time(LATER),
        etag=character.etag,
    )
    ageless = replace(character, description=description(age=None))
    assert not messages.character(ageless).HasField("age")


def test_a_story_and_a_style_are_converted_whole() -> None:
    mia = CharacterId(uuid4())
    pages = (Page("Mia wakes.", "a bed", (mia,), PageId(uuid4())), Page("She runs."))
    story = Story(StoryId(uuid4()), Draft("Day", "anime", pages), 2, 4, NOON, LATER)
    assert messages.story(story) == story_pb2.Story(
        id=str(story.id),
        title="Day",
        style="anime",
        pages=[
            story_pb2.Page(
                id=str(pages[0].id),
                text="Mia wakes.",
                scene_description="a bed",
                character_ids=[str(mia)],
            ),
            story_pb2.Page(text="She runs."),
        ],
        created_at=_time(NOON),
        updated_at=_time(LATER),
        etag=story.etag,
        page_count=2,
    )
    assert messages.style(STORYBOOK_STYLE) == style_pb2.Style(
        id="storybook",
        version=1,
        display_name="Storybook",
        description="Classic",
        prompt_template="classic storybook",
        negative_prompt="photo",
    )


def _change(kind: ChangedKind, status: str, **changes: Any) -> Change:
    return Change(Cursor(7, 9), NOON, UserId(uuid4()), kind, uuid4(), status, **changes)


def test_the_change_of_a_job_is_converted_whole() -> None:
    change = _change(ChangedKind.JOB, "processing", image_id=uuid4(), batch_id=uuid4())
    assert messages.event(change) == event_pb2.Event(
        cursor=cursor_text(Cursor(7, 9)),
        time=_time(NOON),
        user_id=str(change.user_id),
        job=event_pb2.JobChange(
            job_id=str(change.object_id),
            status=job_pb2.JOB_STATUS_PROCESSING,
            image_id=str(change.image_id),
            batch_id=str(change.batch_id),
        ),
    )


def test_a_deleted_image_and_a_batch_are_told_of() -> None:
    deleted = messages.event(_change(ChangedKind.IMAGE, "deleted")).image
    assert (deleted.deleted, deleted.status) == (True, image_pb2.IMAGE_STATUS_UNSPECIFIED)
    drawn = messages.event(_change(ChangedKind.IMAGE, "generating")).image
    assert (drawn.deleted, drawn.status) == (False, image_pb2.IMAGE_STATUS_GENERATING)
    batch = _change(ChangedKind.BATCH, "completed")
    assert messages.event(batch).batch == event_pb2.BatchChange(
        batch_id=str(batch.object_id), status=BATCH_STATUS_COMPLETED
    )


def test_a_status_of_a_newer_service_is_told_without_its_name() -> None:
    told = messages.event(_change(ChangedKind.IMAGE, "framed"))
    assert (told.image.status, told.image.deleted) == (0, False)
    assert told.image.image_id


def test_every_status_of_the_domain_is_converted() -> None:
    for status in JobStatus:
        told = messages.event(_change(ChangedKind.JOB, status))
        assert told.job.status == messages.JOB_STATUS[status]
    for image_status in ImageStatus:
        told = messages.event(_change(ChangedKind.IMAGE, image_status))
        assert told.image.status == messages.IMAGE_STATUS[image_status]


def test_every_value_of_the_domain_has_its_number_in_the_contract() -> None:
    for numbers in (
        messages.JOB_STATUS,
        messages.JOB_KIND,
        messages.STAGE,
        messages.IMAGE_STATUS,
        messages.IMAGE_TYPE,
        messages.ASSET_KIND,
        messages.GENDER,
        messages.CHANGED_KIND,
    ):
        assert len(set(numbers.values())) == len(numbers)
