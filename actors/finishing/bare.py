"""Pictures as they are seen: pixels that every program shows alike, and nothing beside them."""

import struct
from collections.abc import Iterator
from io import BytesIO

import numpy as np
from PIL import Image, ImageCms

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_HARMLESS = frozenset((b"IHDR", b"PLTE", b"IDAT", b"IEND", b"sRGB", b"pHYs", b"sBIT", b"tIME"))
"""The chunks of PNG that change no pixel and hold neither a picture nor a text."""
_AS_SRGB = {
    b"gAMA": struct.pack(">I", 45455),
    b"cHRM": struct.pack(">8I", 31270, 32900, 64000, 33000, 30000, 60000, 15000, 6000),
}
"""Chunks that change how pixels are shown, but for these values, by PNG's specification, 11.3.2."""
_PROVENANCE = b"caBX"
_EMBEDDED = b"bidb"
"""The chunk of a C2PA manifest, and the box by which one holds files, such as thumbnails."""
_DEEPEST = 8


def seen(picture: Image.Image) -> Image.Image:
    """Returns the pixels of a decoded picture as 8-bit sRGB on white, without metadata.

    Of an animation those of its first picture.
    """
    profile = picture.info.get("icc_profile")
    shallow = _eight_bits(picture)
    if shallow.has_transparency_data:
        rgba = shallow.convert("RGBA")
        shallow = Image.alpha_composite(Image.new("RGBA", rgba.size, "white"), rgba)
    rgb = _to_srgb(shallow.convert("RGB"), profile)
    # Pillow writes some of it into the next file: comments, profiles.
    rgb.info = {}
    return rgb


def layers(picture: Image.Image) -> tuple[Image.Image, Image.Image | None]:
    """Returns the colours of a decoded picture as `seen` gives them, and its alpha.

    The alpha is None for an opaque picture; colours where nothing is seen are what the file says.
    """
    shallow = _eight_bits(picture)
    if _is_opaque(shallow):
        return seen(picture), None
    rgba = shallow.convert("RGBA")
    rgb = _to_srgb(rgba.convert("RGB"), picture.info.get("icc_profile"))
    rgb.info = {}
    return rgb, rgba.getchannel("A")


def bare(original: bytes, picture: Image.Image) -> bytes:
    """Returns a file that has the pixels of a decoded picture only, as `seen` gives them: a PNG.

    One that is such a file stays as it is. A manifest of C2PA may stand beside the pixels, since
    it holds for just these bytes.
    """
    if _is_opaque(picture) and _has_pixels_only(original):
        return original
    return as_png(seen(picture))


def as_png(picture: Image.Image) -> bytes:
    """Returns a picture of `seen` as a PNG without other chunks than those of its pixels."""
    buffer = BytesIO()
    picture.save(buffer, "PNG")
    return buffer.getvalue()


def _eight_bits(picture: Image.Image) -> Image.Image:
    """Returns a picture whose channels have 8 bits: Pillow would cut brighter values off."""
    if not picture.mode.startswith("I"):
        return picture
    deep = np.asarray(picture)
    grey = Image.fromarray((deep >> _DEEPEST).clip(0, 255).astype(np.uint8))
    clear = picture.info.get("transparency")
    if clear is not None:
        grey.putalpha(Image.fromarray(np.where(deep == clear, 0, 255).astype(np.uint8)))
    return grey


def _to_srgb(rgb: Image.Image, profile: bytes | None) -> Image.Image:
    if not profile:
        return rgb
    try:
        source = ImageCms.ImageCmsProfile(BytesIO(profile))
        converted = ImageCms.profileToProfile(rgb, source, ImageCms.createProfile("sRGB"))
    except (ImageCms.PyCMSError, OSError):
        # A profile that does not fit RGB pixels is ignored.
        return rgb
    return converted or rgb


def _is_opaque(picture: Image.Image) -> bool:
    if not picture.has_transparency_data:
        return True
    return bool(np.asarray(picture.convert("RGBA").getchannel("A")).min() == 255)


def _has_pixels_only(png: bytes) -> bool:
    """Returns whether a file is a PNG of 8 bits, whole, whose chunks are all known as harmless."""
    chunks = list(_chunks(png))
    if not chunks or chunks[-1][0] != b"IEND" or chunks[0][1][8:9] > bytes([_DEEPEST]):
        return False
    return all(
        kind in _HARMLESS
        or _AS_SRGB.get(kind) == data
        or (kind == _PROVENANCE and _EMBEDDED not in data)
        for kind, data in chunks
    )


def _chunks(png: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yields the kind and the data of each chunk; what is no chunk, as after the end, is of b""."""
    at = len(_SIGNATURE)
    if png[:at] != _SIGNATURE:
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
