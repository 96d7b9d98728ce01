"""Money: paid calls, and the budgets that pay for them. Amounts are millionths of a US dollar.

A call has the key (job, attempt, name), with a hold of its own. It is begun before it is made, in
a transaction of its own, so that a crash at any point leaves it open: whoever ends the attempt
finds it and books it as unknown, which counts as billed.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

from server.domain.ids import JobId, UserId


class CallName(StrEnum):
    """What an attempt calls a provider for; the job's hold moves to its render."""

    READ = "read"  # a page is read by a chat model
    RENDER = "render"  # the picture is drawn


class Reason(StrEnum):
    """Why money moves for a call."""

    FIRST = "first"  # the first call for a picture
    RETRY = "retry"  # another one for the same job, after a failure
    REPAIR = "repair"  # the picture was drawn, and a part of it is drawn again
    REGENERATION = "regeneration"  # the caller asked for another version of an image


class CallState(StrEnum):
    """The state of a call; each comment says what it means for the budget."""

    OPEN = "open"  # held: it may run
    SETTLED = "settled"  # spent, at its cost
    RELEASED = "released"  # neither: it was not billed
    UNKNOWN = "unknown"  # spent, at its hold: its answer was lost


class Answer(StrEnum):
    """The answer to a call's begin; all but BEGUN leave everything as it was."""

    BEGUN = "begun"  # the call may be made, once
    LOST = "lost"  # the lease is lost: another attempt holds the job, or it has ended
    CANCELLED = "cancelled"  # its caller asked for its cancel
    REPEATED = "repeated"  # this attempt has begun a call of that name before
    PAID_TWICE = "paid_twice"  # the picture was paid for twice since it was queued
    ABOVE_MOST = "above_most"  # what the job has cost and the hold pass what it may cost
    OVER_BUDGET = "over_budget"  # the limit of a scope does not cover the hold


@dataclass(frozen=True, slots=True)
class Begun:
    """The answer to a begin, and for OVER_BUDGET the budget that does not cover the hold.

    For an answer that no other attempt changes, `cost_micros` is what the job has cost, and
    `failure` why its latest attempt failed that was not refused itself.
    """

    answer: Answer
    scope: str = ""
    cost_micros: int = 0
    failure: str = ""
    budget: "Budget | None" = None

    @property
    def ok(self) -> bool:
        """Whether the call may be made."""
        return self.answer is Answer.BEGUN

    @property
    def final(self) -> bool:
        """Whether no other attempt may make it, either."""
        return self.answer in (Answer.PAID_TWICE, Answer.ABOVE_MOST)


@dataclass(frozen=True, slots=True)
class NewCall:
    """A call to begin: `hold_micros` is the most that it can cost.

    It needs `needs_micros` of that, all where it is None; without the rest it can do. `most_micros`
    is what all calls of the job may cost together; None means any amount. `reason` is found from
    the job's calls where it is None.
    """

    name: CallName
    provider: str
    model: str
    hold_micros: int
    most_micros: int | None = None
    reason: Reason | None = None
    needs_micros: int | None = None


@dataclass(frozen=True, slots=True)
class Bill:
    """What a call cost; `estimated` where it was not computed from the provider's `usage`.

    `request_id` is the provider's name of the call.
    """

    cost_micros: int
    estimated: bool = False
    usage: Mapping[str, int] = field(default_factory=dict)
    request_id: str = ""


def begun(text: str) -> Begun:
    """Returns the answer that the database gave: a word, or the scope that refused."""
    try:
        return Begun(Answer(text))
    except ValueError:
        return Begun(Answer.OVER_BUDGET, text)


@dataclass(frozen=True, slots=True)
class Budget:
    """The budget of a scope on a day (UTC); None for a scope without a limit.

    A hold must fit into what is left of it. `set_by` is the admin who set the limit, None where
    it is the gateway's setting.
    """

    scope: str
    day: date
    limit_micros: int | None
    held_micros: int = 0
    spent_micros: int = 0
    set_by: UserId | None = None
    set_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class BookedCall:
    """A paid call as it is booked, by its key (`job_id`, `attempt`, `name`).

    `estimated` is whether its cost is not known, `request_id` the provider's name of it.
    """

    job_id: JobId
    attempt: int
    name: CallName
    user_id: UserId
    provider: str
    model: str
    day: date
    begun_at: datetime
    request_id: str
    held_micros: int
    cost_micros: int
    state: CallState
    estimated: bool


@dataclass(frozen=True, slots=True)
class Spend:
    """What the paid calls of a group cost.

    `images` are the completed ones that they drew. `unknown_micros` is the part of
    `cost_micros` whose answers were lost, `estimated_micros` that of other costs without a usage.
    """

    key: str
    calls: int
    images: int
    cost_micros: int
    unknown_micros: int
    estimated_micros: int
    held_micros: int

    @property
    def average_micros(self) -> int | None:
        """The cost of a completed image, None without one."""
        return round(self.cost_micros / self.images) if self.images else None


class AlertKind(StrEnum):
    """What an operator is told."""

    BUDGET_USED = "budget_used"  # a share of a day's budget is held and spent
    CALL_ABOVE_HOLD = "call_above_hold"  # a call cost more than the most that it could
    PROVIDER_FAILED = "provider_failed"  # in a way that an operator has to mend


@dataclass(frozen=True, slots=True)
class Alert:
    """An alert to send: on a budget used to `percent`, a call that cost too much, or a provider.

    Of a call, `limit_micros` is its hold and `spent_micros` its cost. Of a provider, `reason` is
    the kind of its failure, and `model` the one that is gone, empty for the provider itself; there
    are no amounts. `tries` counts the sends that failed.
    """

    id: int
    kind: AlertKind
    day: date
    scope: str
    percent: int | None
    model: str
    reason: str
    limit_micros: int | None
    held_micros: int | None
    spent_micros: int | None
    job_id: JobId | None
    attempt: int | None
    call: str | None
    created_at: datetime
    tries: int
