"""The sizes of pictures and their assets, as pairs of a width and a height in pixels."""

import math
from collections.abc import Mapping
from typing import TypeAlias

Pixels: TypeAlias = tuple[int, int]

PRINT_PORTRAIT: Pixels = (2048, 2048)
PRINT_SCENE: Pixels = (3000, 2000)
THUMBNAIL_SIDE = 256


def nearest_ratio(offered: Mapping[str, Pixels], display: Pixels) -> str:
    """Returns the name of the offered shape that is nearest to another.

    By the logarithm of the quotient of their aspect ratios, so that the least is cut away.
    """
    width, height = display
    return min(
        offered,
        key=lambda name: abs(math.log(offered[name][0] * height / offered[name][1] / width)),
    )


def print_size(display: Pixels, *, portrait: bool) -> Pixels:
    """Returns the size of the print asset: 2048 on a portrait's shorter side, 3000x2000 or more
    for a scene, both in the display asset's ratio and never smaller than it.
    """
    width, height = display
    least = PRINT_PORTRAIT if portrait else PRINT_SCENE
    scale = max(least[0] / width, least[1] / height, 1.0)
    # Rounded first: 3000 / 1824 * 1824 is a little more than 3000 in floating point.
    return math.ceil(round(width * scale, 6)), math.ceil(round(height * scale, 6))


def thumbnail_size(display: Pixels) -> Pixels:
    """Returns the size of the thumbnail: 256 on the longer side."""
    width, height = display
    scale = THUMBNAIL_SIDE / max(width, height)
    return max(round(width * scale), 1), max(round(height * scale), 1)
