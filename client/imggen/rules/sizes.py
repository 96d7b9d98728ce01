"""The sizes of pictures and their assets, as pairs of a width and a height in pixels."""

import math
import re
from collections.abc import Mapping
from typing import TypeAlias

from imggen.rules.checks import Checks
from imggen.rules.graphemes import first
from imggen.v1 import errors_pb2 as reasons

Pixels: TypeAlias = tuple[int, int]

PRINT_PORTRAIT: Pixels = (2048, 2048)
PRINT_SCENE: Pixels = (3000, 2000)
THUMBNAIL_SIDE = 256

MAX_PRINT_PIXELS = 24_000_000
"""The most pixels of a print asset that a caller asks for: 6000x4000, 50 by 33 cm at 300 DPI."""

_LEAST = re.compile(r"([1-9]\d{0,4})x([1-9]\d{0,4})", re.ASCII)
_ANY: Pixels = (1, 1)


def nearest_ratio(offered: Mapping[str, Pixels], display: Pixels) -> str:
    """Returns the name of the offered shape that is nearest to another.

    By the logarithm of the quotient of their aspect ratios, so that the least is cut away.
    """
    width, height = display
    return min(
        offered,
        key=lambda name: abs(math.log(offered[name][0] * height / offered[name][1] / width)),
    )


def print_size(display: Pixels, *, portrait: bool, least: Pixels = _ANY) -> Pixels:
    """Returns the size of the print asset: 2048 on a portrait's shorter side, 3000x2000 or more
    for a scene, both in the display asset's ratio and never smaller than it, or than the `least`.
    """
    width, height = display
    usual = PRINT_PORTRAIT if portrait else PRINT_SCENE
    scale = max(usual[0] / width, usual[1] / height, least[0] / width, least[1] / height, 1.0)
    # Rounded first: 3000 / 1824 * 1824 is a little more than 3000 in floating point.
    return math.ceil(round(width * scale, 6)), math.ceil(round(height * scale, 6))


def read_least(checks: Checks, field: str, value: str) -> Pixels | None:
    """Reads the least size of a print asset; an empty one means any."""
    if not value:
        return _ANY
    found = _LEAST.fullmatch(value)
    if found is None:
        checks.add(
            field,
            f'"{first(value, 60)}" is no size; give a width and a height in pixels, 4096x4096',
            reasons.ERROR_REASON_SIZE_NOT_OFFERED,
        )
        return None
    return int(found[1]), int(found[2])


def check_print(checks: Checks, field: str, size: Pixels) -> None:
    """Adds the violation of a print asset that would have too many pixels."""
    if size[0] * size[1] > MAX_PRINT_PIXELS:
        checks.add(
            field,
            f"it makes a print asset of {size[0]}x{size[1]}, in the shape of the image, which is "
            f"more than {MAX_PRINT_PIXELS:,} pixels; give a smaller size",
            reasons.ERROR_REASON_SIZE_NOT_OFFERED,
        )


def thumbnail_size(display: Pixels) -> Pixels:
    """Returns the size of the thumbnail: 256 on the longer side."""
    width, height = display
    scale = THUMBNAIL_SIDE / max(width, height)
    return max(round(width * scale), 1), max(round(height * scale), 1)
