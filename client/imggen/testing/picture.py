"""Small PNGs made without a library: one colour, derived from the seed."""

import struct
import zlib

from imggen.v1.image_pb2 import (
    ASSET_KIND_DISPLAY,
    ASSET_KIND_ORIGINAL,
    ASSET_KIND_PRINT,
    ASSET_KIND_THUMBNAIL,
    IMAGE_TYPE_PORTRAIT,
    AssetKind,
    Image,
)

CONTENT_TYPE = "image/png"
_WIDTHS = {
    ASSET_KIND_ORIGINAL: 64,
    ASSET_KIND_DISPLAY: 128,
    ASSET_KIND_PRINT: 256,
    ASSET_KIND_THUMBNAIL: 32,
}


def size_of(image: Image, kind: AssetKind.ValueType) -> tuple[int, int]:
    """Returns the width and height of an asset in pixels; scenes and covers are wide."""
    width = _WIDTHS[kind]
    return width, width if image.type == IMAGE_TYPE_PORTRAIT else width * 9 // 16


def asset(image: Image, kind: AssetKind.ValueType) -> bytes:
    """Returns the PNG of an asset; the same seed gives the same bytes."""
    red, green, blue = image.seed.to_bytes(4, "big")[1:]
    return png(*size_of(image, kind), (red, green, blue))


def png(width: int, height: int, colour: tuple[int, int, int]) -> bytes:
    """Returns a valid PNG of one colour (8-bit RGB)."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    rows = (b"\0" + bytes(colour) * width) * height
    return (
        b"\x89PNG\r\n\x1a\n"
        + _chunk(b"IHDR", header)
        + _chunk(b"IDAT", zlib.compress(rows))
        + _chunk(b"IEND", b"")
    )


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
