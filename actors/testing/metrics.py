"""Metrics of a worker that are kept in memory: for tests."""

from collections import Counter
from collections.abc import Mapping, Sequence

from actors.worker.metrics import Ending
from server.domain.states import Lane, Stage


class KeptMetrics:
    """Keeps what a worker measures."""

    def __init__(self) -> None:
        self.used: dict[Lane, list[int]] = {}
        self.slots: dict[Lane, int] = {}
        self.waited_s: list[float] = []
        self.claims = 0
        self.stages: list[Stage] = []
        self.ends: Counter[tuple[Ending, str]] = Counter()
        self.rescued = 0
        self.skews_s: list[float] = []

    def use(self, lane: Lane, used: int, slots: int) -> None:
        """Keeps how many slots were in use, one after the other."""
        self.used.setdefault(lane, []).append(used)
        self.slots[lane] = slots

    def claim(self, lane: Lane, seconds: float, waited_s: Sequence[float]) -> None:
        """Keeps how long jobs waited."""
        self.claims += 1
        self.waited_s += waited_s

    def measure(self, lane: Lane, stage_ms: Mapping[Stage, int]) -> None:
        """Keeps which stages were measured."""
        self.stages += stage_ms

    def end(self, lane: Lane, ending: Ending, reason: str = "") -> None:
        """Counts an attempt."""
        self.ends[ending, reason] += 1

    def rescue(self) -> None:
        """Counts a rescue."""
        self.rescued += 1

    def skew(self, ahead_s: float) -> None:
        """Keeps how far the clock was off, one time after the other."""
        self.skews_s.append(ahead_s)
