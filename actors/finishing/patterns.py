"""Patterns that damage leaves: tiles, tears, slants, holes and smears."""

import cv2
import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]
Numbers = NDArray[np.float32]

_SIDE = 256
"""The longest side at which directions are compared."""
_DIRECTIONS = 12
_BAND = (0.08, 0.3)
"""The frequencies compared, in cycles a pixel: finer than shapes, coarser than noise."""
_FAINT = 0.1
"""The energy of a pixel below which a direction has no detail."""
PAPER = 235
"""The least value of white paper, in any channel."""
_FEW = 128
"""The longest side at which a picture is compared with itself."""
_MOVED = 12
"""The part of a side, one in so many, by which it is moved at least."""
_CLEAR = 60.0
"""The steps above which an edge counts no more, so that one alone is no likeness."""
_OFTEN = 6
"""The times that a pattern is in a side from which on it is meant: a fabric, bricks, hatching."""
_ALMOST = 0.95
"""How alike to the picture's best likeness that of its nearest repetition is, at least."""
_CLOSE = 4
"""The least pixels by which a picture is moved to find how often a pattern is in it."""
_SHARED = 0.2
"""The share of the detail that both must have where they lie on each other."""
_ROWS = 64
"""The pairs of rows by which a wrong stride is found."""
_ASIDE = 64
"""The part of a row, one in so many, by which a wrong stride moves it at least."""
_JUMP = 8
"""The least difference between two neighbouring lines, in a pixel, at a cut."""
_END = 32
"""The part of a line, one in so many, at each end, that a cut must reach: a frame does not."""
_BAR = 4
"""How much the greys in a row of a bar differ from one another at most."""
_CORNERS = 16
"""The most corners of upright rectangles side by side."""
_HOLE = 12
"""The least side of a hole, as a part of the picture's: one in so many."""
_BESIDE = 12
"""The least difference between a hole and a pixel beside it."""
_LIKE = 8
"""How far from the middle one pixels beside a hole may be and count as alike."""
_ALIKE = 0.6
"""The share of pixels alike from which on they are a ground, such as that below a sky."""


