"""Looks for the watermark in a picture.

The picture's spectrum is compared with the pattern's waves at every scale at which a part of the
marked picture may be seen, as it is and mirrored, and at every shift of the tile. The number that
this gives has a known tail for a picture that was made without the key, whatever it shows:
the phases of the key are random, so the sum of cosines with weights w is above
z sqrt(sum w^2 / 2) with a probability of at most exp(-z^2 / 2), by Chernoff's bound and
I0(t) <= exp(t^2 / 4). That bound times the number of comparisons is one on false alarms.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from imggen.watermark.pattern import (
    OPERATORS,
    PUBLIC_KEY,
    SIDE,
    TILE,
    VERSION,
    Pattern,
    Waves,
    laid,
)
from imggen.watermark.spectrum import Spectrum

FALSE_ALARM = 1e-7
"""The most by which chance alone may report a mark, for one picture."""
_NOT_READ = 1e-6
"""The most by which chance alone may report an operator in a picture that has the mark."""
_LEAST_SIDE = 48
"""Pixels of a side below which nothing is looked for."""
_SMALLEST, _LARGEST, _STEP = 0.45, 1.5, 1.002
"""The scales looked at: the side of a part that was cut out, or of a page with the picture on it,
in sides of the marked picture. A step moves the waves at the rim by less than a quarter of one."""
_USUAL = (0.86, 1.04)
"""The scales looked at first."""
_AT_ONCE = 32
_SHIFTS, _CLOSER_SHIFTS = 96, 192
_CLOSER = 1.002 ** np.linspace(-1, 1, 9)
_SHARE = 0.5
"""The power of a wave's strength by which it counts: a strong one is often the picture's own."""

Facing: TypeAlias = Literal[1, -1]
"""Whether a picture is seen as it is, or mirrored."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A watermark that was found in a picture."""

    version: int
    operator: int | None
    """The number of the operator whose service made the picture, 0 where it has named none; None
    where the mark is too weak to read it."""
    score: float
    """How far the picture agrees with the pattern, in standard deviations of pictures without."""
    chance: float
    """A bound on the probability that a picture without the mark scores as much."""
    scale: float
    """The side of what is seen in sides of the marked picture: 1 for a whole one."""

    def __str__(self) -> str:
        operator = "not readable" if self.operator is None else (self.operator or "not named")
        return (
            f"imggen watermark, version {self.version}; operator: {operator}; "
            f"score {self.score:.1f}, by chance in less than one of 10^{self._tens()} pictures"
        )

    def _tens(self) -> int:
        return math.floor(-math.log10(max(self.chance, 1e-300)))


@dataclass(frozen=True, slots=True)
class _Hit:
    """The best agreement of a search."""

    score: float
    scale: float
    facing: Facing
    shift: tuple[float, float]
    """Where the tile begins, in shares of its side."""


def found(picture: Image.Image, key: str = PUBLIC_KEY) -> Mark | None:
    """Returns the watermark of a decoded picture; None where there is none, or too little of it.

    It takes about a second. The key is that of the service that made the picture.
    """
    if min(picture.size) < _LEAST_SIDE:
        return None
    looked = Search(Spectrum.of(picture), Pattern(key))
    for facing, scales in _rounds():
        best = looked.closer(looked.best(facing, scales, _SHIFTS))
        if chance_of(best.score) <= FALSE_ALARM:
            chance = chance_of(best.score)
            return Mark(VERSION, looked.operator(best), best.score, chance, best.scale)
    return None


def best_score(picture: Image.Image, key: str = PUBLIC_KEY) -> float:
    """Returns the best score of a picture, marked or not."""
    looked = Search(Spectrum.of(picture), Pattern(key))
    hits = (looked.best(facing, scales, _SHIFTS) for facing, scales in _rounds())
    return max(looked.closer(hit).score for hit in hits)


def comparisons() -> int:
    """Returns how many scores are compared in a picture."""
    rounds = [len(scales) for _, scales in _rounds()]
    return sum(rounds) * _SHIFTS**2 + len(rounds) * len(_CLOSER) * _CLOSER_SHIFTS**2


def chance_of(score: float) -> float:
    """Returns a bound on the probability that a picture without the mark scores as much."""
    return min(1.0, comparisons() * math.exp(-(max(score, 0.0) ** 2) / 2))


def threshold() -> float:
    """Returns the score from which on a mark is reported."""
    return math.sqrt(2 * math.log(comparisons() / FALSE_ALARM))


@dataclass(frozen=True, slots=True)
class Search:
    """A picture's spectrum, and the pattern that is looked for in it."""

    spectrum: Spectrum
    pattern: Pattern

    def best(self, facing: Facing, scales: NDArray[np.float64], shifts: int) -> _Hit:
        """Returns the best agreement with the common waves, at some scales and all shifts."""
        best = _Hit(-math.inf, 1, facing, (0, 0))
        against = np.exp(-1j * self.pattern.common_phases()).astype(np.complex64)
        for first in range(0, len(scales), _AT_ONCE):
            some = scales[first : first + _AT_ONCE]
            values, norms = self._at(self.pattern.common, facing, some)
            tiles = np.fft.irfft2(laid(self.pattern.common, values * against, shifts), axes=(1, 2))
            tiles *= (shifts**2 / 2 / norms)[:, None, None]
            scale, down, right = np.unravel_index(int(tiles.argmax()), tiles.shape)
            score = float(tiles[scale, down, right])
            if score > best.score:
                place = (float(down) / shifts, float(right) / shifts)
                best = _Hit(score, float(some[scale]), facing, place)
        return best

    def closer(self, hit: _Hit) -> _Hit:
        """Returns the best agreement around another, at finer scales and shifts."""
        found = self.best(hit.facing, hit.scale * _CLOSER, _CLOSER_SHIFTS)
        return max(hit, found, key=lambda each: each.score)

    def operator(self, hit: _Hit) -> int | None:
        """Returns the operator's number, or None where no number agrees well enough."""
        own = self.pattern.own
        values, norms = self._at(own, hit.facing, np.array([hit.scale]))
        placed = values[0] * np.exp(2j * np.pi * (own @ np.array(hit.shift)))
        phases = np.stack([self.pattern.own_phases(number) for number in range(OPERATORS)])
        scores = np.real(np.exp(-1j * phases) @ placed) / norms[0]
        best = int(scores.argmax())
        return best if OPERATORS * math.exp(-(scores[best] ** 2) / 2) <= _NOT_READ else None

    def _at(
        self, waves: Waves, facing: Facing, scales: NDArray[np.float64]
    ) -> tuple[NDArray[np.complex64], NDArray[np.float32]]:
        """Returns the picture's waves where the pattern's are at some scales, (scales, waves),
        weighed by their strengths, and the deviations of sums of them.
        """
        values = self.spectrum.at(waves * (1, facing) * (SIDE / TILE), scales)
        strengths = np.abs(values) + np.float32(1e-12)
        weights = strengths**_SHARE
        return values / strengths * weights, np.sqrt((weights**2).sum(-1) / 2)


def _rounds() -> Iterator[tuple[Facing, NDArray[np.float64]]]:
    """Yields the scales to look at and how the picture faces there, the usual ones first."""
    count = math.ceil(math.log(_LARGEST / _SMALLEST) / math.log(_STEP))
    steps = np.arange(count + 1, dtype=np.float64)
    scales: NDArray[np.float64] = _SMALLEST * _STEP**steps
    usual = (scales > _USUAL[0]) & (scales < _USUAL[1])
    yield 1, scales[usual]
    yield 1, scales[~usual]
    yield -1, scales
