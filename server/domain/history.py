"""The history of a job: its choices, attempts, calls and money, for operators."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from server.domain.actions import Action
from server.domain.jobs import Job
from server.domain.money import BookedCall, CallName, Reason
from server.domain.routes import Route
from server.domain.states import Stage
from server.domain.timings import StepTime


@dataclass(frozen=True, slots=True)
class JobAttempt:
    """An attempt of a job; see the table `attempts`.

    `reason` is empty where it did not fail; `error` says why it did, or what gave it back.
    """

    attempt: int
    worker: str
    provider: str
    model: str
    outcome: str
    reason: str
    error: str
    started_at: datetime
    finished_at: datetime | None
    stage_ms: Mapping[Stage, int]
    route: Route
    calls: tuple[BookedCall, ...] = ()
    step_times: tuple[StepTime, ...] = ()


@dataclass(frozen=True, slots=True)
class Movement:
    """A movement of money; see the table `ledger`. `call` is None for the hold of the job."""

    at: datetime
    kind: str
    reason: Reason
    attempt: int
    call: CallName | None
    provider: str
    model: str
    day: date
    held_micros: int
    spent_micros: int


@dataclass(frozen=True, slots=True)
class JobHistory:
    """A job as it is now, its choice when it was admitted, its attempts, and what admins did."""

    job: Job
    admitted: Route
    attempts: tuple[JobAttempt, ...]
    movements: tuple[Movement, ...]
    actions: tuple[Action, ...]
