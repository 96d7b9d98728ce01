"""The picture gate: refuses a model's picture that shows nothing."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from actors.engine.render import PictureBroken
from actors.finishing.forms import open_picture
from actors.pictures.seen import seen

_CELLS = 16
"""The cells of a side, whose mean colours are looked at, whatever the picture's size."""
# `python -m recipe.gate` measures how far good and broken pictures are from these.
_DARK = 24
_FLAT = 16
_UNRELATED = 0.3


def check_picture(data: bytes) -> None:
    """Raises PictureBroken for a picture that shows nothing, and PictureRefused for no picture.

    Blocks for some hundredths of a second.
    """
    pixels = np.asarray(seen(open_picture(data)))
    fault = fault_of(pixels)
    if fault:
        height, width, _ = pixels.shape
        raise PictureBroken(f"the model's picture of {width}x{height} is {fault}")


@dataclass(frozen=True, slots=True)
class Measures:
    """What tells a broken picture from a good one."""

    light: float
    """The value that 99 of 100 pixels do not exceed in any channel, 0 to 255."""
    span: float
    """How far apart the mean colours of two cells are, in the channel where that is most."""
    relation: float
    """The correlation of a cell's mean colour with that of the next one, right and below."""


def fault_of(pixels: NDArray[np.uint8]) -> str | None:
    """Returns what is wrong with a picture (H, W, 3): near black, of one colour, noise, or None."""
    found = measure(pixels)
    if found.light <= _DARK:
        return "near black"
    if found.span <= _FLAT:
        return "of one colour"
    return "noise" if found.relation < _UNRELATED else None


def measure(pixels: NDArray[np.uint8]) -> Measures:
    """Returns the measures of a picture (H, W, 3)."""
    cells = _cells(pixels)
    return Measures(
        light=float(np.percentile(pixels.max(axis=2), 99)),
        span=float(np.ptp(cells, axis=(0, 1)).max()),
        relation=_correlation(cells),
    )


def _cells(pixels: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Returns the mean colours of 16x16 equal parts, (16, 16, 3); fewer of a smaller picture."""
    rows, columns = (min(_CELLS, side) for side in pixels.shape[:2])
    tops = np.arange(rows) * pixels.shape[0] // rows
    lefts = np.arange(columns) * pixels.shape[1] // columns
    sums = np.add.reduceat(np.add.reduceat(pixels, tops, 0, float), lefts, 1, float)
    heights = np.diff(tops, append=pixels.shape[0])
    widths = np.diff(lefts, append=pixels.shape[1])
    means: NDArray[np.float64] = sums / (heights[:, None, None] * widths[None, :, None])
    return means


def _correlation(cells: NDArray[np.float64]) -> float:
    """Returns the correlation of cells with the next ones, right and below, of all channels."""
    centred = cells - cells.mean(axis=(0, 1))
    right = (centred[:, 1:] * centred[:, :-1]).mean(axis=(0, 1)).sum()
    below = (centred[1:] * centred[:-1]).mean(axis=(0, 1)).sum()
    variance = centred.var(axis=(0, 1)).sum()
    return float((right + below) / 2 / variance) if variance else 0.0
