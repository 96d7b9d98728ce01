"""The file of a form: a JPEG, or a PNG where something is transparent, of 5 MB at most."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from io import BytesIO
from zlib import Z_RLE

from PIL import Image, ImageCms
from PIL.PngImagePlugin import PngInfo

from actors.finishing.marks import add_xmp, xmp_in
from actors.finishing.palettes import by_palette
from imggen.v1.errors_pb2 import ErrorReason
from server.errors import Internal

DELIVERED_BYTES = 5_000_000
"""The most bytes of a form with its credentials, except of the original, which is not changed."""

_CREDENTIALS_BYTES = 16_000
"""Left free for content credentials, which take 12 kB; one with larger ones is encoded again."""

MAX_BYTES = DELIVERED_BYTES - _CREDENTIALS_BYTES
"""The most bytes of a form as it is finished, before it is signed."""

DPI = 300
BEST, LEAST = 95, 85
"""The qualities of a JPEG, by libjpeg's scale."""

_SAMPLINGS = {"4:4:4": 0, "4:2:0": 2}
"""Pillow's numbers, the one first that keeps a colour for each pixel."""
_SEEN = [0] + [255] * 255
"""For each alpha whether anything of a pixel is seen, as a mask."""
_NEARLY = 1.3
"""How much too large a PNG may be for a slower compression, which saves an eighth, to be tried."""


class FileTooLarge(Internal):
    """Raised for a picture of which no file is small enough."""

    # One argument, since Ray pickles the errors of a replica.
    def __init__(self, message: str) -> None:
        super().__init__(
            f"{message}; ask for a smaller size, or for another seed",
            ErrorReason.ERROR_REASON_RENDER_FAILED,
        )


@dataclass(frozen=True, slots=True)
class PictureFile:
    """A picture's file; `encoding` is how its pixels were written, for instance `jpeg 95 4:4:4`."""

    data: bytes
    content_type: str
    encoding: str


def file_of(image: Image.Image, xmp: str, most: int = MAX_BYTES) -> PictureFile:
    """Returns the file of a picture of RGB or RGBA in sRGB, the best one within `most` bytes.

    The same picture gives the same bytes. Colours that nobody sees are left out. Raises
    FileTooLarge.
    """
    if is_transparent(image):
        return _png(cleared(image), xmp, most)
    return _jpeg(image.convert("RGB"), xmp, most)


def smaller(file: bytes, most: int) -> PictureFile:
    """Returns a form's file encoded once more, within `most` bytes and with its XMP.

    Raises FileTooLarge.
    """
    with Image.open(BytesIO(file)) as image:
        xmp = xmp_in(image)
        picture = image.convert("RGBA" if image.has_transparency_data else "RGB")
    return file_of(picture, xmp, most)


def webp_of(image: Image.Image, xmp: str, quality: int) -> bytes:
    """Returns a WebP of a picture of RGB or RGBA in sRGB; its alpha is not rounded."""
    shown = cleared(image) if is_transparent(image) else image.convert("RGB")
    return saved(shown, "WEBP", quality=quality, alpha_quality=100, xmp=xmp.encode())


def is_transparent(image: Image.Image) -> bool:
    """Returns whether a picture of RGB or RGBA has a pixel that is not opaque."""
    return image.mode == "RGBA" and image.getchannel("A").getextrema() != (255, 255)


def cleared(image: Image.Image) -> Image.Image:
    """Returns a picture of RGBA whose clear pixels are white: nothing is hidden below them."""
    alpha = image.getchannel("A")
    shown = Image.composite(
        image.convert("RGB"), Image.new("RGB", image.size, "white"), alpha.point(_SEEN)
    )
    shown.putalpha(alpha)
    return shown


@cache
def srgb_profile() -> bytes:
    """Returns the profile of sRGB that every file has."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    # Bytes 24 to 35 are its creation time; the same picture must give the same bytes.
    profile[24:36] = bytes.fromhex("07d000010001000000000000")
    return bytes(profile)


def saved(image: Image.Image, image_format: str, **options: object) -> bytes:
    """Returns a picture's file with the profile of sRGB, at 300 DPI where its format has that."""
    buffer = BytesIO()
    image.save(buffer, image_format, icc_profile=srgb_profile(), dpi=(DPI, DPI), **options)
    return buffer.getvalue()


def _jpeg(image: Image.Image, xmp: str, most: int) -> PictureFile:
    """Returns a JPEG: a lower quality costs less than the colours of every second pixel."""
    data = b""
    for name, sampling in _SAMPLINGS.items():

        def encode(quality: int, sampling: int = sampling) -> bytes:
            return saved(image, "JPEG", quality=quality, subsampling=sampling, xmp=xmp.encode())

        quality, data = _best(encode, most)
        if len(data) <= most:
            return PictureFile(data, "image/jpeg", f"jpeg {quality} {name}")
    raise _too_large(image, f"a JPEG of quality {LEAST} and 4:2:0", data, most)


def _best(encode: Callable[[int], bytes], most: int) -> tuple[int, bytes]:
    """Returns the best quality that fits, and its bytes; the least one where none fits."""
    best = encode(BEST)
    if len(best) <= most:
        return BEST, best
    fits, too_large, best = LEAST, BEST, encode(LEAST)
    while too_large - fits > 1 and len(best) <= most:
        middle = (fits + too_large) // 2
        data = encode(middle)
        if len(data) <= most:
            fits, best = middle, data
        else:
            too_large = middle
    return fits, best


def _png(image: Image.Image, xmp: str, most: int) -> PictureFile:
    """Returns a PNG, whose alpha is never lost.

    Of level 1, since with runs alone it is as small as with Pillow's 6, in a third of the time.
    """
    fast = _as_png(image, xmp, compress_level=1, compress_type=Z_RLE)
    if len(fast) <= most:
        return PictureFile(fast, "image/png", "png")
    if len(fast) <= most * _NEARLY:
        slow = _as_png(image, xmp, compress_level=6)
        if len(slow) <= most:
            return PictureFile(slow, "image/png", "png")
    small = _as_png(by_palette(image), xmp, compress_level=6)
    if len(small) <= most:
        return PictureFile(small, "image/png", "png palette")
    raise _too_large(image, "a PNG of 256 colours, which alone keeps its alpha,", small, most)


def _too_large(image: Image.Image, tried: str, data: bytes, most: int) -> FileTooLarge:
    return FileTooLarge(
        f"a picture of {image.width}x{image.height} pixels has {len(data):,} bytes as {tried} and "
        f"may have {most:,}"
    )


def _as_png(image: Image.Image, xmp: str, **options: object) -> bytes:
    info = PngInfo()
    add_xmp(info, xmp)
    return saved(image, "PNG", pnginfo=info, **options)
