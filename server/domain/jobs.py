"""Jobs: as their callers see them, and as a worker holds them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from server.domain.finishing import StepDone
from server.domain.ids import BatchId, CharacterId, ImageId, JobId, PageId, StoryId, UserId
from server.domain.images import NewAsset
from server.domain.lanes import JobLane
from server.domain.limits import NO_LIMITS, Limits
from server.domain.models import Size
from server.domain.references import UsedReference
from server.domain.reuse import Reuse, Stored
from server.domain.routes import UNKNOWN_ROUTE, Route
from server.domain.scenes import NotDrawn, Unsure
from server.domain.spec import SPEC_VERSION, RenderSpec
from server.domain.states import JobKind, JobStatus, Lane, Stage
from server.domain.timings import StepTime
from server.domain.upscales import Upscale, Upscaling


@dataclass(frozen=True, slots=True)
class JobFilter:
    """The jobs that a list has; an empty field, or one of None, allows any value."""

    statuses: Sequence[JobStatus] = ()
    story_id: StoryId | None = None
    metadata: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Progress:
    """The progress of an attempt: `step` of `steps` of a stage, and of the whole, 0 to 1.

    `sequence` counts the reports of an attempt; a later one never has less progress.
    """

    sequence: int
    stage: Stage
    step: int
    steps: int
    fraction: float


@dataclass(frozen=True, slots=True)
class Failure:
    """Why an attempt failed: the contract's reason without its prefix, and a sentence.

    Where a classifier refused its picture: the SHA-256 of that, and the categories.
    """

    reason: str
    message: str
    picture_sha256: str = ""
    picture_categories: str = ""


@dataclass(frozen=True, slots=True)
class Job:
    """A job as its caller sees it. Times are the database's.

    `lanes` are those in which it waits, or will if it is queued again; `lane` is that in which it
    runs or ran last, and the first of `lanes` before. `cropped_from` is the aspect ratio that the
    model draws, where its picture is cropped to another one. `reused_from` is the image that was
    drawn, where its picture answers this job. `spec_version` is the oldest that can draw it.
    `post_processing` is what became of each of its steps, once it is completed.
    `print_size` is that of an upscale, whose image is the one that is upscaled.
    """

    id: JobId
    user_id: UserId
    image_id: ImageId
    kind: JobKind
    lane: Lane
    lanes: tuple[JobLane, ...]
    status: JobStatus
    priority: int
    attempt: int
    retry_count: int
    max_retries: int
    cancel_requested: bool
    model: str
    provider: str
    estimated_micros: int
    actual_micros: int
    created_at: datetime
    started_at: datetime | None = None
    completed_at: datetime | None = None
    progress: Progress | None = None
    failure: Failure | None = None
    stage_ms: Mapping[Stage, int] | None = None
    batch_id: BatchId | None = None
    not_drawn: tuple[NotDrawn, ...] = ()
    unsure: tuple[Unsure, ...] = ()
    references: tuple[UsedReference, ...] = ()
    story_id: StoryId | None = None
    page_id: PageId | None = None
    cropped_from: str = ""
    metadata: Mapping[str, str] = field(default_factory=dict)
    reused_from: ImageId | None = None
    spec_version: int = 1
    post_processing: tuple[StepDone, ...] = ()
    print_size: Size | None = None
    upscaling: Upscaling | None = None
    step_times: tuple[StepTime, ...] = ()


@dataclass(frozen=True, slots=True)
class Placement:
    """What the image of a new job belongs to, and its place in its lineage.

    `page_number` is the number of the page now; it changes with the story, `page_id` does not.
    """

    story_id: StoryId | None = None
    page_id: PageId | None = None
    page_number: int | None = None
    character_id: CharacterId | None = None
    parent_image_id: ImageId | None = None
    lineage_id: ImageId | None = None
    version: int = 1


@dataclass(frozen=True, slots=True)
class RequestKey:
    """What makes a create repeatable: its request_id, and a digest of the whole request."""

    id: UUID
    digest: bytes


@dataclass(frozen=True, slots=True)
class NewJob:
    """A job to admit, with its image; `lanes` has the first choice first, and never is empty.

    `route` is why its first choice is that, `limits` what its later ones must keep. `reuse` is
    None where no stored picture may answer it, and `short` the budget that does not cover it, as
    far as is known: then nothing else may. `trace` is the `traceparent` of what asked for it, empty
    where that is not traced.
    """

    id: JobId
    image_id: ImageId
    user_id: UserId
    spec: RenderSpec
    placement: Placement
    lanes: tuple[JobLane, ...]
    provider: str
    price_micros: int
    priority: int
    request: RequestKey | None
    cropped_from: str = ""
    batch: "BatchPlace | None" = None
    metadata: Mapping[str, str] = field(default_factory=dict)
    limits: Limits = NO_LIMITS
    route: Route = UNKNOWN_ROUTE
    reuse: Reuse | None = None
    short: str = ""
    trace: str = ""


@dataclass(frozen=True, slots=True)
class NewUpscale:
    """An upscale to admit; `model` is the one that drew its image."""

    id: JobId
    user_id: UserId
    upscale: Upscale
    model: str
    priority: int
    request: RequestKey | None
    metadata: Mapping[str, str] = field(default_factory=dict)
    trace: str = ""


@dataclass(frozen=True, slots=True)
class Copy:
    """A job that nothing draws, since a stored picture answers it."""

    job: NewJob
    origin: Stored


@dataclass(frozen=True, slots=True)
class BatchPlace:
    """A job's place in a batch: lower positions become ready first."""

    batch_id: BatchId
    position: int


