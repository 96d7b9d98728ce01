"""The lanes of a job: where its offers allow it to run, and from when."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from server.domain.ids import JobId
from server.domain.limits import Limits
from server.domain.spec import RenderSpec
from server.domain.states import Lane


@dataclass(frozen=True, slots=True)
class JobLane:
    """A lane that may take a job, and the models that the job's offers allow there.

    The lane may take it from `opens_at`, or at once where that is None.
    """

    lane: Lane
    models: tuple[str, ...]
    opens_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Reroute:
    """New lanes of a waiting job, to be set if it still has those that were seen."""

    job_id: JobId
    seen: Sequence[JobLane]
    lanes: Sequence[JobLane]


@dataclass(frozen=True, slots=True)
class Reoffer:
    """Another first offer of an ended job, and the lanes in which it waits once it is retried."""

    job_id: JobId
    provider: str
    model: str
    price_micros: int
    cropped_from: str
    lanes: Sequence[JobLane]


@dataclass(frozen=True, slots=True)
class WaitingJob:
    """A job that waits in lanes, with all that decides which others it could wait in.

    `shown` is the share of its page that each model shows, where that is known and counts.
    """

    job_id: JobId
    spec: RenderSpec
    limits: Limits
    passed_over: frozenset[str]
    lanes: tuple[JobLane, ...]
    shown: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Demand:
    """What a lane has to draw: jobs that may be claimed now, and jobs that run.

    `oldest` is how long the first of those that wait has waited. `render` is how long the model
    takes for a picture, of upscales the upscaler, None before any was made. All its replicas
    together make `at_once` in that time, by `server.domain.joined`.
    """

    waiting: int
    running: int
    oldest: timedelta
    render: timedelta | None
    at_once: float = 1.0
