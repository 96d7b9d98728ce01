"""Canaries: what a model draws of its share of jobs, beside what it would replace."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Record:
    """What a model drew of some jobs: its pictures, and how many of its attempts failed.

    `cost_micros` is what its calls cost for each picture, those that failed included; `seconds` is
    the mean time of a picture, `score` their mean measured quality. They are None where
    there is nothing to take them from.
    """

    model: str
    pictures: int = 0
    failures: int = 0
    cost_micros: int | None = None
    seconds: float | None = None
    score: float | None = None

    @property
    def success(self) -> float | None:
        """The share of its attempts that made a picture, 0 to 1; None where there are none."""
        ended = self.pictures + self.failures
        return self.pictures / ended if ended else None


@dataclass(frozen=True, slots=True)
class Comparison:
    """A canary and the model that it would replace, in jobs that either could draw, since a time.

    Chance decided which of the two drew a job, so that they had the same work.
    """

    since: datetime
    canary: Record
    replaced: Record
