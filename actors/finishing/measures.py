"""What is measured of a picture's pixels to tell whether they are damaged."""

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from actors.finishing.patterns import (
    PAPER,
    likeness_to_itself,
    longest_cut,
    rectangles,
    slant,
    unevenness,
)

Pixels = NDArray[np.uint8]
Numbers = NDArray[np.float32]

_CELLS = 16
"""The cells of a side, whose mean colours are looked at, whatever the picture's size."""
_SMALL = 256
"""The longest side at which edges are measured, so that they mean the same in every size."""
_JUMP = 12
"""The least difference between two neighbouring lines, in a pixel, that a seam may have."""
_ALONG = 0.3
"""The share of a line's pixels that jump where another picture begins."""
_UNLIKE = 8
"""How much the jumps of a seam differ; those at a horizon are all alike."""
_BACK = 0.1
"""The share of a seam's jumps that go the other way; none do at a horizon."""
_EVEN = 5
"""The values of grey that an even ground has."""
_MOSTLY_EVEN = 0.4
"""The share of its pixels from which on a picture is lines on a ground, which noise never is."""
_COLOURS = 8
_FLAT = 0.95
"""The share of its pixels that the most common colours of a flat drawing have."""
_STEP = 24
_EDGES = 0.04
"""The share of pixels at edges below which areas are clean; cut off values have ragged ones."""
_DARK = 0.35
"""The share of black from which on pure colours may be what is left of a dark picture."""
_RAGGED = 0.15
"""The share of pixels that differ from the next one, of those that cut off darkness leaves."""
_KEPT = 0.5
"""The share of such pixels of which no channel is cut off, from which on they are meant."""
_TINTED = 0.001
"""The share of pixels that are white in one channel and black in another, below which black is ink.

Values that are cut off leave many.
"""
_BARS = 0.03
"""How much the bars above and below a picture differ at most, as shares of its height."""
_CUT_ALONG = 0.5
"""The share of a row's pixels that jump where the rest of a picture is cut off."""


@dataclass(frozen=True, slots=True)
class Measures:
    """What tells a broken picture from a good one.

    Nothing is torn, smeared or cut off in a flat drawing, whose forms may be anything: no model
    paints one, and damage to what models paint leaves many colours.
    """

    light: float
    """The value that 998 of 1000 pixels do not exceed in any channel, 0 to 255: stars are more."""
    span: float
    """How far apart the mean colours of two cells are, in the channel where that is most.

    On an even ground half of how far its lines are from it, which no cell's mean shows.
    """
    relation: float
    """The correlation of a cell's mean colour with that of the next one, right and below.

    1 for lines on an even ground, such as a pencil's.
    """
    edge: float
    """The steepest step between two pixels, of the contrast; 256 pixels a side."""
    grain: float
    """The spread of noise, 0 to 255: how far half the pixels are from the mean of those around."""
    inside: float
    """The share, of the pixels that are not white paper, whose colour is not cut off.

    1 for areas of pure colours with few edges, as on a poster, and where only black is cut off, as
    ink is.
    """
    black: float
    """The share of pixels that are black in every channel.

    0 where the others are areas of colours that are not cut off, as before a night sky.
    """
    slant: float
    """How much more alike each row is to the one above it when that is moved aside."""
    repeats: float
    """How alike the picture is to itself moved, across and down, whichever is less; at most 1.

    0 for a pattern, which is there many times, as on a fabric.
    """
    seams: float = 0
    """The lines, across the whole picture, where another picture seems to begin."""
    missing: float = 0
    """The share of rows, at the top or the bottom, that are of one colour and cut the rest off.

    Not where they are white paper, nor two bars that are alike, as of a film.
    """
    ways: float = 0
    """How much more detail there is across a direction than along it, in decibels."""
    grid: float = 0
    """How much of a straight cut from edge to edge jumps, across and down, whichever is less."""
    holes: float = 0
    """The share of upright rectangles of one colour with which a picture is cut off."""


