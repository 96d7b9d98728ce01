"""Files of pictures from others: what they say of themselves, checked before they are decoded."""

import re
import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass

from actors.pictures.alone import SCRIPTS
from actors.pictures.chunks import SIGNATURE


@dataclass(frozen=True, slots=True)
class UploadLimits:
    """The most that a file may hold; `parts` are the chunks or segments of its format."""

    bytes: int = 25_000_000
    pixels: int = 36_000_000
    side: int = 12_000
    frames: int = 8
    parts: int = 10_000


LIMITS = UploadLimits()


class UploadRefused(Exception):
    """Raised for a file that is not read; the message is for whoever sent it."""


@dataclass(frozen=True, slots=True)
class Header:
    """What a file says of itself: its format, and its pixels as they are stored."""

    format: str
    width: int
    height: int
    frames: int = 1


def check_upload(data: bytes, limits: UploadLimits = LIMITS) -> Header:
    """Returns what the header of a PNG, a JPEG or a WebP says, without decoding a pixel.

    The file must be one picture from its first byte to its last, within the limits, and must not
    begin or end as another kind of file. What is hidden between is left out of what is kept, which
    are pixels alone. Raises UploadRefused.
    """
    if len(data) > limits.bytes:
        raise UploadRefused(f"it has {len(data):,} bytes; it may have {limits.bytes:,}")
    walk = next((walk for start, walk in _WALKS.items() if _starts(data, start)), None)
    if walk is None:
        raise UploadRefused("it is no picture that is read; send a PNG, a JPEG or a WebP")
    _check_alone(data)
    try:
        header = walk(data, limits)
    except (struct.error, IndexError) as error:
        raise _cut_off() from error
    _check_size(header, limits)
    return header


def _starts(data: bytes, start: bytes) -> bool:
    if start == _RIFF:
        return data[:4] == start and data[8:12] == b"WEBP"
    return data.startswith(start)


def _check_alone(data: bytes) -> None:
    """Raises UploadRefused for a file that other programs take for something else."""
    head = data[:_HEAD].lower()
    other = next((mark for mark in SCRIPTS if mark in head), None)
    if other is not None:
        raise UploadRefused(f'it holds "{other.decode()}", which other programs run or open')
    at = data.rfind(_ZIP_END, max(0, len(data) - _ZIP_REACH))
    if at >= 0 and len(data) >= at + 22:
        (comment,) = struct.unpack_from("<H", data, at + 20)
        if at + 22 + comment == len(data):
            raise UploadRefused("it is a ZIP archive, too")


def _check_size(header: Header, limits: UploadLimits) -> None:
    width, height = header.width, header.height
    if not width or not height:
        raise UploadRefused(f"its picture is {width}x{height} pixels large")
    if max(width, height) > limits.side:
        raise UploadRefused(
            f"its picture is {width}x{height} pixels large; a side may have {limits.side:,}"
        )
    if width * height > limits.pixels:
        raise UploadRefused(
            f"its picture has {width * height:,} pixels; it may have {limits.pixels:,}"
        )
    if header.frames > limits.frames:
        raise UploadRefused(f"it holds {header.frames:,} pictures; it may hold {limits.frames}")


def _cut_off() -> UploadRefused:
    return UploadRefused("it is cut off, or damaged")


def _beyond(limits: UploadLimits) -> UploadRefused:
    return UploadRefused(f"it has more than {limits.parts:,} chunks")


def _after_end() -> UploadRefused:
    return UploadRefused("something comes after the end of its picture")


def _png(data: bytes, limits: UploadLimits) -> Header:
    """Walks the chunks of a PNG, by its specification, 5.3; their checksums must hold."""
    at, found, frames = len(SIGNATURE), 0, 1
    size = (0, 0)
    while True:
        (length,) = struct.unpack_from(">I", data, at)
        kind, body = data[at + 4 : at + 8], data[at + 8 : at + 8 + length]
        (checksum,) = struct.unpack_from(">I", data, at + 8 + length)
        if zlib.crc32(kind + body) != checksum:
            raise UploadRefused(f"the checksum of its {kind!r} chunk is wrong: it is damaged")
        if (kind == b"IHDR") != (found == 0):
            raise UploadRefused("its header is not its first chunk")
        if kind == b"IHDR":
            size = struct.unpack_from(">II", body)
        if kind == b"acTL":
            (frames,) = struct.unpack_from(">I", body)
        at, found = at + 12 + length, found + 1
        if kind == b"IEND":
            break
        if found > limits.parts:
            raise _beyond(limits)
    if at != len(data):
        raise _after_end()
    return Header("PNG", *size, frames)


