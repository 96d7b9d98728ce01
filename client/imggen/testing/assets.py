"""The assets of the fake's images: one colour, derived from the seed, in the service's sizes."""

from dataclasses import dataclass

from imggen.rules.sizes import print_size, thumbnail_size
from imggen.testing.catalogue import MODELS, Size
from imggen.testing.memory import Drawing
from imggen.testing.pictures import jpeg, png, webp
from imggen.v1.finishing_pb2 import PostProcessing
from imggen.v1.image_pb2 import (
    ASSET_KIND_DISPLAY,
    ASSET_KIND_ORIGINAL,
    ASSET_KIND_PRINT,
    ASSET_KIND_THUMBNAIL,
    IMAGE_TYPE_PORTRAIT,
    AssetKind,
    Image,
)

PNG = "image/png"
JPEG = "image/jpeg"
WEBP = "image/webp"

_PREVIEW_SIDE = 256


@dataclass(frozen=True, slots=True)
class Asset:
    """The bytes of an asset, and what they are."""

    data: bytes
    content_type: str


def asset_of(
    image: Image, kind: AssetKind.ValueType, drawing: Drawing, printed: Size | None = None
) -> Asset:
    """Returns an asset of an image; the same seed and sizes give the same bytes.

    `printed` is the size of a print asset that was made anew.
    """
    size = size_of(image, kind, drawing.display)
    if kind == ASSET_KIND_PRINT and printed is not None:
        size = printed
    asked = PostProcessing.FromString(drawing.post_processing)
    if kind == ASSET_KIND_THUMBNAIL and asked.thumbnail_format == "webp":
        return Asset(webp(*size, _colour(image)), WEBP)
    if kind == ASSET_KIND_ORIGINAL:
        return Asset(png(*size, _colour(image)), PNG)
    return Asset(jpeg(*size, _colour(image)), JPEG)


def size_of(image: Image, kind: AssetKind.ValueType, display: Size) -> Size:
    """Returns the width and height of an asset in pixels."""
    if kind == ASSET_KIND_ORIGINAL:
        return next(model.native for model in MODELS if model.name == image.model)
    if kind == ASSET_KIND_DISPLAY:
        return display
    if kind == ASSET_KIND_PRINT:
        return print_size(display, portrait=image.type == IMAGE_TYPE_PORTRAIT)
    return thumbnail_size(display)


def preview_of(image: Image, fraction: float) -> bytes:
    """Returns a preview, JPEG: the image's colour, the more the further its job is."""
    red, green, blue = (round(part * fraction + 255 * (1 - fraction)) for part in _colour(image))
    return jpeg(_PREVIEW_SIDE, _PREVIEW_SIDE, (red, green, blue))


def _colour(image: Image) -> tuple[int, int, int]:
    red, green, blue = image.seed.to_bytes(4, "big")[1:]
    return red, green, blue
