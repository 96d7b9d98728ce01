"""Actions of admins on the jobs of others, as they are audited."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NewType
from uuid import UUID

from server.domain.ids import BatchId, JobId, UserId
from server.domain.jobs import RequestKey

ActionId = NewType("ActionId", UUID)


class ActionKind(StrEnum):
    """What an admin did."""

    CANCEL_JOBS = "cancel_jobs"  # the open jobs of a user
    REQUEUE_JOBS = "requeue_jobs"  # failed jobs: of a user, or those that were named
    PAUSE_LANE = "pause_lane"  # nothing more is claimed there
    RESUME_LANE = "resume_lane"  # ended its pause
    DRAIN_WORKER = "drain_worker"  # it claims no more


@dataclass(frozen=True, slots=True)
class NewAction:
    """An action to begin. `target` is whose or which jobs, or the lane; see `admin_actions`."""

    by: UserId
    kind: ActionKind
    target: str
    request: RequestKey | None = None
    allow_unknown_calls: bool = False


@dataclass(frozen=True, slots=True)
class BegunAction:
    """An action that has begun; it is on jobs as they were `at` that time, whenever it goes on."""

    id: ActionId
    at: datetime


@dataclass(frozen=True, slots=True)
class Action:
    """An action as it is audited; `jobs` is how many it has changed."""

    id: ActionId
    at: datetime
    by: UserId
    kind: ActionKind
    target: str
    allow_unknown_calls: bool
    jobs: int


@dataclass(frozen=True, slots=True)
class Selection:
    """Jobs that are changed together: those of one batch, or one without a batch."""

    user_id: UserId
    batch_id: BatchId | None
    jobs: tuple[JobId, ...]
