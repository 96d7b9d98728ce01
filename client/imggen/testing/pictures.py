"""Pictures of one colour, made without a library: PNG, baseline JPEG, and lossless WebP."""

import struct
import zlib
from functools import lru_cache

Colour = tuple[int, int, int]

_BLOCK = 8
# The code lengths of the JPEG's Huffman tables: 0 has one bit, the other values five.
_DC_LENGTHS = bytes((1, 0, 0, 0, 11, *[0] * 11))
_AC_LENGTHS = bytes((1, *[0] * 15))
_END_OF_BLOCK = "0"


@lru_cache(maxsize=64)
def png(width: int, height: int, colour: Colour) -> bytes:
    """Returns a valid PNG of one colour (8-bit RGB)."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    rows = (b"\0" + bytes(colour) * width) * height
    return (
        b"\x89PNG\r\n\x1a\n"
        + _chunk(b"IHDR", header)
        + _chunk(b"IDAT", zlib.compress(rows, 1))
        + _chunk(b"IEND", b"")
    )


@lru_cache(maxsize=64)
def jpeg(width: int, height: int, colour: Colour) -> bytes:
    """Returns a valid JPEG of one colour (ITU-T T.81, baseline, without subsampling)."""
    tables = b"".join(
        (
            _segment(0xDB, b"\0" + bytes([1] * 64)),
            _segment(
                0xC0,
                struct.pack(">BHHB", 8, height, width, 3)
                + b"".join(bytes((component, 0x11, 0)) for component in (1, 2, 3)),
            ),
            _segment(0xC4, b"\x00" + _DC_LENGTHS + bytes(range(12))),
            _segment(0xC4, b"\x10" + _AC_LENGTHS + b"\0"),
            _segment(0xDA, b"\3" + bytes((1, 0, 2, 0, 3, 0)) + bytes((0, 63, 0))),
        )
    )
    return b"\xff\xd8" + _jfif() + tables + _scan(width, height, colour) + b"\xff\xd9"


@lru_cache(maxsize=64)
def webp(width: int, height: int, colour: Colour) -> bytes:
    """Returns a valid WebP of one colour (RFC 9649, 3): codes of one symbol, and so no pixels."""
    red, green, blue = colour
    fields = [(0x2F, 8), (width - 1, 14), (height - 1, 14), (0, 1), (0, 3)]
    fields += [(0, 3)]  # no transform, no cache of colours, one group of codes
    for symbol in (green, red, blue, 255, 0):
        fields += [(1, 1), (0, 1), (1, 1), (symbol, 8)]
    bits, at = 0, 0
    for value, size in fields:
        bits |= value << at
        at += size
    data = bits.to_bytes(-(-at // 8), "little")
    part = b"VP8L" + struct.pack("<I", len(data)) + data + bytes(len(data) % 2)
    return b"RIFF" + struct.pack("<I", len(part) + 4) + b"WEBP" + part


def _scan(width: int, height: int, colour: Colour) -> bytes:
    """Returns the coded blocks: the first has the colour, the others do not differ from it."""
    first = "".join(_difference(value) + _END_OF_BLOCK for value in _levels(colour))
    blocks = -(-width // _BLOCK) * -(-height // _BLOCK)
    left = 3 * 2 * (blocks - 1)  # of zeros: no difference, end of block
    padded = first + "0" * min(left, -len(first) % 8)
    left -= len(padded) - len(first)
    padded += "1" * (-len(padded) % 8)
    head = int(padded, 2).to_bytes(len(padded) // 8, "big").replace(b"\xff", b"\xff\0")
    whole, rest = divmod(left, 8)
    return head + bytes(whole) + (bytes([(1 << (8 - rest)) - 1]) if rest else b"")


def _levels(colour: Colour) -> tuple[int, int, int]:
    """Returns a colour as the DC coefficients of Y, Cb and Cr (JFIF 1.02)."""
    red, green, blue = colour
    luma = 0.299 * red + 0.587 * green + 0.114 * blue
    parts = (luma - 128, (blue - luma) / 1.772, (red - luma) / 1.402)
    return tuple(round(8 * part) for part in parts)  # type: ignore[return-value]


def _difference(value: int) -> str:
    """Returns the code of a DC difference: the number of its bits, and its bits."""
    size = abs(value).bit_length()
    if not size:
        return "0"
    bits = value if value > 0 else value + (1 << size) - 1
    return f"{0b10000 + size - 1:05b}{bits:0{size}b}"


def _jfif() -> bytes:
    return _segment(0xE0, b"JFIF\0" + struct.pack(">HBHHBB", 0x0101, 1, 72, 72, 0, 0))


def _segment(marker: int, content: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(content) + 2) + content


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
