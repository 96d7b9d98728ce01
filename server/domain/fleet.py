"""The fleet as its database has it: what waits, who draws it, and what is spent."""

from dataclasses import dataclass
from datetime import timedelta

from server.domain.health import ProviderHealth
from server.domain.states import Lane


@dataclass(frozen=True, slots=True)
class LaneState:
    """A lane: its jobs, and the workers that are ready for it.

    A job that waits in several lanes counts in each. `oldest` is how long the oldest job waits that
    the lane may take now, since its admission; None where there is none, and in a paused lane.
    """

    lane: Lane
    paused: bool
    waiting: int
    oldest: timedelta | None
    running: int
    workers: int
    slots: int


@dataclass(frozen=True, slots=True)
class BudgetState:
    """What is held and spent of a scope today (UTC); without a limit where that is None."""

    scope: str
    limit_micros: int | None
    held_micros: int
    spent_micros: int


@dataclass(frozen=True, slots=True)
class OutboxState:
    """The ages of the oldest change that is kept, and of the oldest that no follower can read.

    None where there is no such change. A change cannot be read while a transaction is open that
    began before it.
    """

    oldest: timedelta | None
    unsettled: timedelta | None


@dataclass(frozen=True, slots=True)
class FleetState:
    """The state of the fleet at one moment."""

    lanes: tuple[LaneState, ...]
    budgets: tuple[BudgetState, ...]
    health: tuple[ProviderHealth, ...]
    outbox: OutboxState
