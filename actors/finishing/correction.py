"""Colour correction: a greyish white, a greyish black and a slight cast are put right.

Only what is a little off is taken for a fault. Night, fog, sepia and pictures of one hue are far
off, and meant; so are a cream wall and a picture without anything white.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from actors.finishing.retouched import Pixels, Retouched

MOST_CLIPPED = 0.005
"""The most pixels, as a share of all, that a correction may clip in addition."""

_SIDE = 256
"""The longer side of the small picture that is measured."""
_EDGES = (0.5, 99.5)
"""The percentiles of luma that are taken for black and white."""
_WHITE, _GREYISH_WHITE = 243, (226, 239)
_BLACK, _GREYISH_BLACK = 4, (8, 18)
"""Where white and black should be, and where they are put right: the 243 is a chart's white."""
_LEAST_SPREAD = 120
"""The least distance from black to white, in levels, of a picture that is not meant to be faint."""
_NEUTRAL = 14.0
"""The chroma, in CIELAB, under which a colour is taken for a grey with a cast."""
_CAST = (0.012, 0.06)
"""The casts that are taken out, as the most by which a channel of greys is off its lightness.

Smaller ones are not seen, larger ones are meant.
"""
_BANDS = ((15.0, 40.0), (40.0, 70.0), (70.0, 98.0))
"""The lightness of dark, middle and light greys. A cast is in all, that of cream paper not."""
_BAND_SHARE = 0.004
_APART = 0.02
"""The most by which the greys of a band may differ from the others in that."""
_COLOURFUL = 18.0
_SECTORS, _LEAST_SECTORS, _SECTOR_SHARE = 6, 3, 0.01
"""Of six hues three must be in a picture, or its one hue is meant."""
_LUMA = np.array((0.299, 0.587, 0.114), np.float32)


def correct(pixels: Pixels) -> Retouched:
    """Returns a picture (H, W, 3) with its slight faults of colour put right.

    No pixel's neighbourhood matters: each channel goes through a table of 256 values, and so the
    same picture in any size is corrected alike.
    """
    small = _small(pixels)
    gains, cast = _gains(small)
    low, high, levels = _levels(np.clip(small * gains, 0, 255))
    said = ", ".join(filter(None, (cast, levels)))
    if not said:
        return Retouched(pixels)
    values = np.arange(256, dtype=np.float32)[:, None] * gains
    tables = low[1] + (values - low[0]) * _slope(low, high)
    gentle = _within_clipping(pixels, tables)
    if gentle is None:
        return Retouched(pixels)
    return Retouched(np.asarray(cv2.LUT(pixels, gentle[None]), np.uint8), said)


def _small(pixels: Pixels) -> NDArray[np.float32]:
    height, width = pixels.shape[:2]
    scale = min(1.0, _SIDE / max(height, width))
    size = (max(round(width * scale), 1), max(round(height * scale), 1))
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.float32)


def _gains(small: NDArray[np.float32]) -> tuple[NDArray[np.float32], str]:
    """Returns the gain of each channel that takes a cast out, and its words; 1 without one."""
    none = np.ones(3, np.float32)
    lab = cv2.cvtColor(small / 255, cv2.COLOR_RGB2LAB).reshape(-1, 3)
    light, tint = lab[:, 0], lab[:, 1:]
    grey = np.hypot(tint[:, 0], tint[:, 1]) < _NEUTRAL
    bands = [grey & (low <= light) & (light < high) for low, high in _BANDS]
    if min(band.mean() for band in bands) < _BAND_SHARE:
        return none, ""
    colours = small.reshape(-1, 3)
    off = np.maximum(colours, 1) / np.maximum(colours @ _LUMA, 1)[:, None]
    casts = np.stack([np.median(off[band], axis=0) for band in bands])
    cast = casts.mean(axis=0)
    strength = float(np.abs(cast - 1).max())
    if not _CAST[0] <= strength <= _CAST[1] or np.abs(casts - cast).max() > _APART:
        return none, ""
    if not _is_varied(tint - np.median(tint[grey], axis=0)):
        return none, ""
    return (1 / cast).astype(np.float32), f"a cast of {strength:.0%} taken out"


def _is_varied(tint: NDArray[np.float32]) -> bool:
    """Returns whether colours, by a and b of CIELAB, are of several hues."""
    colourful = np.hypot(tint[:, 0], tint[:, 1]) > _COLOURFUL
    hue = np.arctan2(tint[colourful, 1], tint[colourful, 0]) % (2 * np.pi)
    found = np.bincount((hue * _SECTORS / (2 * np.pi)).astype(np.intp) % _SECTORS)
    return int((found >= _SECTOR_SHARE * len(tint)).sum()) >= _LEAST_SECTORS


_Level = tuple[float, float]
"""A level as it is, and as it should be."""


def _levels(small: NDArray[np.float32]) -> tuple[_Level, _Level, str]:
    """Returns where black and white are and should be, and the words; the same where all is well.

    All channels get the same levels, so that they change no hue.
    """
    luma = small @ _LUMA
    black, white = (float(one) for one in np.percentile(luma, _EDGES))
    lowest, highest = (0.0, 0.0), (255.0, 255.0)
    if white - black < _LEAST_SPREAD:
        return lowest, highest, ""
    said = []
    if _within(white, _GREYISH_WHITE) and _is_grey(small[luma >= white]):
        highest = (white, _WHITE)
        said.append(f"white from {white:.0f} to {_WHITE}")
    if _within(black, _GREYISH_BLACK) and _is_grey(small[luma <= black]):
        lowest = (black, _BLACK)
        said.append(f"black from {black:.0f} to {_BLACK}")
    return lowest, highest, ", ".join(said)


def _within(value: float, limits: tuple[float, float]) -> bool:
    return limits[0] <= value <= limits[1]


def _is_grey(colours: NDArray[np.float32]) -> bool:
    return bool(np.ptp(colours.mean(axis=0)) < _NEUTRAL)


def _slope(low: _Level, high: _Level) -> float:
    return (high[1] - low[1]) / (high[0] - low[0])


def _within_clipping(pixels: Pixels, tables: NDArray[np.float32]) -> Pixels | None:
    """Returns tables (256, 3) as gentle as they must be to clip few pixels; None for no change."""
    counts = np.stack(
        [cv2.calcHist([pixels], [at], None, [256], [0, 256]).ravel() for at in range(3)], 1
    )
    values = np.arange(256, dtype=np.float32)[:, None]
    inner = (values > 0) & (values < 255)
    for strength in (1.0, 0.75, 0.5, 0.25):
        found = np.rint(np.clip(values + (tables - values) * strength, 0, 255))
        # Counted by channel: a pixel that is clipped in two counts twice, never too little.
        clipped = (counts * (inner & ((found <= 0) | (found >= 255)))).sum()
        if clipped <= MOST_CLIPPED * pixels.shape[0] * pixels.shape[1]:
            return np.asarray(found, np.uint8)
    return None
