"""What is stored of a checked picture has the pixels that were looked at, and no others."""

import base64
import struct
import zlib
from collections.abc import Callable, Iterator
from io import BytesIO

import numpy as np
import pytest
from PIL import Image, ImageCms
from PIL.PngImagePlugin import PngInfo

from actors.engine.render import PictureBroken
from actors.finishing.bare import bare
from actors.finishing.forms import finish, open_picture
from actors.finishing.gate import check_picture
from actors.pictures.reader import UploadReader
from actors.pictures.seen import seen
from actors.providers.pictures import read_png, read_preview
from server.domain.models import Size
from server.domain.states import ImageType

SIDE = 64
SIZE = Size(SIDE, SIDE)
HIDDEN = "a text that nobody reads"


def png(image: Image.Image, **options: object) -> bytes:
    """Returns a picture as a PNG."""
    return saved(image, "PNG", **options)


def saved(image: Image.Image, image_format: str, **options: object) -> bytes:
    """Returns a picture in a format."""
    buffer = BytesIO()
    image.save(buffer, image_format, **options)
    return buffer.getvalue()


def plain(colour: str = "teal", mode: str = "RGB") -> Image.Image:
    """Returns a picture of one colour."""
    return Image.new(mode, (SIDE, SIDE), colour)


def with_chunk(data: bytes, kind: bytes, content: bytes) -> bytes:
    """Returns a PNG with a chunk after its header."""
    checksum = struct.pack(">I", zlib.crc32(kind + content))
    return data[:33] + struct.pack(">I", len(content)) + kind + content + checksum + data[33:]


def figure() -> Image.Image:
    """Returns a black square, of which a figure alone is not transparent."""
    image = Image.new("RGBA", (SIDE, SIDE), "#00000000")
    image.paste("black", (16, 16, 48, 48))
    return image


def palette() -> bytes:
    """Returns a picture by a palette, one of whose colours is transparent."""
    image = Image.new("P", (SIDE, SIDE), 1)
    image.putpalette([0, 0, 0, 0, 0, 0])
    image.paste(0, (16, 16, 48, 48))
    return png(image, transparency=1)


def deep() -> bytes:
    """Returns a picture of 16 bits, from black to white."""
    return png(Image.fromarray(np.linspace(0, 65535, SIDE * SIDE).astype("u2").reshape(SIDE, SIDE)))


def told() -> bytes:
    """Returns a picture with texts."""
    info = PngInfo()
    info.add_text("comment", HIDDEN)
    return png(plain(), pnginfo=info)


def turned() -> bytes:
    """Returns a picture whose EXIF says that it lies on its side."""
    exif = Image.Exif()
    exif[0x0112] = 6
    return png(plain(), exif=exif)


def profiled() -> bytes:
    """Returns a picture with the profile of other pixels than its own."""
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    return png(plain(), icc_profile=lab)


MANIFEST = b"\x00\x00\x00\x10jumbc2pa.assertions"
ODD: dict[str, Callable[[], bytes]] = {
    "transparent": lambda: png(figure()),
    "palette": palette,
    "colour key": lambda: png(plain(), transparency=(0, 128, 128)),
    "animated": lambda: png(plain(), save_all=True, append_images=[plain("red")]),
    "16 bits": deep,
    "trailing": lambda: png(plain()) + png(plain("red")),
    "texts": told,
    "exif": turned,
    "profile": profiled,
    "gamma": lambda: with_chunk(png(plain()), b"gAMA", struct.pack(">I", 1)),
    "unknown": lambda: with_chunk(png(plain()), b"teST", b"?"),
    "manifest of other bytes": lambda: with_chunk(told(), b"caBX", MANIFEST),
    "webp": lambda: saved(plain(), "WEBP"),
    "jpeg": lambda: saved(plain(), "JPEG"),
    "two in a jpeg": lambda: saved(plain(), "MPO", save_all=True, append_images=[plain("red")]),
}


