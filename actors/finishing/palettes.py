"""Pictures with alpha in 256 colours, for files that would be too large otherwise."""

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from PIL import Image

_STEPS = 7
"""The alphas of pixels that are partly seen, which are mostly the edges of figures."""
_OF_A_STEP = 9
_OPAQUE = 255 - _STEPS * _OF_A_STEP

Pixels = NDArray[np.uint8]
Mask = NDArray[np.bool_]


def by_palette(image: Image.Image) -> Image.Image:
    """Returns a picture of RGBA in 256 colours with alpha.

    What is opaque or clear stays so: Pillow's own palettes, which mix all pixels, make drawings
    see-through in places.
    """
    pixels = np.asarray(image)
    places = np.zeros(pixels.shape[:2], np.uint8)
    clear = np.array([[255, 255, 255, 0]], np.uint8)
    palette = clear
    for mask, alpha, colours in _parts(pixels[..., 3]):
        if mask.any():
            found, of_each = _quantized(pixels[mask][:, :3], colours)
            places[mask] = of_each + len(palette)
            palette = np.concatenate((palette, np.insert(found, 3, alpha, axis=1)))
    shown = Image.fromarray(places)
    shown.putpalette(palette.tobytes(), "RGBA")
    return shown


def _parts(alpha: Pixels) -> Iterator[tuple[Mask, int, int]]:
    """Yields the pixels that get one alpha, that alpha, and how many colours they get."""
    yield alpha == 255, 255, _OPAQUE
    edges = np.linspace(1, 255, _STEPS + 1).round().astype(int)
    for least, end in pairwise(edges):
        yield (alpha >= least) & (alpha < end), (int(least) + int(end)) // 2, _OF_A_STEP


def _quantized(colours: Pixels, most: int) -> tuple[Pixels, Pixels]:
    """Returns the palette, (n, 3), of colours, (N, 3), and the place of each of them in it."""
    small = Image.fromarray(colours[:, None]).quantize(most, Image.Quantize.FASTOCTREE)
    palette = np.asarray(small.getpalette("RGB"), np.uint8).reshape(-1, 3)
    return palette, np.asarray(small)[:, 0]
