"""Files of pictures as other programs write them, made by hand where Pillow cannot."""

import struct
import zlib
from collections.abc import Callable, Mapping
from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image

SIDE = 48
KINDS = {0: 1, 2: 3, 4: 2, 6: 4}
"""The channels of PNG's types of colour: grey, RGB, grey with alpha, RGBA."""


def saved(image: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    """Returns a picture's file."""
    buffer = BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def ramp(low: float = 0, high: float = 1) -> NDArray[np.float64]:
    """Returns colours that all differ, from 0 to 1, (H, W, 3)."""
    down, right = np.mgrid[0:SIDE, 0:SIDE] / (SIDE - 1)
    colours = np.stack((right, down, (right + down) / 2), axis=2)
    return low + (high - low) * colours


def as_bytes(colours: NDArray[np.float64]) -> NDArray[np.uint8]:
    """Returns colours of 0 to 1 in 8 bits."""
    return (colours * 255).round().astype(np.uint8)


def chunk(kind: bytes, data: bytes) -> bytes:
    """Returns a chunk of a PNG."""
    checksum = struct.pack(">I", zlib.crc32(kind + data))
    return struct.pack(">I", len(data)) + kind + data + checksum


def png_of(
    values: NDArray[np.unsignedinteger], colour: int, bits: int, more: Mapping[bytes, bytes] = {}
) -> bytes:
    """Returns a PNG of values, (H, W, channels), with chunks before its pixels."""
    height, width = values.shape[:2]
    flat = values.reshape(height, -1)
    if bits < 8:
        ones = (flat[..., None] >> np.arange(bits - 1, -1, -1)) & 1
        rows = np.packbits(ones.reshape(height, -1).astype(np.uint8), axis=1)
    else:
        rows = np.ascontiguousarray(flat.astype(f">u{bits // 8}")).view(np.uint8)
    lines = np.pad(rows, ((0, 0), (1, 0))).tobytes()
    header = struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, 0)
    middle = b"".join(chunk(kind, data) for kind, data in more.items())
    parts = (
        chunk(b"IHDR", header),
        middle,
        chunk(b"IDAT", zlib.compress(lines)),
        chunk(b"IEND", b""),
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def without_marker(jpeg: bytes, marker: int, put: bytes = b"") -> bytes:
    """Returns a JPEG whose segments of a marker are replaced."""
    kept, at = jpeg[:2], 2
    while jpeg[at + 1] != 0xDA:
        length = 2 + int.from_bytes(jpeg[at + 2 : at + 4])
        kept += put if jpeg[at + 1] == marker else jpeg[at : at + length]
        at += length
    return kept + jpeg[at:]


def turned(orientation: int, *, kind: bytes = b"\0\x03") -> bytes:
    """Returns EXIF of one tag, which says how a picture lies."""
    tag = b"\x01\x12" + kind + struct.pack(">IHH", 1, orientation, 0)
    return b"Exif\0\0MM\0*\0\0\0\x08\0\x01" + tag + bytes(4)


def matrix_profile(columns: NDArray[np.float64], gamma: float) -> bytes:
    """Returns the profile of a display: the colours of its primaries under D50, and its gamma."""
    curve = b"curv" + struct.pack(">IIH", 0, 1, round(gamma * 256)) + bytes(2)
    tags = dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), curve)
    for at, name in enumerate((b"rXYZ", b"gXYZ", b"bXYZ")):
        numbers = (round(value * 65536) for value in columns[:, at])
        tags[name] = b"XYZ " + struct.pack(">I3i", 0, *numbers)
    return profile(b"RGB ", b"XYZ ", tags)


def grey_profile(gamma: float) -> bytes:
    """Returns the profile of a grey display."""
    curve = b"curv" + struct.pack(">IIH", 0, 1, round(gamma * 256)) + bytes(2)
    return profile(b"GRAY", b"XYZ ", {b"kTRC": curve})


def table_profile(space: bytes, inks: int, lab: Callable[[NDArray[np.float64]], object]) -> bytes:
    """Returns a profile by a table from a device's colours, (n, inks), to Lab, (n, 3)."""
    steps = 9
    grid = np.stack(np.meshgrid(*[np.linspace(0, 1, steps)] * inks, indexing="ij"), axis=-1)
    found = np.asarray(lab(grid.reshape(-1, inks)))
    scaled = (found / (100, 255, 255) + (0, 128 / 255, 128 / 255)) * 255
    table = scaled.round().clip(0, 255).astype(np.uint8).tobytes()
    identity = bytes(range(256))
    matrix = struct.pack(">9i", *(65536 if at % 4 == 0 else 0 for at in range(9)))
    head = b"mft1" + struct.pack(">IBBBB", 0, inks, 3, steps, 0) + matrix
    return profile(
        space, b"Lab ", {b"A2B0": head + identity * inks + table + identity * 3}, b"prtr"
    )


def profile(
    space: bytes, through: bytes, tags: Mapping[bytes, bytes], device: bytes = b"mntr"
) -> bytes:
    """Returns an ICC profile of version 2."""
    white = b"XYZ " + struct.pack(">I3i", 0, 63190, 65536, 54061)
    every = {**tags, b"wtpt": white}
    table, body = struct.pack(">I", len(every)), b""
    for name, data in every.items():
        table += name + struct.pack(">II", 132 + 12 * len(every) + len(body), len(data))
        body += data + bytes(-len(data) % 4)
    size = 128 + len(table) + len(body)
    head = struct.pack(">III4s4s4s", size, 0, 0x02400000, device, space, through)
    head = head.ljust(36, b"\0") + b"acsp"
    head = head.ljust(68, b"\0") + struct.pack(">3i", 63190, 65536, 54061)
    return head.ljust(128, b"\0") + table + body
