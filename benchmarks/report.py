"""Reports: figures with their targets, as lines for people and as JSON."""

import math
import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Self


@dataclass(frozen=True, slots=True)
class Target:
    """The bound of a figure: a maximum, or a minimum if `least`."""

    bound: float
    least: bool = False

    def met(self, value: float) -> bool:
        """Whether a value is within the bound."""
        return value >= self.bound if self.least else value <= self.bound

    def __str__(self) -> str:
        return f"{'>=' if self.least else '<='} {_short(self.bound)}"


@dataclass(frozen=True, slots=True)
class Figure:
    """A measured figure, of `n` samples; `spread` says what `low` and `high` are."""

    name: str
    value: float
    unit: str
    n: int
    low: float
    high: float
    target: Target | None = None
    note: str = ""
    spread: str = "quartiles"

    @classmethod
    def median(
        cls,
        name: str,
        samples: Sequence[float],
        unit: str,
        target: Target | None = None,
        note: str = "",
    ) -> Self:
        """Returns the median of samples; raises ValueError if there are none."""
        return cls._of(name, samples, unit, 0.5, target, note)

    @classmethod
    def percentile(
        cls,
        name: str,
        samples: Sequence[float],
        unit: str,
        share: float,
        target: Target | None = None,
    ) -> Self:
        """Returns the value that `share` of the samples do not exceed, 0 to 1."""
        return cls._of(name, samples, unit, share, target, "")

    @classmethod
    def share(cls, name: str, hits: int, of: int, target: Target | None, note: str) -> Self:
        """Returns a share in percent; raises ValueError for a share of nothing."""
        low, high = wilson(hits, of)
        return cls(
            name, 100 * hits / of, "%", of, 100 * low, 100 * high, target, note, "Wilson 95 %"
        )

    @classmethod
    def count(cls, name: str, times: int, of: int, note: str) -> Self:
        """Returns how often something happened in `of` samples."""
        return cls(name, times, "", of, times, times, note=note, spread="")

    @classmethod
    def _of(
        cls,
        name: str,
        samples: Sequence[float],
        unit: str,
        share: float,
        target: Target | None,
        note: str,
    ) -> Self:
        return cls(
            name=name,
            value=statistics.median(samples) if share == 0.5 else quantile(samples, share),
            unit=unit,
            n=len(samples),
            low=quantile(samples, 0.25),
            high=quantile(samples, 0.75),
            target=target,
            note=note,
        )

    @property
    def met(self) -> bool | None:
        """Whether the target was met; None without a target."""
        return None if self.target is None else self.target.met(self.value)

    def line(self) -> str:
        """Returns the figure as one line of a table."""
        verdict = {True: "met", False: "MISSED", None: ""}[self.met]
        target = str(self.target) if self.target else ""
        spread = f"{self.spread} {_short(self.low)}..{_short(self.high)}" if self.spread else ""
        text = f"{self.name:<44} {_short(self.value):>9} {self.unit:<6}"
        text += f" {target:<9} {verdict:<7} n={self.n:<6} {spread}"
        return f"{text}  {self.note}".rstrip()

    def json(self) -> dict[str, object]:
        """Returns the figure as JSON."""
        return {**asdict(self), "met": self.met}


def quantile(samples: Sequence[float], share: float) -> float:
    """Returns the value that `share` of the samples do not exceed (nearest rank, 0 to 1).

    Raises ValueError if there are no samples.
    """
    if not samples:
        raise ValueError("there are no samples; a quantile needs at least one")
    ordered = sorted(samples)
    rank = -int(-len(ordered) * share // 1)
    return ordered[min(max(rank, 1), len(ordered)) - 1]


def wilson(hits: int, of: int) -> tuple[float, float]:
    """Returns the 95 % interval of a share, 0 to 1 (Wilson 1927, doi 10.2307/2276774).

    Raises ValueError for a share of nothing.
    """
    if not of:
        raise ValueError("a share of nothing has no interval; give one sample or more")
    share, z = hits / of, statistics.NormalDist().inv_cdf(0.975)
    centre = share + z * z / (2 * of)
    reach = z * math.sqrt(share * (1 - share) / of + z * z / (4 * of * of))
    scale = 1 + z * z / of
    return max(0.0, (centre - reach) / scale), min(1.0, (centre + reach) / scale)


def _short(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