def _jpeg(data: bytes, limits: UploadLimits) -> Header:
    """Walks a JPEG, and those that MPF says come after it (CIPA DC-007)."""
    header, at, several = _one_jpeg(data, 0, limits)
    frames = 1
    while at < len(data):
        rest = data.find(_SOI, at)
        if not several or rest < 0 or data[at:rest].strip(b"\0"):
            raise _after_end()
        frames += 1
        if frames > limits.frames:
            break
        _, at, _ = _one_jpeg(data, rest, limits)
    return Header("JPEG", header.width, header.height, frames)


def _one_jpeg(data: bytes, at: int, limits: UploadLimits) -> tuple[Header, int, bool]:
    """Returns a header, where the picture ends, and whether others may come after it.

    By ITU-T T.81, annex B. Raises UploadRefused for one whose height comes after its pixels.
    """
    at, found, several = at + 2, 0, False
    size: tuple[int, int] | None = None
    while True:
        if data[at] != 0xFF:
            raise _cut_off()
        marker = data[at + 1]
        if marker == 0xFF:
            at += 1
            continue
        if marker == _EOI:
            break
        (length,) = struct.unpack_from(">H", data, at + 2)
        if marker in _FRAMES:
            height, width = struct.unpack_from(">HH", data, at + 5)
            size = (width, height)
        several |= marker == 0xE2 and data[at + 4 : at + 8] == b"MPF\0"
        at, found = at + 2 + length, found + 1
        if found > limits.parts:
            raise _beyond(limits)
        if marker == _SOS:
            after = _AFTER_PIXELS.search(data, at)
            if after is None:
                raise _cut_off()
            at = after.start()
    if size is None:
        raise _cut_off()
    return Header("JPEG", *size), at + 2, several


def _webp(data: bytes, limits: UploadLimits) -> Header:
    """Walks the chunks of a WebP, by RFC 9649."""
    (length,) = struct.unpack_from("<I", data, 4)
    if 8 + length > len(data):
        raise _cut_off()
    if 8 + length != len(data):
        raise _after_end()
    at, found, frames = 12, 0, 0
    size: tuple[int, int] | None = None
    while at < len(data):
        kind = data[at : at + 4]
        (length,) = struct.unpack_from("<I", data, at + 4)
        if at + 8 + length > len(data):
            raise _cut_off()
        size = size or _webp_size(kind, data[at + 8 : at + 18])
        frames += kind == b"ANMF"
        at, found = at + 8 + length + length % 2, found + 1
        if found > limits.parts:
            raise _beyond(limits)
    if size is None:
        raise _cut_off()
    return Header("WEBP", *size, max(frames, 1))


def _webp_size(kind: bytes, body: bytes) -> tuple[int, int] | None:
    if kind == b"VP8X":
        return int.from_bytes(body[4:7], "little") + 1, int.from_bytes(body[7:10], "little") + 1
    if kind == b"VP8L":
        (bits,) = struct.unpack_from("<I", body, 1)
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if kind == b"VP8 ":
        width, height = struct.unpack_from("<HH", body, 6)
        return width & 0x3FFF, height & 0x3FFF
    return None


_RIFF = b"RIFF"
_SOI = b"\xff\xd8\xff"
_EOI, _SOS = 0xD9, 0xDA
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
"""The markers of frames, which hold the size; the three others are of tables."""
_AFTER_PIXELS = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]", re.DOTALL)
_HEAD = 1024
_ZIP_END = b"PK\x05\x06"
_ZIP_REACH = 22 + 65_535

_WALKS: dict[bytes, Callable[[bytes, UploadLimits], Header]] = {
    SIGNATURE: _png,
    _SOI: _jpeg,
    _RIFF: _webp,
}
"""How the files of each format are walked, by their first bytes."""
