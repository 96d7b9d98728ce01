"""Files that are no pictures to be read, made by hand: `python -m tests.unit.bad_files FOLDER`."""

import struct
import sys
import zlib
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from PIL import Image

from tests.unit.picture_files import chunk, saved

_SIDE = 40
_ZIP_END = b"PK\x05\x06" + bytes(16)


def _image() -> Image.Image:
    values = np.random.default_rng(0).integers(0, 256, (_SIDE, _SIDE, 3), np.uint8)
    return Image.fromarray(values)


PNG = saved(_image())
JPEG = saved(_image(), "JPEG")
WEBP = saved(_image(), "WEBP")
_HEADER, _REST = PNG[8:33], PNG[33:]
_SIGNATURE = PNG[:8]


def _png(width: int, height: int, *, bits: int = 8, colour: int = 2, pixels: bytes = b"") -> bytes:
    header = struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, 0)
    return (
        _SIGNATURE
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(pixels, 9))
        + chunk(b"IEND", b"")
    )


def _with(*more: bytes) -> bytes:
    """Returns the PNG with chunks after its header."""
    return _SIGNATURE + _HEADER + b"".join(more) + _REST


def _jpeg_of(height: int, width: int) -> bytes:
    """Returns the JPEG with another size in its frame."""
    at = JPEG.index(b"\xff\xc0") + 5
    return JPEG[:at] + struct.pack(">HH", height, width) + JPEG[at + 4 :]


def _segment(marker: int, data: bytes) -> bytes:
    return bytes([0xFF, marker]) + struct.pack(">H", len(data) + 2) + data


def _riff(*parts: bytes) -> bytes:
    body = b"WEBP" + b"".join(parts)
    return b"RIFF" + struct.pack("<I", len(body)) + body


def _part(kind: bytes, data: bytes) -> bytes:
    return kind + struct.pack("<I", len(data)) + data + bytes(len(data) % 2)


def _canvas(width: int, height: int) -> bytes:
    sides = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    return _part(b"VP8X", b"\x02\0\0\0" + sides)


BAD: Mapping[str, bytes] = {
    "empty": b"",
    "text": b"not a picture",
    "gif": saved(_image(), "GIF"),
    "bmp": saved(_image(), "BMP"),
    "tiff": saved(_image(), "TIFF"),
    "svg": b'<svg xmlns="http://www.w3.org/2000/svg"/>',
    "sound": b"RIFF\x24\0\0\0WAVEfmt " + bytes(28),
    "png signature alone": _SIGNATURE,
    "png cut in its header": PNG[:20],
    "png cut in its pixels": PNG[: len(PNG) // 2],
    "png without an end": PNG[:-12],
    "png with a wrong checksum": PNG[:60] + bytes([PNG[60] ^ 1]) + PNG[61:],
    "png whose header is second": _SIGNATURE + chunk(b"gAMA", bytes(4)) + _HEADER + _REST,
    "png of no width": _png(0, 9),
    "png of too long a side": _png(50_000, 1),
    "png bomb": _png(11_000, 11_000, bits=1, colour=0, pixels=bytes(1376 * 11_000)),
    "png that says it is huge": _png(2**31 - 1, 2**31 - 1),
    "png of too many chunks": _with(chunk(b"tEXt", b"a\0b") * 10_001),
    "png of too many pictures": _with(chunk(b"acTL", struct.pack(">II", 1000, 0))),
    "png with a text bomb": _with(chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(80_000_000), 9))),
    "png with too few pixels": _png(900, 900, pixels=bytes(900)),
    "png whose pixels are garbage": _SIGNATURE + _HEADER + chunk(b"IDAT", b"?" * 99) + PNG[-12:],
    "png and zip": PNG + _ZIP_END + bytes(2),
    "png and zip in one": _with(chunk(b"zIPb", _ZIP_END + struct.pack("<H", 4 + len(_REST)))),
    "png and web page": _with(chunk(b"tEXt", b"a\0<script>alert(1)</script>")),
    "jpeg cut off": JPEG[: len(JPEG) // 2],
    "jpeg without a frame": JPEG[:2] + b"\xff\xd9" + JPEG[:2],
    "jpeg that says it is huge": _jpeg_of(65_500, 65_500),
    "jpeg of no height": _jpeg_of(0, 40),
    "jpeg of too many segments": JPEG[:2] + _segment(0xFE, b"a") * 10_001 + JPEG[2:],
    "jpeg and pdf": JPEG[:2] + _segment(0xFE, b"%PDF-1.7") + JPEG[2:],
    "jpeg and program": JPEG + b"MZ" + bytes(99),
    "webp cut off": WEBP[: len(WEBP) // 2],
    "webp and more": WEBP + b"more",
    "webp that says it is huge": _riff(_canvas(2**24, 2**24)),
    "webp of too many pictures": _riff(_canvas(40, 40), *[_part(b"ANMF", bytes(16))] * 9),
    "webp without a picture": _riff(_part(b"EXIF", b"none")),
    "webp whose pixels are garbage": _riff(_part(b"VP8L", b"\x2f" + bytes(40))),
}
"""The files by what is wrong with them."""


def main() -> None:
    """Writes the files to a folder."""
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in BAD.items():
        (folder / name.replace(" ", "-")).write_bytes(data)


if __name__ == "__main__":
    main()
