"""Tiling: a picture is computed in parts that overlap, and each part fades into the next."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]
"""A picture, (H, W, 3)."""


@dataclass(frozen=True, slots=True)
class Tiling:
    """How a picture is cut into tiles, in its own pixels."""

    side: int
    """The most pixels of a tile's side, what overlaps included."""
    margin: int
    """How far from a cut the pixels of a tile are thrown away: it lacked what is beyond."""
    fade: int
    """Over how many pixels a tile fades into the next one."""

    @property
    def overlap(self) -> int:
        """The pixels that two neighbouring tiles share."""
        return 2 * self.margin + self.fade

    def spans(self, length: int) -> list[tuple[int, int]]:
        """Returns where the tiles along a side begin and end."""
        step = self.side - self.overlap
        # A tile has faded in before the next one begins to.
        if step < max(self.fade, 1):
            raise ValueError(f"tiles of {self.side} pixels that share {self.overlap}: too small")
        starts = range(0, max(1, length - self.overlap), step)
        return [(start, min(start + self.side, length)) for start in starts]

    def enlarge(self, pixels: Pixels, scale: int, compute: Callable[[Pixels], Pixels]) -> Pixels:
        """Returns a picture `scale` times as large; `compute` enlarges one tile.

        Beside the two pictures and one row of tiles, all in 8 bits, it keeps nothing.
        """
        height, width, colours = pixels.shape
        large = np.empty((height * scale, width * scale, colours), np.uint8)
        for top, bottom in self.spans(height):
            row = np.empty(((bottom - top) * scale, width * scale, colours), np.uint8)
            for left, right in self.spans(width):
                self._lay(row, compute(pixels[top:bottom, left:right]), left, scale, axis=1)
            self._lay(large, row, top, scale, axis=0)
        return large

    def _lay(self, under: Pixels, part: Pixels, start: int, scale: int, axis: int) -> None:
        """Lays a part over others from a pixel on; after its margin it fades in."""
        under, part = np.moveaxis(under, axis, 0), np.moveaxis(part, axis, 0)
        begin, fade = start * scale, self.fade * scale
        if start == 0:
            under[: len(part)] = part
            return
        begin, part = begin + self.margin * scale, part[self.margin * scale :]
        weight = ((np.arange(fade, dtype=np.float32) + 0.5) / fade)[:, None, None]
        before = under[begin : begin + fade].astype(np.float32)
        under[begin : begin + fade] = np.rint(before + (part[:fade] - before) * weight)
        under[begin + fade : begin + len(part)] = part[fade:]
