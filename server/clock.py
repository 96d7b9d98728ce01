"""The time that callers are told: the database's, whatever the clock of this machine says.

Jobs, leases and budgets have the times of the database. What a process adds to them, such as when a
job should end or until when a URL works, has to be of the same clock, and of one that all
gateways and workers share.
"""

import logging
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Protocol

_log = logging.getLogger(__name__)


class Clock(Protocol):
    """Tells what time it is."""

    def now(self) -> datetime:
        """Returns the time, in UTC."""
        ...


class SystemClock:
    """The clock of this machine, for what has no database."""

    def now(self) -> datetime:
        """Returns the time, in UTC."""
        return datetime.now(UTC)


SYSTEM_CLOCK = SystemClock()


def steady_s() -> float:
    """Returns seconds that pass while the machine sleeps, too, and that nobody sets."""
    # Linux's monotonic clock stands still while a laptop is suspended.
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


class DatabaseClock:
    """The database's time, which this process keeps by a steady clock after it has asked.

    Until then it is the time of this machine. Each answer bounds it, since the database has read
    its clock between the question and the answer: the middle is taken at first, and afterwards
    only what is outside the bounds is corrected, so that a slow answer moves nothing.
    """

    def __init__(
        self, wall: Callable[[], float] = time.time, steady: Callable[[], float] = steady_s
    ) -> None:
        """Takes the clock of this machine and a steady one, both in seconds."""
        self._wall = wall
        self._steady = steady
        self._offset = wall() - steady()
        self._asked = False

    def now(self) -> datetime:
        """Returns the database's time, in UTC."""
        return datetime.fromtimestamp(self._steady() + self._offset, UTC)

    def steady(self) -> float:
        """Returns the seconds of the steady clock, for `learn`."""
        return self._steady()

    @property
    def skew_s(self) -> float:
        """By how many seconds the clock of this machine is ahead of the database's."""
        return self._wall() - self._steady() - self._offset

    def learn(self, told: datetime, asked_s: float, answered_s: float) -> None:
        """Takes the time that the database told, and when it was asked and had answered."""
        least, most = told.timestamp() - answered_s, told.timestamp() - asked_s
        if self._asked:
            self._offset = min(max(self._offset, least), most)
        else:
            self._offset = (least + most) / 2
            self._asked = True


class SkewNotice:
    """Says once that the clock of this machine is off, and once that it is right again."""

    def __init__(self, clock: DatabaseClock, most_s: float) -> None:
        self._clock = clock
        self._most_s = most_s
        self._off = False

    def tell(self) -> None:
        """Logs it if that has changed."""
        skew_s = self._clock.skew_s
        off = abs(skew_s) > self._most_s
        if off and not self._off:
            fields = {"ahead_s": round(skew_s, 3), "most_s": self._most_s}
            _log.warning("clock is off", extra=fields)
        elif self._off and not off:
            _log.info("clock is right", extra={"ahead_s": round(skew_s, 3)})
        self._off = off
