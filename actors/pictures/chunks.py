"""The chunks of a PNG."""

from collections.abc import Iterator
from zlib import crc32

SIGNATURE = b"\x89PNG\r\n\x1a\n"
GREY = 0
"""The type of colour of a PNG that has neither colours, a palette nor an alpha channel."""


def chunks(png: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yields the kind and the data of each chunk; what is no chunk, as after the end, is of b""."""
    at = len(SIGNATURE)
    if png[:at] != SIGNATURE:
        return
    while at < len(png):
        length = int.from_bytes(png[at : at + 4])
        kind, data = png[at + 4 : at + 8], png[at + 8 : at + 8 + length]
        yield kind, data
        at += length + 12
        if kind == b"IEND":
            break
    if at != len(png):
        yield b"", b""


def chunk_of(kind: bytes, data: bytes) -> bytes:
    """Returns a chunk as it stands in a file, with its length and its checksum."""
    checksum = crc32(kind + data)
    return b"".join((len(data).to_bytes(4), kind, data, checksum.to_bytes(4)))


def before_pixels(png: bytes) -> dict[bytes, bytes]:
    """Returns the first chunk of each kind that stands before the pixels, as most must."""
    found: dict[bytes, bytes] = {}
    for kind, data in chunks(png):
        if kind == b"IDAT":
            break
        found.setdefault(kind, data)
    return found


def depth_of(header: bytes) -> tuple[int, int]:
    """Returns the bits of a channel and the type of colour that an IHDR names."""
    return (header[8], header[9])
