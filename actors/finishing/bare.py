"""Pictures without anything beside their pixels."""

import struct
from io import BytesIO

import numpy as np
from PIL import Image

from actors.pictures.chunks import chunks
from actors.pictures.seen import seen

_HARMLESS = frozenset(
    (b"IHDR", b"PLTE", b"IDAT", b"IEND", b"sRGB", b"pHYs", b"sBIT", b"tIME", b"caBX")
)
"""The chunks of PNG that change no pixel and hold neither a picture nor a text, and C2PA's."""
_AS_SRGB = {
    b"gAMA": struct.pack(">I", 45455),
    b"cHRM": struct.pack(">8I", 31270, 32900, 64000, 33000, 30000, 60000, 15000, 6000),
}
"""Chunks that change how pixels are shown, but for these values, by PNG's specification, 11.3.2."""
_DEEPEST = 8


def bare(original: bytes, picture: Image.Image) -> bytes:
    """Returns a file that has the pixels of a decoded picture only, as `seen` gives them: a PNG.

    One that is such a file stays as it is. A manifest of C2PA may stand beside the pixels, since
    it holds for just these bytes; it is read when the picture is signed, and left out of the file.
    """
    if _is_opaque(picture) and _has_pixels_only(original):
        return original
    return as_png(seen(picture))


def as_png(picture: Image.Image) -> bytes:
    """Returns a picture of `seen` as a PNG without other chunks than those of its pixels."""
    buffer = BytesIO()
    picture.save(buffer, "PNG")
    return buffer.getvalue()


def _is_opaque(picture: Image.Image) -> bool:
    if not picture.has_transparency_data:
        return True
    return bool(np.asarray(picture.convert("RGBA").getchannel("A")).min() == 255)


def _has_pixels_only(png: bytes) -> bool:
    """Returns whether a file is a PNG of 8 bits, whole, whose chunks are all known as harmless."""
    found = list(chunks(png))
    if not found or found[-1][0] != b"IEND" or found[0][1][8:9] > bytes([_DEEPEST]):
        return False
    return all(kind in _HARMLESS or _AS_SRGB.get(kind) == data for kind, data in found)
