"""Paces: how closely the rounds of a loop may follow each other."""

from collections.abc import Callable
from time import monotonic


class Pace:
    """Keeps the rounds of a loop apart on average, so that each gathers what comes meanwhile.

    After a rest, `at_once` rounds more follow each other without a pause: what changes alone is not
    held up by what has changed just before. It is the generic cell rate algorithm (ITU-T I.371).
    """

    def __init__(
        self, pause_s: float, at_once: int = 0, clock: Callable[[], float] = monotonic
    ) -> None:
        self._pause_s = pause_s
        self._ahead_s = at_once * pause_s
        self._clock = clock
        self._due = float("-inf")

    def pause(self) -> float:
        """Counts a round, and returns how long to wait before the next one, in seconds."""
        now = self._clock()
        self._due = max(self._due, now - self._ahead_s) + self._pause_s
        return max(0.0, self._due - now)
