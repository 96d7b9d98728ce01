"""The watermark of a picture's file."""

from io import BytesIO

from PIL import Image, ImageOps

from imggen.watermark.pattern import PUBLIC_KEY
from imggen.watermark.search import Mark, found

_MOST_PIXELS = 64_000_000


class NotRead(ValueError):
    """Raised for a file that is no picture that can be looked at."""


def watermark_of(data: bytes, key: str = PUBLIC_KEY) -> Mark | None:
    """Returns the watermark of a picture's file; None where there is none, or too little of it.

    The key is that of the service that made the picture. Raises NotRead.
    """
    try:
        with Image.open(BytesIO(data)) as picture:
            _check_size(picture)
            return found(ImageOps.exif_transpose(picture), key)
    except NotRead:
        raise
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise NotRead(f"is no picture that Pillow reads: {error}") from error


def _check_size(picture: Image.Image) -> None:
    pixels = picture.width * picture.height
    if pixels > _MOST_PIXELS:
        raise NotRead(f"has {pixels} pixels; at most {_MOST_PIXELS} are looked at")


def told(mark: Mark | None) -> str:
    """Returns a line on a watermark, or on there being none."""
    return str(mark) if mark else "no imggen watermark found, which does not prove that none was"
