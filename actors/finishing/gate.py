"""The picture gate: refuses a model's picture that shows nothing."""

import numpy as np
from numpy.typing import NDArray

from actors.engine.render import PictureBroken
from actors.finishing.forms import open_picture

_CELLS = 16
"""The cells of a side, whose mean colours are looked at, whatever the picture's size."""
_DARK = 24
"""Near black: 99 of 100 pixels have no channel above it."""
_FLAT = 16
"""One colour: no channel's means differ by more, between any two cells."""
_UNRELATED = 0.3
"""Noise: the correlation of neighbouring cells is below it."""
# `python -m recipe.gate` measures how far good and broken pictures are from these.


def check_picture(data: bytes) -> None:
    """Raises PictureBroken for a picture that shows nothing, and PictureRefused for no picture.

    Blocks for some hundredths of a second.
    """
    pixels = np.asarray(open_picture(data).convert("RGB"))
    fault = fault_of(pixels)
    if fault:
        height, width, _ = pixels.shape
        raise PictureBroken(f"the model's picture of {width}x{height} is {fault}")


def fault_of(pixels: NDArray[np.uint8]) -> str | None:
    """Returns what is wrong with a picture (H, W, 3): near black, one colour, noise, or None."""
    if np.percentile(pixels.max(axis=2), 99) <= _DARK:
        return "near black"
    cells = _cells(pixels)
    if np.ptp(cells, axis=(0, 1)).max() <= _FLAT:
        return "of one colour"
    return "noise" if _correlation(cells) < _UNRELATED else None


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
    return float((right + below) / 2 / centred.var(axis=(0, 1)).sum())
