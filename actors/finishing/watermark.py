"""The watermark, laid into a picture: strong where details hide it, weak where it is flat."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from actors.finishing.background import remove_background
from actors.finishing.forms import Finished, finish
from actors.finishing.post import Step
from actors.finishing.timing import ProcessMemory
from actors.settings import WatermarkSettings
from imggen.watermark.pattern import PUBLIC_KEY, SIDE, Pattern

_FINER = 8
"""Points of the tile's table in a unit; a pixel has the value of the nearest one."""
_HELD = 512
"""The side of a square of a picture's area from which on it holds all waves."""
_UNIT = 32
"""Steps of the table in a deviation of the pattern, and of the mask in a level of 255."""
_FLAT, _STEEP, _MOST = 0.8, 0.15, 2.2
"""The mark's deviation in levels of 255: in flat parts, by level of detail, and at most. The last
one keeps any picture at 41 dB or more."""
_AROUND, _INSIDE = 9, 7
"""Pixels of a square of `SIDE` over which detail is measured, and by which it ends earlier: what is
flat beside an outline hides nothing."""
_DETAIL = 8
"""Steps of the measure of detail in a level of 255."""

_Plane = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Watermark:
    """The watermark of a service, ready to be laid into pictures; the same in all of them."""

    pattern: Pattern = field(default_factory=Pattern)
    operator: int = 0
    _tile: NDArray[np.int8] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_tile", self._table(_HELD))

    def marked(self, picture: Image.Image) -> Image.Image:
        """Returns a picture, RGB or RGBA, with the mark where it is opaque.

        The same picture gives the same pixels on any machine: all of it is whole numbers.
        """
        colours = np.asarray(picture.convert("RGB"))
        height, width = colours.shape[:2]
        side = (width * height) ** 0.5
        tile = self._tile if side >= _HELD else self._table(side)
        change = np.multiply(_laid(tile, (height, width)), _mask(colours, side), dtype=np.int16)
        change = (change + _UNIT**2 // 2) // _UNIT**2
        alpha = picture.getchannel("A") if picture.mode == "RGBA" else None
        if alpha is not None:
            change[np.asarray(alpha) < 255] = 0
        marked = Image.fromarray(cv2.add(colours, cv2.merge([change] * 3), dtype=cv2.CV_8U))
        if alpha is not None:
            marked.putalpha(alpha)
        marked.info = dict(picture.info)
        return marked

    def _table(self, side: float) -> NDArray[np.int8]:
        tile = self.pattern.tile(self.operator, side, _FINER)
        return np.rint(np.clip(tile * _UNIT, -127, 127)).astype(np.int8)


def watermark(settings: WatermarkSettings) -> Watermark | None:
    """Returns the watermark that the settings ask for; None where they switch it off."""
    if settings.watermark == "off":
        return None
    key = settings.watermark_key
    return Watermark(
        Pattern(key.get_secret_value() if key else PUBLIC_KEY), settings.watermark_operator
    )


def marked_finishing(
    settings: WatermarkSettings, cutting: Step = remove_background
) -> Callable[..., Finished]:
    """Returns `finish` with the watermark that the settings ask for; it measures its memory.

    `cutting` removes backgrounds.
    """
    found = watermark(settings)
    marking = found.marked if found else None
    return partial(finish, marking=marking, memory=ProcessMemory(), cutting=cutting)


def _laid(tile: NDArray[np.int8], shape: tuple[int, int]) -> NDArray[np.int8]:
    """Returns the tile, repeated over a picture of that height and width."""
    finer = _FINER * SIDE / (shape[0] * shape[1]) ** 0.5
    down, right = ((np.arange(n) * finer).astype(np.intp) % len(tile) for n in shape)
    laid: NDArray[np.int8] = tile.take(down, 0).take(right, 1)
    return laid


def _mask(colours: _Plane, side: float) -> _Plane:
    """Returns how strong the mark is at each pixel, in steps of `_UNIT` to a level."""
    grey = cv2.cvtColor(colours, cv2.COLOR_RGB2GRAY)
    height, width = grey.shape
    if side > SIDE:
        small = (max(1, round(width * SIDE / side)), max(1, round(height * SIDE / side)))
        grey = cv2.resize(grey, small, interpolation=cv2.INTER_AREA)
    fine = cv2.absdiff(grey, cv2.blur(grey, (_AROUND, _AROUND)))
    detail = cv2.blur(cv2.convertScaleAbs(fine, alpha=_DETAIL), (_AROUND, _AROUND))
    detail = cv2.erode(detail, np.ones((_INSIDE, _INSIDE), np.uint8))
    strengths = np.minimum(_FLAT + np.arange(256) * (_STEEP / _DETAIL), _MOST)
    mask = cv2.LUT(detail, np.rint(strengths * _UNIT).astype(np.uint8))
    return np.asarray(cv2.resize(mask, (width, height), interpolation=cv2.INTER_LINEAR), np.uint8)
