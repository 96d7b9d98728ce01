"""A canvas of twice the picture's size, and pens that draw on it in the look of a style."""

from dataclasses import dataclass
from typing import Self, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from recipe.illustrator.looks import LEVELS, Image, Look
from recipe.illustrator.palette import INK, RGB, tone
from recipe.illustrator.shapes import Points

SIZE = 256
"""Units along each side of a picture: its pixels in single detail."""

_SCALE = 2
_SHIFT = 4  # cv2 takes coordinates as integers with this many binary digits of fraction
_HALF = 1 << _SHIFT >> 1  # half a pixel of the canvas


class Canvas:
    """The pixels of a drawing; one unit is `detail` pixels of the finished picture."""

    def __init__(self, background: Image | None = None, detail: int = 1) -> None:
        self.detail = detail
        self._scale = _SCALE * detail
        side = SIZE * self._scale
        if background is None:
            self.pixels = np.full((side, side, 3), 255, np.uint8)
        else:
            grown = cv2.resize(background, (side, side), interpolation=cv2.INTER_NEAREST)
            self.pixels = cast(Image, grown)

    def finished(self) -> Image:
        """Returns the picture at its final size, (256, 256, 3) in single detail."""
        side = SIZE * self.detail
        small = cv2.resize(self.pixels, (side, side), interpolation=cv2.INTER_AREA)
        return cast(Image, small)

    def fill(self, shapes: tuple[Points, ...], colour: RGB, opacity: float = 1.0) -> None:
        """Fills the union of shapes with one colour."""
        before = self.pixels.copy() if opacity < 1 else None
        for shape in shapes:
            cv2.fillPoly(self.pixels, [self._fixed(shape)], colour, cv2.LINE_AA, _SHIFT)
        if before is not None:
            cv2.addWeighted(self.pixels, opacity, before, 1 - opacity, 0, self.pixels)

    def stroke(self, shape: Points, colour: RGB, width: float, closed: bool = False) -> None:
        """Draws along a shape's points; no line is thinner than half a pixel."""
        thickness = max(1, round(width * self._scale))
        cv2.polylines(
            self.pixels, [self._fixed(shape)], closed, colour, thickness, cv2.LINE_AA, _SHIFT
        )

    def shade(self, shapes: tuple[Points, ...], colour: RGB, look: Look) -> None:
        """Fills the union of shapes with the look's tones of a colour."""
        self.fill(shapes, colour)
        if not look.stops:
            return
        points = np.vstack(shapes) * self._scale
        low = np.clip(np.floor(points.min(axis=0)), 0, len(self.pixels)).astype(int)
        high = np.clip(np.ceil(points.max(axis=0)), 0, len(self.pixels)).astype(int)
        if (high - low).min() < 2:
            return
        region = self.pixels[low[1] : high[1], low[0] : high[0]]
        mask = np.zeros(region.shape[:2], np.uint8)
        offset = (-int(low[0]) << _SHIFT, -int(low[1]) << _SHIFT)
        for shape in shapes:
            cv2.fillPoly(mask, [self._fixed(shape) + offset], 255, cv2.LINE_8, _SHIFT)
        width, height = int(high[0] - low[0]), int(high[1] - low[1])
        tones = cv2.resize(_tones(colour, look), (width, height))
        cv2.copyTo(tones, mask, region)

    def _fixed(self, shape: Points) -> NDArray[np.int32]:
        unit = self._scale << _SHIFT
        return np.rint(shape * unit - _HALF).astype(np.int32)


def _tones(colour: RGB, look: Look) -> Image:
    places = [place for place, _ in look.stops]
    tones = np.array([tone(colour, amount) for _, amount in look.stops])
    levels = np.linspace(0, 1, LEVELS)
    table = np.stack([np.interp(levels, places, tones[:, each]) for each in range(3)], axis=1)
    return table.astype(np.uint8)[look.ramp]


@dataclass(frozen=True, slots=True)
class Pen:
    """Draws shapes, in units of `scale` pixels around (x, y), mirrored if facing is -1."""

    canvas: Canvas
    look: Look
    x: float
    y: float
    scale: float
    facing: int = 1

    @classmethod
    def on(cls, canvas: Canvas, look: Look) -> Self:
        """Returns a pen whose unit is a pixel of the picture."""
        return cls(canvas, look, 0.0, 0.0, 1.0)

    def fill(self, *shapes: Points, colour: RGB, outline: float = 1.0, flat: bool = False) -> None:
        """Fills the union of shapes, shaded unless flat, within an outline of the look's width."""
        placed = tuple(self._placed(shape) for shape in shapes)
        width = self._outline(outline)
        if width > 0:
            ink = self.look.ink or tone(colour, -0.38)
            for shape in placed:
                self.canvas.stroke(shape, ink, width * 2, closed=True)
        if flat:
            self.canvas.fill(placed, colour)
        else:
            self.canvas.shade(placed, colour, self.look)

    def spot(self, *shapes: Points, colour: RGB, opacity: float = 1.0) -> None:
        """Fills shapes flat, without an outline."""
        self.canvas.fill(tuple(self._placed(shape) for shape in shapes), colour, opacity)

    def line(self, shape: Points, colour: RGB = INK, width: float = 0.05) -> None:
        """Draws an open line; the width is in units of the pen."""
        self.canvas.stroke(self._placed(shape), colour, width * self.scale)

    def _placed(self, shape: Points) -> Points:
        return shape * (self.scale * self.facing, self.scale) + (self.x, self.y)

    def _outline(self, weight: float) -> float:
        figure = 1.0 if self.scale == 1 else min(1.25, max(0.55, self.scale / 50))
        return self.look.outline * weight * figure