def unevenness(grey: Numbers) -> float:
    """Returns how much more detail a picture (H, W) has across a direction than along it, in dB.

    A logarithmic mean over frequencies, which the narrow peaks of hatching do not change. Rooms
    and houses have most detail in two directions at right angles; smears and tears have it in one.
    """
    small = _at_most(grey, _SIDE)
    height, width = small.shape
    window = np.outer(np.hanning(height), np.hanning(width))
    power = np.abs(np.fft.rfft2((small - small.mean()) * window)) ** 2
    rows, columns = np.fft.fftfreq(height)[:, None], np.fft.rfftfreq(width)[None]
    radius = np.hypot(rows, columns)
    used = (radius > _BAND[0]) & (radius < _BAND[1])
    turned = (np.arctan2(rows, columns) / np.pi + 0.5) * _DIRECTIONS
    directions = np.rint(turned).astype(int)[used] % _DIRECTIONS
    logs = 10 * np.log10(power + _FAINT * small.size)[used]
    counts = np.bincount(directions, minlength=_DIRECTIONS)
    means = np.bincount(directions, logs, _DIRECTIONS) / np.maximum(counts, 1)
    known = (counts > 0) & (np.roll(counts, _DIRECTIONS // 2) > 0)
    across = np.abs(means - np.roll(means, _DIRECTIONS // 2))[known]
    return float(across.max(initial=0.0))


def likeness_to_itself(grey: Numbers) -> float:
    """Returns the correlation of the corners in a picture (H, W) with those of itself, moved.

    Across and down, each by a twelfth to half of the side, so that all of the picture counts: a
    pattern behind a figure, or a fence, is not the same all over. 0 for what is there many times
    across and down, light or dark, as a tile with a part of a picture in it is not.
    """
    small = _at_most(grey, _FEW)
    corners = np.diff(np.diff(small, axis=0), axis=1).clip(-_CLEAR, _CLEAR)
    if min(corners.shape) < _MOVED:
        return 0.0
    sides = _likenesses_down(corners), _likenesses_down(np.ascontiguousarray(corners.T))
    if all(_is_often(each) for each in sides):
        return 0.0
    return min(max(each[len(each) * 2 // _MOVED :]) for each in sides)


def _is_often(likenesses: list[float]) -> bool:
    """Returns whether what is most alike is so when moved by little, if dark where that is light.

    So are the squares of a chessboard.
    """
    near = likenesses[: len(likenesses) * 2 // _OFTEN]
    return max(map(abs, near)) > _ALMOST * max(likenesses)


def _likenesses_down(corners: Numbers) -> list[float]:
    """Returns the correlations when moved down, by up to half the height; 0 under _CLOSE."""
    least = max(_SHARED * float((corners**2).sum()), 1.0)
    found = [0.0] * _CLOSE
    for by in range(_CLOSE, len(corners) // 2 + 2):
        above, below = corners[:-by], corners[by:]
        here, there = float((above**2).sum()), float((below**2).sum())
        shared = min(here, there) > least
        found.append(float((above * below).sum()) / (here * there) ** 0.5 if shared else 0.0)
    return found


def slant(grey: Numbers) -> float:
    """Returns how much more alike rows of a picture (H, W) are to those above them when moved.

    All by the same, as by a wrong stride. Each row counts alike, an even one not at all, so that a
    line that goes down slowly is none. 0 or less where rows are most alike in their places.
    """
    at = np.linspace(0, len(grey) - 2, min(_ROWS, len(grey) - 1)).astype(int)
    width = grey.shape[1]
    least = max(2, width // _ASIDE)
    if not at.size or width < 4 * least:
        return 0.0
    below, above = (np.fft.rfft(_of_one_spread(grey[rows])) for rows in (at + 1, at))
    product = below * above.conj()
    alike = np.fft.irfft(product.mean(axis=0), width) / width
    in_place = max(alike[:least].max(), alike[-least:].max())
    return float(alike[least : width - least + 1].max() - in_place)


def _of_one_spread(rows: Numbers) -> Numbers:
    """Returns rows with a mean of 0 and a spread of 1, but even ones as 0."""
    centred = rows - rows.mean(axis=1, keepdims=True)
    spread = np.asarray(centred.std(axis=1, keepdims=True))
    return np.where(spread > 1, centred / np.maximum(spread, 1), 0)


def longest_cut(grey: Numbers) -> float:
    """Returns the share of the line between two rows of a picture (H, W) that jumps most.

    Only lines count that jump at both ends, and where the rows nearby do not; and between two rows
    of which neither is even: a bar is, as of a window, a flag, or between a comic's pictures.
    """
    few = grey[:, :: max(1, grey.shape[1] // _SIDE)]
    steps = np.abs(np.diff(few, axis=0))
    if len(steps) < 5:
        return 0.0
    near = np.maximum.reduce([steps[:-4], steps[1:-3], steps[3:-1], steps[4:]])
    jumps = (steps[2:-2] > _JUMP) & (steps[2:-2] > 3 * near)
    end = max(1, jumps.shape[1] // _END)
    reaches = (jumps[:, :end].mean(axis=1) >= 0.5) & (jumps[:, -end:].mean(axis=1) >= 0.5)
    uneven = few[2:-2].std(axis=1) > _BAR
    cuts = reaches & uneven[:-1] & uneven[1:]
    return float(jumps.mean(axis=1)[cuts].max(initial=0.0))


def rectangles(pixels: Pixels) -> float:
    """Returns the share of a picture (H, W, 3) in upright rectangles that cut it off.

    They are of one colour to the bit, as no model paints, with nothing within, such as a house's
    windows, and lie among pixels of many others.
    """
    height, width = pixels.shape[:2]
    even = np.zeros((height, width), np.uint8)
    even[:-1, :-1] = (pixels[:-1, :-1] == pixels[1:, :-1]).all(axis=2)
    even[:-1, :-1] &= (pixels[:-1, :-1] == pixels[:-1, 1:]).all(axis=2)
    found, _ = cv2.findContours(even, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    least = max(2, width // _HOLE), max(2, height // _HOLE)
    large = (each for each in found if len(each) <= _CORNERS and _is_large(each, least))
    plain = (each for each in large if not _is_band(pixels, each))
    cut = (each for each in plain if _cuts_off(pixels, even, each))
    return float(sum(cv2.contourArea(each) for each in cut) / (height * width))


def _is_large(contour: cv2.typing.MatLike, least: tuple[int, int]) -> bool:
    _, _, width, height = cv2.boundingRect(contour)
    return width >= least[0] and height >= least[1]


def _is_band(pixels: Pixels, contour: cv2.typing.MatLike) -> bool:
    """Returns whether a part goes from edge to edge as in whole pictures.

    White paper does, beside a picture, and bars, above and below one; a sea and a stripe lie
    between others.
    """
    left, top, width, height = cv2.boundingRect(contour)
    if cv2.contourArea(contour) < 0.99 * (width - 1) * (height - 1):
        return False
    colour, rows = pixels[top, left], len(pixels)
    is_wide = width >= pixels.shape[1] - 2
    if colour.min() >= PAPER:
        return is_wide or height >= rows - 2
    is_between = top > 0 and top + height < rows - 1
    is_bar = bool((colour == pixels[0, 0]).all() and (colour == pixels[-1, 0]).all())
    return is_wide and (is_between or is_bar)


def _cuts_off(pixels: Pixels, even: Pixels, contour: cv2.typing.MatLike) -> bool:
    """Returns whether a part is empty, and what lies around differs from it and in itself."""
    filled = np.zeros(pixels.shape[:2], np.uint8)
    cv2.drawContours(filled, [contour], -1, 1, cv2.FILLED)
    if not even[filled > 0].all():
        return False
    # The last row and column of a part are not in its contour, since what follows them differs.
    near, far = (cv2.dilate(filled, np.ones((side, side), np.uint8)) for side in (5, 7))
    around = pixels[(far - near) > 0].astype(float).mean(axis=1)
    left, top = contour[0][0]
    return around.size > 0 and _is_cut(around, float(pixels[top, left].mean()))


def _is_cut(beside: NDArray[np.float64], colour: float) -> bool:
    differs = float((np.abs(beside - colour) > _BESIDE).mean())
    alike = float((np.abs(beside - np.median(beside)) < _LIKE).mean())
    return differs > 0.5 and alike < _ALIKE


def _at_most(grey: Numbers, side: int) -> Numbers:
    scale = side / max(grey.shape)
    if scale >= 1:
        return grey
    size = tuple(max(1, round(length * scale)) for length in grey.shape[::-1])
    return np.asarray(cv2.resize(grey, size, interpolation=cv2.INTER_AREA), np.float32)