@dataclass(frozen=True, slots=True)
class Claim:
    """A job that a worker holds; `attempt` is the fencing token of all its writes.

    `models` are those that the job's offers allow in its lane, `passed_over` those that failed
    since it was queued. `unoffered_s` is how long no model may draw it by now, `unchecked_s` how
    long its classifier, or the key that signs pictures, is away, and `queued_s` how long ago it was
    queued. `trace` is what all its attempts belong to, `parent` the image that it is a regeneration
    of. `upscale` is what an upscale makes, which draws nothing.
    """

    job_id: JobId
    user_id: UserId
    image_id: ImageId
    attempt: int
    spec: RenderSpec
    lane: Lane
    provider: str
    price_micros: int
    batch_id: BatchId | None = None
    models: tuple[str, ...] = ()
    limits: Limits = NO_LIMITS
    passed_over: frozenset[str] = frozenset()
    unoffered_s: float = 0.0
    unchecked_s: float = 0.0
    trace: str = ""
    queued_s: float = 0.0
    upscale: Upscale | None = None
    parent: ImageId | None = None


@dataclass(frozen=True, slots=True)
class Sampling:
    """How a model drew a picture: its steps, its guidance, and its scheduler's class."""

    steps: int
    guidance_scale: float
    scheduler: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an attempt made: the prompt it sent, its stored assets, its times and its cost.

    `not_drawn` are the parts of the content that it does not show as told; `characters` are those
    in it, None for those of the request; `references` has one
    entry for each character in the order of the spec, if the spec uses references; `sampling` is
    None where the provider does not report it. `usage` and `call_id` are what the provider of a
    paid render counted and named it; `estimated` says that the cost was not computed from a usage.
    `model` and `provider` are those that drew it; empty for those of the claim. `cropped_from` is
    the aspect ratio that they drew, where it was cropped; None for what admission expected.
    `checked_by` is the classifier that has looked at the picture; empty where none has.
    `post_processing` is what became of each of its steps.
    `upscaling` is how a model has enlarged it, None where none was asked to. `step_times` are what
    the steps of its later stages took. `quality` is how whole the model's
    picture is, 0 to 5; None where nothing was drawn.
    """

    prompt: str
    negative_prompt: str
    assets: tuple[NewAsset, ...]
    stage_ms: Mapping[Stage, int]
    cost_micros: int
    not_drawn: tuple[NotDrawn, ...] = ()
    characters: tuple[CharacterId, ...] | None = None
    sampling: Sampling | None = None
    references: tuple[UsedReference, ...] = ()
    estimated: bool = False
    usage: Mapping[str, int] = field(default_factory=dict)
    call_id: str = ""
    model: str = ""
    provider: str = ""
    cropped_from: str | None = None
    checked_by: str = ""
    post_processing: tuple[StepDone, ...] = ()
    upscaling: Upscaling | None = None
    step_times: tuple[StepTime, ...] = ()
    quality: float | None = None


@dataclass(frozen=True, slots=True)
class Outlook:
    """How busy a lane is: jobs that wait, those that are done at once, and the mean time of a job.

    `at_once` is how many take that time together, by `server.domain.joined`. `spec_version` is the
    newest that a worker can claim there; 0 for none. `cold_start` is how long its model takes to
    start, 0 while one is warm. In a `paused` lane nothing more starts.
    """

    waiting: int
    at_once: float
    mean_duration: timedelta | None
    spec_version: int = SPEC_VERSION
    cold_start: timedelta = timedelta(0)
    paused: bool = False

    @property
    def served(self) -> bool:
        """Whether a worker can claim jobs there."""
        return self.spec_version > 0
