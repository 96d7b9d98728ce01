"""PNGs that hold their pixels, how these are shown and who made them, and nothing else."""

import struct
import zlib
from collections.abc import Mapping
from types import MappingProxyType

from actors.pictures.chunks import chunks

_PIXELS, _PROVENANCE, _END = b"IDAT", b"caBX", b"IEND"
_SIZES: Mapping[bytes, int] = MappingProxyType(
    {
        b"IHDR": 13,
        b"PLTE": 768,
        b"tRNS": 256,
        b"sRGB": 1,
        b"gAMA": 4,
        b"cHRM": 32,
        b"cICP": 4,
        b"sBIT": 4,
        b"pHYs": 9,
        b"tIME": 7,
        _PROVENANCE: 1 << 20,
        _END: 0,
    }
)
"""The chunks that may stand beside the pixels, once each, and the most bytes of each."""
_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
"""The values of a pixel by its type of colour, by PNG's specification, 11.2.1."""
_STEP = 1 << 20

SCRIPTS = (b"%pdf-", b"<script", b"<html", b"<!doctype", b"<svg", b"<?php")
"""What makes a file a document or a program for others, in lower case."""
_ARCHIVES = (b"PK\x03\x04", b"PK\x05\x06")


def is_alone(png: bytes) -> bool:
    """Returns whether a file is a PNG in which no other file can be hidden.

    A manifest of C2PA may stand beside the pixels, since it holds for just these bytes.
    """
    found = list(chunks(png))
    kinds = [kind for kind, _ in found if kind != _PIXELS]
    if not kinds or kinds[-1] != _END or len(set(kinds)) < len(kinds):
        return False
    if any(len(data) > _SIZES.get(kind, -1) for kind, data in found if kind != _PIXELS):
        return False
    lower = png.lower()
    if any(mark in png for mark in _ARCHIVES) or any(mark in lower for mark in SCRIPTS):
        return False
    return _is_whole(found[0][1], b"".join(data for kind, data in found if kind == _PIXELS))


def _is_whole(header: bytes, pixels: bytes) -> bool:
    """Returns whether the compressed pixels are those of all rows, and end with the last one."""
    width, height, bits, colour, _, _, interlaced = struct.unpack(">IIBBBBB", header)
    if interlaced:
        return False
    left = height * (1 + (width * bits * _CHANNELS[colour] + 7) // 8)
    inflating = zlib.decompressobj()
    while not inflating.eof and left >= 0:
        rows = inflating.decompress(pixels, _STEP)
        pixels = inflating.unconsumed_tail
        if not rows and not pixels:
            break
        left -= len(rows)
    return inflating.eof and left == 0 and not inflating.unused_data
