"""Files of pictures without words: texts, EXIF and XMP of a provider's may hold its prompt."""

import re
from collections.abc import Iterator

from actors.pictures.chunks import SIGNATURE, chunk_of, chunks
from actors.pictures.opened import orientation_of

_SHOWN = frozenset(
    (
        *(b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND"),
        *(b"gAMA", b"cHRM", b"sRGB", b"iCCP", b"cICP", b"sBIT", b"pHYs", b"bKGD", b"mDCV", b"cLLI"),
    )
)
"""The chunks of PNG that say how its pixels are shown, and nothing else."""
_WEBP_SHOWN = frozenset((b"VP8 ", b"VP8L", b"VP8X", b"ALPH", b"ICCP", b"C2PA"))
_SOI, _EOI, _SOS = b"\xff\xd8", 0xD9, 0xDA
_AFTER_PIXELS = re.compile(rb"\xff+[^\x00\xff\xd0-\xd7]", re.DOTALL)
_APPLICATIONS = {
    0xE0: b"JFIF\0",
    0xE2: b"ICC_PROFILE\0",
    0xEB: b"JP",
    0xEE: b"Adobe",
}
"""The segments of applications that are no texts, by what they begin with; JP is C2PA's."""
_APP0 = 0xE0
_OF_PIXELS = range(0xC0, 0xDE)
"""The markers of frames, tables, scans and the like."""


def silent(file: bytes) -> bytes | None:
    """Returns a picture's file without words; None for one that has to be encoded anew for that.

    A PNG keeps its coded pixels and loses other chunks, a manifest of C2PA, too, which holds for
    the file that it was. A JPEG or a WebP with words is to be encoded anew, and so is what is
    damaged or turned by its EXIF.
    """
    if file.startswith(SIGNATURE):
        return _png(file)
    walk = _jpeg_segments if file.startswith(_SOI) else _webp_chunks
    try:
        return file if all(walk(file)) else None
    except IndexError:  # it is cut off
        return None


def _png(file: bytes) -> bytes | None:
    found = list(chunks(file))
    if not found or found[-1][0] != b"IEND":
        return None
    if any(kind == b"eXIf" and orientation_of(data) != 1 for kind, data in found):
        return None  # without it the pixels would lie on their side
    kept = [(kind, data) for kind, data in found if kind in _SHOWN]
    if len(kept) == len(found):
        return file
    return SIGNATURE + b"".join(chunk_of(kind, data) for kind, data in kept)


def _jpeg_segments(file: bytes) -> Iterator[bool]:
    """Yields of each segment whether it has no words, and at last whether nothing follows."""
    at = len(_SOI)
    while file[at] == 0xFF and (marker := file[at + 1]) != _EOI:
        length = int.from_bytes(file[at + 2 : at + 4])
        yield _is_silent(marker, file[at + 4 : at + 2 + length])
        at += 2 + max(length, 2)
        if marker == _SOS:
            after = _AFTER_PIXELS.search(file, at)
            at = after.end() - 2 if after else len(file)
    yield file[at:] == bytes((0xFF, _EOI))


def _is_silent(marker: int, data: bytes) -> bool:
    if marker in _OF_PIXELS:
        return True
    start = _APPLICATIONS.get(marker)
    # JFIF may end with a thumbnail.
    return start is not None and data.startswith(start) and (marker != _APP0 or len(data) == 14)


def _webp_chunks(file: bytes) -> Iterator[bool]:
    """Yields of each chunk whether it is the picture's, and at last whether nothing follows."""
    at = 12
    while at + 8 <= len(file):
        yield file[at : at + 4] in _WEBP_SHOWN
        length = int.from_bytes(file[at + 4 : at + 8], "little")
        at += 8 + length + length % 2
    yield at == len(file) == 8 + int.from_bytes(file[4:8], "little")
