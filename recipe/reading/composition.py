"""How much pictures of one page differ in composition, by their mean distance.

Two distances: of pixels, the mean absolute difference of both pictures at 32x18, as a share of
black to white; and of figures, how far the middle and the height of each lies from that of the
figure in its place in the other picture, as a share of the picture's height. Pictures that differ
in their noise alone have almost the same of both.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import combinations

import cv2
import numpy as np

from actors.judging.judge import Found, Judge
from recipe.reading.pictures import Pixels

_SMALL = (32, 18)


@dataclass(slots=True)
class Distances:
    """The distances of pairs of pictures."""

    pixels: list[float] = field(default_factory=list)
    figures: list[float] = field(default_factory=list)

    @property
    def pairs(self) -> int:
        """The number of pairs."""
        return len(self.pixels)

    @property
    def means(self) -> tuple[float, float]:
        """The mean distances of pixels and of figures; 0 where there are none."""
        return _mean(self.pixels), _mean(self.figures)


class Ruler:
    """Measures the distances of pictures, whose figures a judge finds."""

    def __init__(self, judge: Judge) -> None:
        self._judge = judge

    def add(self, distances: Distances, pictures: Sequence[Pixels]) -> None:
        """Adds the distances of all pairs of pictures."""
        small = [_small(one) for one in pictures]
        found = [self._judge.find(one) for one in pictures]
        height = float(pictures[0].shape[0])
        for one, other in combinations(range(len(pictures)), 2):
            distances.pixels.append(float(np.abs(small[one] - small[other]).mean()) / 255)
            if found[one] and len(found[one]) == len(found[other]):
                pairs = zip(found[one], found[other], strict=True)
                apart = [_apart(*pair) / height for pair in pairs]
                distances.figures.append(_mean(apart))


def _small(picture: Pixels) -> "np.ndarray[tuple[int, ...], np.dtype[np.float32]]":
    return np.asarray(cv2.resize(picture, _SMALL, interpolation=cv2.INTER_AREA), np.float32)


def _apart(one: Found, other: Found) -> float:
    """Returns the mean distance of two boxes in pixels: across, down and in height."""
    across = abs((one.left + one.right) - (other.left + other.right)) / 2
    down = abs((one.top + one.bottom) - (other.top + other.bottom)) / 2
    taller = abs((one.bottom - one.top) - (other.bottom - other.top))
    return (across + down + taller) / 3


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else 0.0