def measure(pixels: Pixels) -> Measures:
    """Returns the measures of a picture (H, W, 3)."""
    cells = _cells(pixels)
    few = pixels[:: _every(len(pixels)), :: _every(pixels.shape[1])]
    grey = cv2.cvtColor(np.ascontiguousarray(pixels), cv2.COLOR_RGB2GRAY).astype(np.float32)
    even, flat, clean = _is_even(grey), _is_flat(few), _is_clean(few)
    black = float((few.max(axis=2) <= 1).mean())
    found = Measures(
        light=float(np.percentile(few.max(axis=2), 99.8)),
        span=max(float(np.ptp(cells, axis=(0, 1)).max()), _lines(grey) if even else 0.0),
        relation=1.0 if even else _correlation(cells),
        edge=_edge(pixels),
        grain=_grain(grey),
        inside=1.0 if black < _DARK and clean else _inside(few),
        black=0.0 if black > _DARK and _is_before_black(few) else black,
        slant=slant(grey),
        repeats=likeness_to_itself(grey),
    )
    return found if flat else _with_tears(found, pixels, grey)


def _with_tears(found: Measures, pixels: Pixels, grey: Numbers) -> Measures:
    """Returns measures with those of what is torn, tiled, smeared or cut off."""
    turned = np.ascontiguousarray(grey.T)
    return replace(
        found,
        seams=_seams(grey) + _seams(turned),
        missing=_cut_off(pixels),
        ways=unevenness(grey),
        grid=min(longest_cut(grey), longest_cut(turned)),
        holes=rectangles(pixels),
    )


