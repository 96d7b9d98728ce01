"""The quality of a picture's pixels, 0 to 5: whether it is a picture at all, and a whole one.

It measures damage, nothing else: not whether it shows what was asked for, nor whether it is
beautiful, nor channels in another order, nor a blur or a grain that an artist may have meant.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from actors.finishing.measures import Measures, Pixels, measure

FLOOR = 2.0
BEST = 5.0


class _Limit(NamedTuple):
    """The values of a measure that score nothing, FLOOR and BEST, and the fault at the floor."""

    measure: str
    none: float
    floor: float
    best: float
    fault: str


# `python -m recipe.gate` measures how far good and broken pictures are from these.
_LIMITS = (
    _Limit("light", 0, 24, 96, "near black"),
    _Limit("span", 0, 16, 64, "of one colour"),
    _Limit("relation", 0, 0.2, 0.5, "noise"),
    _Limit("edge", 0, 0.12, 0.3, "blurred"),
    _Limit("grain", 60, 24, 6, "noise"),
    _Limit("inside", 0, 0.04, 0.2, "clipped"),
    _Limit("seams", 6, 2.5, 0, "torn or tiled wrongly"),
    _Limit("missing", 0.4, 0.12, 0, "cut off"),
    _Limit("black", 0.95, 0.6, 0.35, "clipped"),
    _Limit("slant", 0.6, 0.25, 0.1, "slanted"),
    _Limit("ways", 24, 17, 12, "smeared or torn"),
    _Limit("repeats", 1.0, 0.85, 0.7, "the same all over"),
    _Limit("grid", 0.9, 0.5, 0.36, "torn or tiled wrongly"),
    _Limit("holes", 0.4, 0.15, 0.05, "cut off"),
)


@dataclass(frozen=True, slots=True)
class Quality:
    """A picture's score, 0 to 5, and its fault where that is at FLOOR or below."""

    score: float
    fault: str | None


def quality_of(pixels: Pixels) -> Quality:
    """Returns the quality of a picture (H, W, 3): that of its worst measure.

    Takes some hundredths of a second for 1024x1024 pixels.
    """
    return judge(measure(pixels))


def judge(found: Measures) -> Quality:
    """Returns the quality that measures stand for."""
    scores = {limit: _scored(limit, getattr(found, limit.measure)) for limit in _LIMITS}
    faults = (limit.fault for limit, score in scores.items() if score <= FLOOR)
    return Quality(min(scores.values()), next(faults, None))


def _scored(limit: _Limit, value: float) -> float:
    points = sorted(((limit.none, 0.0), (limit.floor, FLOOR), (limit.best, BEST)))
    values, scores = [point[0] for point in points], [point[1] for point in points]
    return float(np.interp(value, values, scores))
