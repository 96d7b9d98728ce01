"""The forms of a picture: original, display, print and thumbnail."""

from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from typing import TypeAlias

from PIL import Image, ImageCms
from PIL.PngImagePlugin import PngInfo

from actors.finishing.bare import bare
from actors.finishing.marks import add_xmp, xmp_of
from actors.pictures.opened import NotAPicture, opened
from actors.pictures.seen import seen
from imggen.rules import sizes
from imggen.v1.errors_pb2 import ErrorReason
from server.domain.models import Size
from server.domain.states import AssetKind, ImageType
from server.errors import Internal

MAX_BYTES = 5_000_000
"""The most bytes of a form except the original, which is not changed."""

DPI = 300

_CUT_ABOVE = 0.3
"""The share of the cut height that is cut above; the rest is cut below, where the feet are.

Of 1,500 scenes of one and two figures, drawn as for the shipped checkpoint's training and cut
from 1:1 to 16:9, 99 % keep every face from the top of the skull to the chin at 0.27 to 0.32, and
90 % at 0.5; the rest are close-ups, which are too large. Hats and long ears may be cut.
"""

_MPO = "mpo"
"""Pillow's name, here in lower case, for a JPEG that has more pictures after its first one."""
_Box: TypeAlias = tuple[float, float, float, float]
_QUALITIES = (95, 92, 88, 84, 80, 70)
_THUMBNAIL_QUALITY = 85

Marking: TypeAlias = Callable[[Image.Image], Image.Image]
"""Lays a watermark into a picture."""


class PictureRefused(Internal):
    """Raised when a model's bytes are not a picture that can be finished."""

    def __init__(self, message: str) -> None:
        super().__init__(message, ErrorReason.ERROR_REASON_RENDER_FAILED)


@dataclass(frozen=True, slots=True)
class RenderedAsset:
    """One form of a picture, ready to be stored."""

    kind: AssetKind
    data: bytes
    content_type: str
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Finished:
    """A picture in all its forms: original, display, print, thumbnail."""

    assets: tuple[RenderedAsset, ...]

    def asset(self, kind: AssetKind) -> RenderedAsset:
        """Returns the form of that kind."""
        return next(asset for asset in self.assets if asset.kind is kind)


def finish(
    original: bytes,
    image_type: ImageType,
    display: Size,
    enlarged: bytes | None = None,
    checked_by: str = "",
    *,
    marking: Marking | None = None,
) -> Finished:
    """Makes all forms of a picture; blocks for some tenths of a second, so call it in a thread.

    `checked_by` is the classifier that looks at the picture, empty for none. Without one the
    original stays as it is; with one it is stored `bare`, so that nothing of it can be fetched
    that the classifier was not shown.

    The others are 8-bit sRGB of the same part of the picture, in the display asset's ratio, resized
    by Lanczos from `enlarged`, or from the original without one. Their files name the classifier.
    `marking` is laid into the display and print forms last, before they are encoded.
    The same input gives the same bytes. Raises PictureRefused for bytes that are no picture.
    """
    source = open_picture(original)
    picture = seen(open_picture(enlarged) if enlarged else source)
    box = _crop(picture, display)
    printed = print_size(image_type, display)
    xmp = xmp_of(checked_by)
    return Finished(
        (
            _original(original, source, checked_by),
            _display(_marked(_resized(picture, display, box), marking), xmp),
            _print(_marked(_resized(picture, printed, box), marking), xmp),
            _thumbnail(_resized(picture, thumbnail_size(display), box), xmp),
        )
    )


def print_size(image_type: ImageType, display: Size) -> Size:
    """Returns the print asset's pixels."""
    portrait = image_type is ImageType.PORTRAIT
    return Size(*sizes.print_size((display.width, display.height), portrait=portrait))


def thumbnail_size(display: Size) -> Size:
    """Returns the thumbnail's pixels."""
    return Size(*sizes.thumbnail_size((display.width, display.height)))


def cut(picture: Image.Image, display: Size) -> Image.Image:
    """Returns the part of a picture that its display asset shows, in the picture's own pixels."""
    left, top, right, bottom = _crop(picture, display)
    return picture.crop((round(left), round(top), round(right), round(bottom)))


def open_picture(data: bytes) -> Image.Image:
    """Returns the decoded picture, upright; raises PictureRefused for bytes that are none."""
    try:
        return opened(data)
    except NotAPicture as error:
        raise PictureRefused(f"the model's {error}") from error


def _crop(picture: Image.Image, display: Size) -> _Box:
    """Returns the part of a picture that is shown: as much of it as the display asset's ratio has.

    Width is cut evenly; height such that heads stay in the picture.
    """
    width = min(picture.width, picture.height * display.width / display.height)
    height = min(picture.height, picture.width * display.height / display.width)
    left = (picture.width - width) / 2
    top = (picture.height - height) * _CUT_ABOVE
    return (left, top, left + width, top + height)


def _resized(picture: Image.Image, size: Size, box: _Box) -> Image.Image:
    return picture.resize((size.width, size.height), Image.Resampling.LANCZOS, box)


def _marked(image: Image.Image, marking: Marking | None) -> Image.Image:
    return marking(image) if marking else image


def _original(original: bytes, picture: Image.Image, checked_by: str) -> RenderedAsset:
    data, kind = original, str(picture.format).lower()
    if checked_by:
        data, kind = bare(original, picture), "png"
    content_type = "image/jpeg" if kind == _MPO else f"image/{kind}"
    return RenderedAsset(AssetKind.ORIGINAL, data, content_type, *picture.size)


def _display(image: Image.Image, xmp: str) -> RenderedAsset:
    info = PngInfo()
    info.add(b"sRGB", b"\0")
    add_xmp(info, xmp)
    png = _saved(image, "PNG", pnginfo=info)
    if len(png) <= MAX_BYTES:
        return RenderedAsset(AssetKind.DISPLAY, png, "image/png", *image.size)
    # Only noise is over the limit: a drawing of this size is a third of it.
    return RenderedAsset(AssetKind.DISPLAY, _jpeg(image, xmp), "image/jpeg", *image.size)


def _print(image: Image.Image, xmp: str) -> RenderedAsset:
    return RenderedAsset(AssetKind.PRINT, _jpeg(image, xmp), "image/jpeg", *image.size)


def _thumbnail(image: Image.Image, xmp: str) -> RenderedAsset:
    data = _saved(image, "JPEG", quality=_THUMBNAIL_QUALITY, optimize=True, xmp=xmp.encode())
    return RenderedAsset(AssetKind.THUMBNAIL, data, "image/jpeg", *image.size)


def _jpeg(image: Image.Image, xmp: str) -> bytes:
    """Returns a JPEG without chroma subsampling, of the best quality within the limit."""
    options = {"subsampling": 0, "dpi": (DPI, DPI), "icc_profile": _srgb_profile()}
    data = b""
    for quality in _QUALITIES:
        data = _saved(image, "JPEG", quality=quality, xmp=xmp.encode(), **options)
        if len(data) <= MAX_BYTES:
            return data
    return data


def _srgb_profile() -> bytes:
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    # Bytes 24 to 35 are its creation time; the same picture must give the same bytes.
    profile[24:36] = bytes.fromhex("07d000010001000000000000")
    return bytes(profile)


def _saved(image: Image.Image, image_format: str, **options: object) -> bytes:
    buffer = BytesIO()
    image.save(buffer, image_format, **options)
    return buffer.getvalue()