def _every(length: int) -> int:
    """Returns the step by which some 256 to 512 of a side's pixels are looked at."""
    return max(1, length // _SMALL)


def _is_flat(pixels: Pixels) -> bool:
    """Returns whether a picture is drawn in few colours, each the same to the bit."""
    red, green, blue = (pixels[..., channel].astype(np.uint32) for channel in range(3))
    counts = np.unique(red << 16 | green << 8 | blue, return_counts=True)[1]
    few = np.partition(counts, -_COLOURS)[-_COLOURS:] if counts.size > _COLOURS else counts
    return bool(few.sum() > _FLAT * counts.sum())


def _is_clean(pixels: Pixels) -> bool:
    """Returns whether few pixels differ from the next one, as where no values were cut off."""
    right, below = cv2.absdiff(pixels[:, 1:], pixels[:, :-1]), cv2.absdiff(pixels[1:], pixels[:-1])
    edges = [float((each > _STEP).any(axis=2).mean()) for each in (right, below) if each.size]
    return sum(edges) < _EDGES


def _is_before_black(pixels: Pixels) -> bool:
    """Returns whether what is not black is smooth and of colours that are not cut off."""
    seen = pixels.max(axis=2) > 1
    if not seen.any():
        return False
    ragged, pairs = 0, 0
    for one, next_one in ((np.s_[:, 1:], np.s_[:, :-1]), (np.s_[1:], np.s_[:-1])):
        both = seen[one] & seen[next_one]
        differs = (cv2.absdiff(pixels[one], pixels[next_one]) > _STEP).any(axis=2)
        ragged, pairs = ragged + int((differs & both).sum()), pairs + int(both.sum())
    kept = ((pixels > 1) & (pixels < 254)).all(axis=2)
    return ragged < _RAGGED * pairs and bool(kept.sum() > _KEPT * seen.sum())


def _inside(pixels: Pixels) -> float:
    drawn = (pixels < 254).any(axis=2)
    if float((drawn & (pixels >= 254).any(axis=2) & (pixels <= 1).any(axis=2)).mean()) < _TINTED:
        return 1.0
    kept = ((pixels > 1) & (pixels < 254)).any(axis=2)
    return float(kept.sum() / max(int(drawn.sum()), 1))


def _edge(pixels: Pixels) -> float:
    scale = _SMALL / max(pixels.shape[:2])
    small = pixels
    if scale < 1:
        size = (max(1, round(side * scale)) for side in pixels.shape[1::-1])
        small = np.asarray(cv2.resize(pixels, tuple(size), interpolation=cv2.INTER_AREA), np.uint8)
    light = small.max(axis=2).astype(np.float32), small.min(axis=2).astype(np.float32)
    steepest = 0.0
    for channel in light:
        low, high = np.percentile(channel, (0.5, 99.5))
        steps = np.abs(np.diff(channel, axis=1)), np.abs(np.diff(channel, axis=0))
        step = max((float(np.percentile(each, 99.95)) for each in steps if each.size), default=0)
        steepest = max(steepest, step / max(float(high - low), 16.0))
    return steepest


def _grain(grey: Numbers) -> float:
    """Returns the spread of noise by the median of Immerkaer's mask (1996), which edges leave."""
    mask = np.array(((1, -2, 1), (-2, 4, -2), (1, -2, 1)), np.float32)
    found = cv2.filter2D(grey, -1, mask)[:: _every(len(grey)), :: _every(grey.shape[1])]
    return float(np.median(np.abs(found))) / (6 * 0.6745)


def _seams(grey: Numbers) -> float:
    """Returns the rows at which many pixels jump, unlike one another and unlike rows nearby."""
    steps = np.diff(grey[:, :: _every(grey.shape[1])], axis=0)
    sizes = np.abs(steps)
    if len(sizes) < 3:
        return 0.0
    around = np.maximum(sizes[:-2], sizes[2:])
    jumps = (sizes[1:-1] > _JUMP) & (sizes[1:-1] > 3 * around)
    along = jumps.mean(axis=1)
    found = (steps[row + 1][jumps[row]] for row in np.flatnonzero(along > _ALONG))
    return float(sum(_is_torn(each) for each in found))


def _is_torn(steps: Numbers) -> bool:
    up = float((steps > 0).mean())
    return min(up, 1 - up) > _BACK and float(steps.std()) > _UNLIKE


def _is_even(grey: Numbers) -> bool:
    few = grey[:: _every(len(grey)), :: _every(grey.shape[1])]
    counts = np.bincount(few.astype(np.uint8).ravel(), minlength=256)
    return bool(np.convolve(counts, np.ones(_EVEN)).max() > _MOSTLY_EVEN * few.size)


def _lines(grey: Numbers) -> float:
    """Returns half of how far the lines on an even ground are from it."""
    few = grey[:: _every(len(grey)), :: _every(grey.shape[1])]
    # Not the median, which lies between the two colours of even stripes.
    ground = int(np.bincount(few.astype(np.uint8).ravel()).argmax())
    return float(np.percentile(np.abs(few - ground), 99.9)) / 2


def _cut_off(pixels: Pixels) -> float:
    """Returns the share of rows that are missing, above or below."""
    above, below = _missing(pixels), _missing(pixels[::-1])
    is_like = bool((pixels[0, 0] == pixels[-1, 0]).all()) and abs(above - below) < _BARS
    return 0.0 if is_like else max(above, below)


def _missing(pixels: Pixels) -> float:
    """Returns the share of rows at the top that are missing, as of a file that is cut off."""
    different = (pixels != pixels[0, 0]).any(axis=(1, 2))
    rows = int(different.argmax()) if different.any() else 0
    if rows == 0 or pixels[0, 0].min() >= PAPER:
        return 0.0
    steps = pixels[rows].astype(np.float32).mean(axis=1) - pixels[0, 0].astype(np.float32).mean()
    cut = float((np.abs(steps) > _JUMP).mean()) > _CUT_ALONG and float(steps.std()) > _UNLIKE
    return rows / len(pixels) if cut else 0.0


def _cells(pixels: Pixels) -> NDArray[np.float64]:
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
