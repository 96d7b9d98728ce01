"""The pattern of the watermark: a tile of waves, whose phases a key and a number choose."""

import hashlib
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

VERSION = 1
PUBLIC_KEY = "imggen"
"""The key that everybody knows, so that everybody can look for the mark."""
OPERATORS = 1024
"""How many numbers of operators there are; 0 names none."""
SIDE = 1024
"""The side of the square in whose units the pattern is laid: any picture has its area in them.

So a picture that is made smaller or larger as a whole has the same pattern in the same units.
"""
TILE = 128
"""The tile's side in those units. A pattern that repeats is found in any part of a picture."""
_LONGEST, _SHORTEST = 8, 24
"""The waves in a tile's side: slower ones are seen, and JPEG takes faster ones away."""
_FINEST = 0.42
"""The most waves that a pixel holds; from half a wave on it would show another, slower one."""

Waves: TypeAlias = NDArray[np.intp]
"""Waves in a tile, downwards and to the right, (N, 2)."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """The watermark of a key. Every second wave is of the key alone, which is what is looked for;
    the others are of the key and the operator's number, which is read where the first are found.
    """

    key: str = PUBLIC_KEY

    @property
    def common(self) -> Waves:
        """The waves that all pictures of the key have."""
        return _waves()[0::2]

    @property
    def own(self) -> Waves:
        """The waves that tell the operator."""
        return _waves()[1::2]

    def common_phases(self) -> NDArray[np.float64]:
        """Returns the phases of the waves that all pictures have, in radians."""
        return _phases(f"imggen watermark {VERSION}: {self.key}", len(self.common))

    def own_phases(self, operator: int) -> NDArray[np.float64]:
        """Returns the phases of the waves that tell an operator, in radians."""
        return _phases(f"imggen watermark {VERSION}: {self.key}: {operator}", len(self.own))

    def tile(self, operator: int, side: float, finer: int) -> NDArray[np.float64]:
        """Returns the tile at `finer` points a unit, of mean 0 and variance 1.

        `side` is that of a square of the picture's area in pixels: one that is small cannot hold
        all waves.
        """
        points = TILE * finer
        waves = np.concatenate((self.common, self.own))
        phases = np.concatenate((self.common_phases(), self.own_phases(operator)))
        held = np.hypot(*waves.T) * (SIDE / TILE) <= _FINEST * side
        tile = np.fft.irfft2(laid(waves[held], np.exp(1j * phases[held]), points))
        deviation = tile.std()
        return tile / deviation if deviation > 0 else tile


def laid(waves: Waves, values: NDArray[np.complexfloating], points: int) -> NDArray[np.complex128]:
    """Returns waves' values, (..., N), as the spectra of real tiles, for `irfft2` to `points`."""
    spectra = np.zeros((*values.shape[:-1], points, points // 2 + 1), values.dtype)
    spectra[..., waves[:, 0], waves[:, 1]] = values
    upright = waves[:, 1] == 0
    spectra[..., -waves[upright, 0], 0] = np.conj(values[..., upright])
    return spectra


def _waves() -> Waves:
    """Returns all waves in the band, of each and its opposite one: the same real wave."""
    down, right = np.mgrid[-_SHORTEST : _SHORTEST + 1, 0 : _SHORTEST + 1]
    length = np.hypot(down, right)
    kept = (length >= _LONGEST) & (length <= _SHORTEST) & ((right > 0) | (down > 0))
    return np.stack((down[kept], right[kept]), 1).astype(np.intp)


def _phases(seed: str, count: int) -> NDArray[np.float64]:
    """Returns phases that are the same for ever, which no library's random numbers promise."""
    drawn = np.frombuffer(hashlib.shake_256(seed.encode()).digest(2 * count), "<u2")
    return drawn * (2 * np.pi / 2**16)
