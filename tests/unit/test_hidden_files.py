"""Files that are hidden in pictures from others: none is in what is kept of them."""

import base64
import struct
import zlib
from collections.abc import Iterator
from io import BytesIO
from zipfile import ZipFile

import pytest
from PIL import Image

from actors.pictures.opened import opened
from actors.pictures.reader import UploadReader
from actors.providers.pictures import read_png
from server.domain.models import Size
from tests.unit.bad_files import JPEG, PNG, WEBP
from tests.unit.picture_files import chunk

SIZE = Size(40, 40)
PAGE = b"<html><script>alert(1)</script></html>"
_HEADER, _PIXELS, _END = 33, PNG.index(b"IDAT") - 4, PNG.index(b"IEND") - 4


def archive() -> bytes:
    buffer = BytesIO()
    with ZipFile(buffer, "w") as made:
        made.writestr("run.sh", b"echo hidden")
    return buffer.getvalue()


ZIP = archive()
DEEP = b"a\0" + bytes(4000)


def png_with(kind: bytes, data: bytes) -> bytes:
    return PNG[:_HEADER] + chunk(kind, data) + PNG[_HEADER:]


def after_pixels(data: bytes, *, inside: bool) -> bytes:
    """Returns a PNG with more after its rows, before or after the end of their compression."""
    (length,) = struct.unpack_from(">I", PNG, _PIXELS)
    pixels = PNG[_PIXELS + 8 : _PIXELS + 8 + length]
    body = zlib.compress(zlib.decompress(pixels) + data, 0) if inside else pixels + data
    return PNG[:_PIXELS] + chunk(b"IDAT", body) + PNG[_END:]


def jpeg_with(marker: int, data: bytes) -> bytes:
    return JPEG[:2] + bytes([0xFF, marker]) + struct.pack(">H", len(data) + 2) + data + JPEG[2:]


def webp_with(kind: bytes, data: bytes) -> bytes:
    body = WEBP[8:] + kind + struct.pack("<I", len(data)) + data + bytes(len(data) % 2)
    return b"RIFF" + struct.pack("<I", len(body)) + body


HIDING = {
    f"{what} in {where}": (file, data)
    for what, data in {"archive": ZIP, "page": PAGE}.items()
    for where, file in {
        "a text": png_with(b"tEXt", DEEP + data),
        "a chunk of its own": png_with(b"zIPb", DEEP + data),
        "a profile": png_with(b"iCCP", b"a\0\0" + zlib.compress(b"x" * 99, 0) + DEEP + data),
        "EXIF": png_with(b"eXIf", DEEP + data),
        "a manifest": png_with(b"caBX", DEEP + data),
        "more rows": after_pixels(DEEP + data, inside=True),
        "the pixels' chunk": after_pixels(DEEP + data, inside=False),
        "a comment": jpeg_with(0xFE, DEEP + data),
        "a segment": jpeg_with(0xED, DEEP + data),
        "a WebP": webp_with(b"XMP ", DEEP + data),
    }.items()
}


@pytest.fixture(scope="module")
def reader() -> Iterator[UploadReader]:
    with UploadReader(processes=1) as reader:
        yield reader


def kept(data: bytes, reader: UploadReader) -> bytes:
    return read_png(base64.b64encode(data).decode(), SIZE, reader)


@pytest.mark.parametrize("name", HIDING)
def test_what_is_hidden_is_not_kept(name: str, reader: UploadReader) -> None:
    file, hidden = HIDING[name]
    assert hidden in file
    made = kept(file, reader)
    assert hidden not in made
    assert opened(made).tobytes() == opened(file).convert("RGB").tobytes()
    with Image.open(BytesIO(made)) as picture:
        assert (picture.format, picture.info) == ("PNG", {})


@pytest.mark.parametrize(
    "file",
    [PNG, png_with(b"caBX", b"a manifest"), png_with(b"gAMA", struct.pack(">I", 45455))],
    ids=["pixels alone", "a manifest", "gamma"],
)
def test_a_png_in_which_nothing_can_be_hidden_stays_as_it_is(
    file: bytes, reader: UploadReader
) -> None:
    assert kept(file, reader) == file
