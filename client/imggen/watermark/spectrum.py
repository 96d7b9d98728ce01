"""The spectrum of a picture, in which what it shows counts little and fine patterns count much."""

import math
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray
from PIL import Image

_SIDE = 640
"""The side of a square of the area in which a picture is looked at."""
_NEAR, _AROUND = 7, 9
_LEAST = 1.0
"""Levels of 255: what is flatter than this counts less, since it is rounding."""
_MOST = 2.5
_FADE = 24
"""Pixels over which the picture's rim fades, so that it is no edge."""
_LARGER = 1.5
_MULTIPLE = 64
"""A length that is a multiple of it has a fast transform."""


@dataclass(frozen=True, slots=True)
class Spectrum:
    """The spectrum of a picture's finest details, each as strong as what is around it."""

    values: NDArray[np.complex64]
    """As of `rfft2`, the middle of the picture being its origin."""
    width: int

    @classmethod
    def of(cls, picture: Image.Image) -> Self:
        """Returns the spectrum of a picture; transparency is seen on white."""
        details = _details(_grey(picture))
        height, width = details.shape
        tall, wide = (_MULTIPLE * math.ceil(_LARGER * n / _MULTIPLE) for n in details.shape)
        room = np.zeros((tall, wide), np.float32)
        room[:height, :width] = details
        room = np.roll(room, (-(height // 2), -(width // 2)), (0, 1))
        return cls(np.fft.rfft2(room).astype(np.complex64), wide)

    def at(
        self, waves: NDArray[np.integer | np.floating], scales: NDArray[np.float64]
    ) -> NDArray[np.complex64]:
        """Returns the values at waves per side of the picture, times each scale: (scales, waves).

        Waves are given downwards and to the right, (N, 2), and taken between four values.
        """
        left = waves[:, 1] < 0
        waves = np.where(left[:, None], -waves, waves)
        tall = self.values.shape[0]
        down, right = (
            scales[:, None] * waves[:, axis] * (length / _SIDE)
            for axis, length in ((0, tall), (1, self.width))
        )
        top, first = np.floor(down).astype(np.intp), np.floor(right).astype(np.intp)
        below, beside = (down - top).astype(np.float32), (right - first).astype(np.float32)
        upper, lower = top % tall, (top + 1) % tall
        values = (1 - below) * self._between(upper, first, beside)
        values += below * self._between(lower, first, beside)
        return np.where(left, np.conj(values), values)

    def _between(
        self, rows: NDArray[np.intp], first: NDArray[np.intp], beside: NDArray[np.float32]
    ) -> NDArray[np.complex64]:
        return (1 - beside) * self.values[rows, first] + beside * self.values[rows, first + 1]


def _grey(picture: Image.Image) -> NDArray[np.float32]:
    """Returns the brightness of a picture of any mode in 255 levels, in the area looked at."""
    if picture.mode.startswith("I"):
        picture = Image.fromarray((np.asarray(picture) >> 8).astype(np.uint8))
    elif picture.has_transparency_data:
        white = Image.new("RGBA", picture.size, "white")
        picture = Image.alpha_composite(white, picture.convert("RGBA"))
    scale = _SIDE / math.sqrt(picture.width * picture.height)
    size = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
    small = picture.convert("L").resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0)
    return np.asarray(small, np.float32)


def _details(grey: NDArray[np.float32]) -> NDArray[np.float32]:
    """Returns what differs from the near mean, in deviations of what is around, faded to the rim.

    An outline in a drawing is a hundred times as strong as the mark, and so is kept from drowning
    it.
    """
    fine = grey - _mean(grey, _NEAR)
    around = np.sqrt(_mean(fine**2, _AROUND) + _LEAST**2)
    details: NDArray[np.float32] = np.clip(fine / around, -_MOST, _MOST)
    for axis, length in enumerate(grey.shape):
        place = np.arange(length) + 0.5
        fade = np.minimum(1, np.minimum(place, length - place) / _FADE)
        details *= np.expand_dims(fade, 1 - axis).astype(np.float32)
    return details


def _mean(values: NDArray[np.float32], side: int) -> NDArray[np.float32]:
    """Returns the mean of the square around each value, whose side is odd."""
    sums = np.pad(values.astype(np.float64), side // 2, mode="edge")
    for axis in (0, 1):
        sums = np.cumsum(sums, axis)
        sums = np.moveaxis(sums, axis, 0)
        sums[side:] = sums[side:] - sums[:-side]
        sums = np.moveaxis(sums[side - 1 :], 0, axis)
    return (sums / side**2).astype(np.float32)
