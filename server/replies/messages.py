"""The domain's values as the contract's messages."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, TypeVar, assert_never
from uuid import UUID

from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp

from imggen.rules.scenes import still_open
from imggen.v1 import (
    batch_pb2,
    character_pb2,
    errors_pb2,
    event_pb2,
    finishing_pb2,
    image_pb2,
    job_pb2,
    reference_pb2,
    scene_pb2,
    story_pb2,
    style_pb2,
)
from server.clock import SYSTEM_CLOCK, Clock
from server.domain.changes import DELETED, Change, ChangedKind, Cursor
from server.domain.characters import Character, Gender
from server.domain.finishing import FinishingStep, StepDone
from server.domain.images import Image, check_of
from server.domain.jobs import Failure, Job
from server.domain.references import ReferenceUse, UsedReference
from server.domain.scenes import LossKind, NotDrawn, Unsure
from server.domain.states import (
    AssetKind,
    ImageStatus,
    ImageType,
    JobKind,
    JobStatus,
    PictureCheck,
    Stage,
)
from server.domain.stories import Page, Story
from server.domain.styles import Style
from server.domain.timings import StepTime, TimedStep
from server.forecast.jobs import Forecast
from server.replies.scenes import scene_message
from server.requests.event_cursors import cursor_text
from server.routing.catalogue import Catalogue
from server.storage import Storage

if TYPE_CHECKING:
    from google.protobuf.internal.enum_type_wrapper import _EnumTypeWrapper

Number = TypeVar("Number", bound=int)

JOB_STATUS = {status: job_pb2.JobStatus.Value(f"JOB_STATUS_{status.name}") for status in JobStatus}
JOB_KIND = {kind: job_pb2.JobKind.Value(f"JOB_KIND_{kind.name}") for kind in JobKind}
STAGE = {stage: job_pb2.Stage.Value(f"STAGE_{stage.name}") for stage in Stage}
TIMED_STEP = {step: job_pb2.TimedStep.Value(f"TIMED_STEP_{step.name}") for step in TimedStep}
IMAGE_STATUS = {
    status: image_pb2.ImageStatus.Value(f"IMAGE_STATUS_{status.name}") for status in ImageStatus
}
IMAGE_TYPE = {kind: image_pb2.ImageType.Value(f"IMAGE_TYPE_{kind.name}") for kind in ImageType}
ASSET_KIND = {kind: image_pb2.AssetKind.Value(f"ASSET_KIND_{kind.name}") for kind in AssetKind}
PICTURE_CHECK: "dict[PictureCheck | None, image_pb2.PictureCheck.ValueType]" = {
    None: image_pb2.PICTURE_CHECK_UNSPECIFIED,
    PictureCheck.NOT_CHECKED: image_pb2.PICTURE_CHECK_NOT_CHECKED,
    PictureCheck.CHECKED: image_pb2.PICTURE_CHECK_CHECKED,
}
CHANGED_KIND = {kind: event_pb2.EventKind.Value(f"EVENT_KIND_{kind.name}") for kind in ChangedKind}
REFERENCE_USE = {
    use: reference_pb2.ReferenceUse.Value(f"REFERENCE_USE_{use.name if use else 'UNSPECIFIED'}")
    for use in ReferenceUse
}
FINISHING_STEP = {
    step: finishing_pb2.FinishingStep.Value(f"FINISHING_STEP_{step.name}") for step in FinishingStep
}
LOSS_KIND = {kind: scene_pb2.LossKind.Value(f"LOSS_KIND_{kind.name}") for kind in LossKind}
GENDER = {gender: character_pb2.Gender.Value(f"GENDER_{gender.name}") for gender in Gender}


def style(style: Style, drawn_as: Mapping[str, str] | None = None) -> style_pb2.Style:
    """Returns a style as its message, with what models draw that do not know it."""
    return style_pb2.Style(
        id=style.id,
        display_name=style.display_name,
        description=style.description,
        prompt_template=style.prompt_template,
        negative_prompt=style.negative_prompt,
        version=style.version,
        drawn_as=drawn_as,
    )


def character(character: Character) -> character_pb2.Character:
    """Returns a character as its message."""
    looks = character.description
    return character_pb2.Character(
        id=str(character.id),
        name=looks.name,
        age=looks.age,
        gender=GENDER[looks.gender],
        species=looks.species,
        hair=looks.hair,
        eyes=looks.eyes,
        skin=looks.skin,
        clothing=looks.clothing,
        features=looks.features,
        traits=looks.traits,
        description_version=character.description_version,
        reference_image_id=_id(character.reference_image_id),
        reference_stale=character.reference_stale,
        created_at=_time(character.created_at),
        updated_at=_time(character.updated_at),
        etag=character.etag,
    )


def story(story: Story) -> story_pb2.Story:
    """Returns a story as its message."""
    return story_pb2.Story(
        id=str(story.id),
        title=story.draft.title,
        style=story.draft.style,
        pages=[_page(page) for page in story.draft.pages],
        page_count=story.page_count,
        character_ids=map(str, story.draft.cast),
        created_at=_time(story.created_at),
        updated_at=_time(story.updated_at),
        etag=story.etag,
    )


def event(change: Change) -> event_pb2.Event:
    """Returns a change as its message."""
    message = event_pb2.Event(
        cursor=cursor_text(change.cursor), time=_time(change.at), user_id=str(change.user_id)
    )
    match change.kind:
        case ChangedKind.JOB:
            message.job.job_id = str(change.object_id)
            message.job.status = _number(job_pb2.JobStatus, "JOB_STATUS", change.status)
            message.job.image_id = _id(change.image_id)
            message.job.batch_id = _id(change.batch_id)
            message.job.metadata.update(change.metadata)
        case ChangedKind.IMAGE:
            message.image.image_id = str(change.object_id)
            message.image.deleted = change.status == DELETED
            message.image.status = _number(image_pb2.ImageStatus, "IMAGE_STATUS", change.status)
            message.image.metadata.update(change.metadata)
            if change.status == ImageStatus.COMPLETED:
                message.image.picture_check = PICTURE_CHECK[check_of(change.checked_by)]
                message.image.checked_by = change.checked_by
        case ChangedKind.BATCH:
            message.batch.batch_id = str(change.object_id)
            message.batch.status = _number(batch_pb2.BatchStatus, "BATCH_STATUS", change.status)
            message.batch.metadata.update(change.metadata)
        case _:
            assert_never(change.kind)
    return message


def checkpoint(cursor: Cursor) -> event_pb2.Event:
    """Returns an event that only has the cursor that a feed has reached."""
    return event_pb2.Event(cursor=cursor_text(cursor), checkpoint=event_pb2.Checkpoint())


class Replies:
    """Makes the messages that need more than the value itself: a forecast, or signed URLs."""

    def __init__(
        self,
        forecast: Forecast,
        storage: Storage,
        url_ttl: timedelta,
        catalogue: Catalogue,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        """Takes the catalogue that says which models take seeds: others drew without theirs."""
        self._clock = clock
        self._forecast = forecast
        self._storage = storage
        self._catalogue = catalogue
        self._url_ttl = url_ttl

    async def job(self, job: Job) -> job_pb2.Job:
        """Returns a job as its message, with the time when it should end."""
        message = job_pb2.Job(
            job_id=str(job.id),
            image_id=str(job.image_id),
            kind=JOB_KIND[job.kind],
            status=JOB_STATUS[job.status],
            priority=job.priority,
            attempt=job.attempt,
            retry_count=job.retry_count,
            max_retries=job.max_retries,
            cancel_requested=job.cancel_requested,
            model=job.model,
            provider=job.provider,
            estimated_cost_micros=job.estimated_micros,
            actual_cost_micros=job.actual_micros,
            created_at=_time(job.created_at),
            started_at=_time(job.started_at),
            completed_at=_time(job.completed_at),
            estimated_completion_time=_time(await self._forecast.completion(job)),
            error=job_error(job.failure) if job.failure else None,
            stage_timings=stage_timings(job.stage_ms or {}, job.step_times),
            batch_id=_id(job.batch_id),
            not_drawn=not_drawn(job.not_drawn),
            unsure=unsure(job.unsure, job.not_drawn),
            references=_references(job.references),
            story_id=_id(job.story_id),
            page_id=_id(job.page_id),
            cropped_from=job.cropped_from,
            metadata=job.metadata,
            reused_from_image_id=_id(job.reused_from),
            lane_paused=await self._forecast.paused(job),
            post_processing=_steps(job.post_processing),
            upscaling=_upscaling(job),
        )
        _show_progress(job, message)
        return message

    def image(self, image: Image) -> image_pb2.Image:
        """Returns an image as its message, with URLs that are signed here, without I/O."""
        message = image_pb2.Image(
            id=str(image.id),
            type=IMAGE_TYPE[image.type],
            story_id=_id(image.story_id),
            character_id=_id(image.character_id),
            page_id=_id(image.page_id),
            page_number=image.page_number or 0,
            character_ids=[str(one) for one in image.character_ids],
            style=image.style,
            status=IMAGE_STATUS[image.status],
            width=image.width or 0,
            height=image.height or 0,
            file_size=image.file_size or 0,
            created_at=_time(image.created_at),
            completed_at=_time(image.completed_at),
            version=image.version,
            lineage_id=str(image.lineage_id),
            parent_image_id=_id(image.parent_image_id),
            regenerations_left=image.regenerations_left,
            is_reference=image.is_reference,
            model=image.model,
            provider=image.provider,
            prompt=image.prompt,
            seed=image.seed if self._catalogue.takes_seeds(image.model) else 0,
            cost_micros=image.cost_micros,
            job_id=str(image.job_id),
            metadata=image.metadata,
            references=_references(image.references),
            not_drawn=not_drawn(image.not_drawn),
            unsure=unsure(image.unsure, image.not_drawn),
            reused_from_image_id=_id(image.reused_from),
            picture_check=PICTURE_CHECK[image.check],
            checked_by=image.checked_by,
            post_processing=_steps(image.post_processing),
            quality_score=image.quality,
        )
        if image.keys:
            self._add_urls(image, message)
        return message

    def _add_urls(self, image: Image, message: image_pb2.Image) -> None:
        expires = self._storage.lasting(self._clock.now() + self._url_ttl)
        display = image.keys[AssetKind.DISPLAY]
        message.url = self._storage.sign(display, expires)
        message.cdn_url = self._storage.sign_cdn(display, expires)
        message.thumbnail_url = self._storage.sign_cdn(image.keys[AssetKind.THUMBNAIL], expires)
        message.print_url = self._storage.sign_cdn(image.keys[AssetKind.PRINT], expires)
        message.urls_expire_at.FromDatetime(expires)


def _show_progress(job: Job, message: job_pb2.Job) -> None:
    if job.status is JobStatus.COMPLETED:
        message.fraction = 1.0
    elif job.status is JobStatus.PROCESSING and job.progress:
        message.stage = STAGE[job.progress.stage]
        message.step = job.progress.step
        message.steps = job.progress.steps
        message.fraction = job.progress.fraction


def stage_timings(
    stage_ms: Mapping[Stage, int], steps: Sequence[StepTime] = ()
) -> Iterable[job_pb2.StageTiming]:
    """Yields the durations of stages and their steps as messages, in the order of the stages."""
    for stage in Stage:
        if stage in stage_ms:
            yield job_pb2.StageTiming(
                stage=STAGE[stage],
                duration=_duration(stage_ms[stage]),
                steps=[_step_timing(one) for one in steps if one.step.stage is stage],
            )


def _step_timing(one: StepTime) -> job_pb2.StepTiming:
    return job_pb2.StepTiming(
        step=TIMED_STEP[one.step], duration=_duration(one.ms), peak_memory_bytes=one.peak_bytes
    )


def _duration(ms: int) -> Duration:
    duration = Duration()
    duration.FromMilliseconds(ms)
    return duration


def _steps(done: Iterable[StepDone]) -> Iterable[finishing_pb2.FinishedStep]:
    for one in done:
        yield finishing_pb2.FinishedStep(
            step=FINISHING_STEP[one.step],
            changed=one.changed,
            detail=one.said,
            duration=_duration(one.ms),
        )


def _references(used: Iterable[UsedReference]) -> Iterable[reference_pb2.UsedReference]:
    for one in used:
        yield reference_pb2.UsedReference(
            character_id=str(one.character_id),
            use=REFERENCE_USE[one.use],
            image_id=_id(one.image_id),
            scale=one.scale,
        )


def not_drawn(parts: Iterable[NotDrawn]) -> Iterable[scene_pb2.NotDrawn]:
    """Yields what a picture does not show as told, as messages."""
    for one in parts:
        yield scene_pb2.NotDrawn(phrase=one.phrase, kind=LOSS_KIND[one.kind], drawn_as=one.became)


def unsure(parts: Iterable[Unsure], lost: Iterable[NotDrawn]) -> Iterable[scene_pb2.Unsure]:
    """Yields what was read without being sure, as messages, but what is left out anyway."""
    for one in still_open(parts, [one for one in lost if not one.became]):
        yield scene_pb2.Unsure(phrase=one.phrase, kind=LOSS_KIND[one.kind], why=one.why)


def job_error(failure: Failure) -> job_pb2.JobError:
    """Returns why an attempt failed as a message."""
    name = f"ERROR_REASON_{failure.reason}"
    # A worker may be newer than this gateway and know more reasons.
    known = name in errors_pb2.ErrorReason.keys()  # noqa: SIM118 - it is not a dictionary
    reason = errors_pb2.ErrorReason.Value(name) if known else errors_pb2.ERROR_REASON_INTERNAL
    return job_pb2.JobError(reason=reason, message=failure.message)


def _number(enum: "_EnumTypeWrapper[Number]", prefix: str, status: str) -> Number:
    """Returns the number of a status; UNSPECIFIED for one that only a newer gateway knows."""
    name = f"{prefix}_{status.upper()}"
    known = name in enum.keys()  # noqa: SIM118 - it is not a dictionary
    return enum.Value(name if known else f"{prefix}_UNSPECIFIED")


def _page(page: Page) -> story_pb2.Page:
    return story_pb2.Page(
        id=_id(page.id),
        text=page.text,
        scene_description=page.scene_description,
        character_ids=[str(one) for one in page.character_ids],
        scene=scene_message(page.fixed) if page.fixed else None,
    )


def _id(value: UUID | None) -> str:
    return str(value) if value else ""


def _upscaling(job: Job) -> job_pb2.Upscaling | None:
    how, size = job.upscaling, job.print_size
    if how is None and size is None:
        return None
    message = job_pb2.Upscaling(print_size=str(size) if size else "")
    if how is not None:
        message.tile = how.tile
        message.ran_out_at.extend(how.ran_out_at)
    return message


def _time(value: datetime | None) -> Timestamp | None:
    if value is None:
        return None
    message = Timestamp()
    message.FromDatetime(value)
    return message
