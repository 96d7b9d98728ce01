"""The overview: what the whole installation does at one moment, for operators."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from server.domain.health import ProviderHealth
from server.domain.ids import JobId, UserId
from server.domain.money import Budget
from server.domain.states import DRAWING_LANES, Lane, Stage


@dataclass(frozen=True, slots=True)
class LaneOverview:
    """The jobs of a lane, and the slots of the workers that are ready.

    `waiting` may be claimed now, `delayed` later. `oldest_wait` is None where none waits. In a lane
    with `paused_at` nothing more is claimed.
    """

    lane: Lane
    waiting: int
    delayed: int
    running: int
    slots: int
    oldest_wait: timedelta | None
    completed_last_hour: int
    paused_by: UserId | None
    paused_at: datetime | None


@dataclass(frozen=True, slots=True)
class WorkerOverview:
    """A worker: its slots, and the jobs that it runs, by lane; one that drains claims no more.

    `cold_start` is how long its next picture waits for a model to start, None while one is warm.
    """

    name: str
    slots: Mapping[Lane, int]
    running: Mapping[Lane, int]
    cold_start: timedelta | None
    draining: bool


@dataclass(frozen=True, slots=True)
class OldestJob:
    """The job that has waited longest, and may be claimed now, in a lane that draws."""

    job_id: JobId
    user_id: UserId
    lane: Lane
    queued_at: datetime


@dataclass(frozen=True, slots=True)
class Overview:
    """What the installation does; `needing` jobs wait for others of their batch, in no lane yet.

    `stages` are the mean times of the latest pictures, `health` is of all that has ever failed.
    """

    now: datetime
    lanes: Sequence[LaneOverview]
    needing: int
    workers: Sequence[WorkerOverview]
    budgets: Sequence[Budget]
    health: Sequence[ProviderHealth]
    oldest: OldestJob | None
    stages: Mapping[Stage, timedelta]

    @property
    def pictures_last_hour(self) -> int:
        """How many pictures were drawn in the last hour."""
        return sum(one.completed_last_hour for one in self.lanes if one.lane in DRAWING_LANES)
