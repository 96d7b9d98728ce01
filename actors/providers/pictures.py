"""The pictures of hosted providers: checked before they count, and made small as previews."""

import base64
import binascii
from io import BytesIO

from actors.pictures.opened import NotAPicture, opened
from actors.pictures.reader import UploadReader
from actors.pictures.seen import seen
from actors.pictures.uploads import UploadRefused
from server.domain.models import Size

_LONGEST_SIDE = 512
_QUALITY = 80


class PictureUnfit(Exception):
    """Raised for an answer that holds no picture of the size that was asked for."""


def read_png(encoded: object, size: Size, reader: UploadReader) -> bytes:
    """Returns the picture that base64 holds as a PNG; blocks for some tenths of a second.

    A PNG in which nothing can be hidden stays as it is, with its manifest of C2PA. Of any other
    file the pixels are kept alone, with their alpha. Raises PictureUnfit for what the reader
    refuses, and for a picture of another size.
    """
    data = _decoded(encoded)
    try:
        picture = reader.read(data)
    except UploadRefused as error:
        raise PictureUnfit(f"its {len(data)} bytes are not a whole picture: {error}") from error
    if (picture.width, picture.height) != (size.width, size.height):
        raise PictureUnfit(
            f"its picture has {picture.width}x{picture.height} pixels; {size} were asked for"
        )
    return data if picture.alone else picture.png


def read_preview(encoded: object, reader: UploadReader) -> bytes | None:
    """Returns a small JPEG of an unfinished picture; None for one that cannot be read."""
    try:
        small = seen(opened(reader.read(_decoded(encoded)).png))
    except (PictureUnfit, UploadRefused, NotAPicture):
        return None
    small.thumbnail((_LONGEST_SIDE, _LONGEST_SIDE))
    buffer = BytesIO()
    small.save(buffer, "JPEG", quality=_QUALITY)
    return buffer.getvalue()


def _decoded(encoded: object) -> bytes:
    if not isinstance(encoded, str) or not encoded:
        raise PictureUnfit("it holds no picture")
    try:
        # Some services send data URLs.
        text = encoded.rpartition(",")[2] if encoded.startswith("data:") else encoded
        return base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise PictureUnfit("its picture is not base64") from error