@pytest.mark.parametrize("make", ODD.values(), ids=ODD)
def test_a_bare_picture_has_the_pixels_that_are_seen_and_nothing_else(
    make: Callable[[], bytes],
) -> None:
    data = make()
    kept = bare(data, open_picture(data))
    image = open_picture(kept)
    assert (image.format, image.mode, image.info) == ("PNG", "RGB", {})
    assert image.tobytes() == seen(open_picture(data)).tobytes()
    assert kept == png(image)


@pytest.mark.parametrize(
    "data",
    [
        png(plain()),
        png(plain(mode="L", colour="gray")),
        png(plain().quantize(4)),
        png(plain(mode="RGBA")),
        png(plain(), dpi=(300, 300)),
        with_chunk(png(plain()), b"gAMA", struct.pack(">I", 45455)),
        with_chunk(png(plain()), b"caBX", MANIFEST),
        with_chunk(png(plain()), b"caBX", MANIFEST + b"bidb"),
    ],
    ids=["rgb", "grey", "palette", "opaque", "dpi", "gamma of sRGB", "manifest", "file in one"],
)
def test_a_picture_of_pixels_alone_stays_as_it_is_with_its_manifest(data: bytes) -> None:
    assert bare(data, open_picture(data)) == data


@pytest.mark.parametrize("kind", ["texts", "profile", "two in a jpeg"])
def test_the_original_is_bare_where_a_classifier_looks_and_untouched_elsewhere(kind: str) -> None:
    data = ODD[kind]()
    source = open_picture(data)
    media = "image/jpeg" if kind == "two in a jpeg" else "image/png"
    for checked_by, kept in (
        ("", ("original", data, media)),
        ("scripted", ("original", bare(data, source), "image/png")),
    ):
        finished = finish(data, ImageType.PORTRAIT, SIZE, checked_by=checked_by)
        original, *others = finished.assets
        assert (original.kind, original.data, original.content_type) == kept
        for asset in others:
            assert HIDDEN.encode() not in asset.data
            assert b"iCCP" not in asset.data


def test_bright_pixels_of_16_bits_are_not_cut_off() -> None:
    pixels = np.asarray(seen(open_picture(deep())))
    assert pixels[0, 0].tolist() == [0, 0, 0]
    assert abs(int(pixels[SIDE // 2, 0, 0]) - 128) <= 1


def test_a_picture_of_16_bits_with_a_transparent_value_is_on_white() -> None:
    pixels = np.asarray(Image.open(BytesIO(deep())))
    clear = int(pixels[0, 1])
    shown = seen(open_picture(png(Image.fromarray(pixels), transparency=clear)))
    assert [shown.getpixel((x, 0)) for x in range(2)] == [(0, 0, 0), (255, 255, 255)]


def test_a_picture_of_which_nothing_is_seen_is_broken() -> None:
    noise = Image.effect_noise((SIDE, SIDE), 90).convert("RGBA")
    noise.putalpha(0)
    with pytest.raises(PictureBroken, match="of one colour"):
        check_picture(png(noise))


@pytest.fixture(scope="module")
def reader() -> Iterator[UploadReader]:
    with UploadReader(processes=1) as reader:
        yield reader


def test_a_cmyk_picture_of_a_provider_is_read(reader: UploadReader) -> None:
    data = saved(Image.new("CMYK", (SIDE, SIDE), (0, 255, 255, 0)), "JPEG")
    image = open_picture(read_png(base64.b64encode(data).decode(), SIZE, reader))
    assert (image.format, image.mode, image.info) == ("PNG", "RGB", {})


def test_a_preview_has_no_metadata_and_shows_what_is_seen(reader: UploadReader) -> None:
    for data, colour in ((told(), (0, 128, 128)), (png(figure()), (255, 255, 255))):
        preview = read_preview(base64.b64encode(data).decode(), reader)
        assert preview is not None
        assert HIDDEN.encode() not in preview
        found = open_picture(preview).getpixel((0, 0))
        assert isinstance(found, tuple)
        assert all(abs(a - b) < 4 for a, b in zip(found, colour, strict=True))
