"""What a worker measures of itself; whatever runs it decides where that is exported."""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Protocol

from server.domain.states import Lane, Stage


class Ending(StrEnum):
    """How an attempt ended."""

    COMPLETED = "completed"  # with a picture
    FAILED = "failed"  # and its job with it
    RETRIED = "retried"  # by a failure; its job waits again
    RETURNED = "returned"  # without a failure of its own; its job waits again
    CANCELLED = "cancelled"  # and its job with it
    LOST = "lost"  # its lease ran out, so that nothing was written


class WorkerMetrics(Protocol):
    """Takes what a worker measures."""

    def use(self, lane: Lane, used: int, slots: int) -> None:
        """Notes how many of its slots of a lane are in use."""
        ...

    def claim(self, lane: Lane, seconds: float, waited_s: Sequence[float]) -> None:
        """Adds a claim that took so long; its jobs, claimed for the first time, waited so long."""
        ...

    def measure(self, lane: Lane, stage_ms: Mapping[Stage, int]) -> None:
        """Adds the stages of a completed attempt."""
        ...

    def end(self, lane: Lane, ending: Ending, reason: str = "") -> None:
        """Counts an attempt that has ended; `reason` is why it failed."""
        ...

    def rescue(self) -> None:
        """Counts a job whose lease had run out, and that this worker gave back to the queue."""
        ...

    def skew(self, ahead_s: float) -> None:
        """Notes by how many seconds the clock of its machine is ahead of the database's."""
        ...


class Unmeasured:
    """Drops what is measured."""

    def use(self, lane: Lane, used: int, slots: int) -> None:
        """Drops it."""

    def claim(self, lane: Lane, seconds: float, waited_s: Sequence[float]) -> None:
        """Drops it."""

    def measure(self, lane: Lane, stage_ms: Mapping[Stage, int]) -> None:
        """Drops it."""

    def end(self, lane: Lane, ending: Ending, reason: str = "") -> None:
        """Drops it."""

    def rescue(self) -> None:
        """Drops it."""

    def skew(self, ahead_s: float) -> None:
        """Drops it."""
