"""What came of the pictures of a day."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True, slots=True)
class End:
    """The end of a picture; `score` is None for one that failed, `in_time` where none is due."""

    seconds: float
    micros: int
    score: float | None
    floor: float
    in_time: bool | None


@dataclass(frozen=True, slots=True)
class Result:
    """What came of a day by one policy; shares are of the pictures that had such a limit."""

    policy: str
    micros: int
    deadlines: float
    floors: float
    failed: int
    median_s: float

    @classmethod
    def of(cls, policy: str, ends: Sequence[End]) -> "Result":
        """Returns the result of all ends."""
        due = [end.in_time for end in ends if end.in_time is not None]
        floors = [end.score is not None and end.score >= end.floor for end in ends if end.floor]
        return cls(
            policy,
            sum(end.micros for end in ends),
            _share(due),
            _share(floors),
            sum(end.score is None for end in ends),
            median([end.seconds for end in ends if end.score is not None] or [0.0]),
        )

    def good_enough(self, share: float) -> bool:
        """Returns whether so many deadlines and floors were met."""
        return min(self.deadlines, self.floors) >= share


def _share(met: Sequence[bool]) -> float:
    return sum(met) / len(met) if met else 1.0
