"""A picture's file, decoded: all its bits, upright."""

import struct
import zlib
from io import BytesIO

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from actors.pictures.chunks import GREY, before_pixels, depth_of

FORMATS = ("PNG", "JPEG", "WEBP")
PIXELS_MAX = 64_000_000
UNREADABLE = (
    *(UnidentifiedImageError, Image.DecompressionBombError),
    *(OSError, SyntaxError, ValueError, EOFError, IndexError, KeyError, TypeError, OverflowError),
    *(struct.error, zlib.error),
)
"""What Pillow 13 raises for files that are damaged in one place or another."""
CODE_POINTS = "cicp"
"""The key in a picture's `info` of the four numbers of a cICP chunk, which Pillow does not keep."""

_DEEP = 16
_WHOLE = 8
_ORIENTATION = 0x0112
_SHORT = 3
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_FROM_CV = {3: cv2.COLOR_BGR2RGB, 4: cv2.COLOR_BGRA2RGBA}


class NotAPicture(Exception):
    """Raised for bytes that are not a whole picture of a kind and size that is read."""


def opened(data: bytes) -> Image.Image:
    """Returns the first picture of a PNG, a JPEG or a WebP, decoded and upright.

    Its channels have 8 bits; its `info` says what they mean, as Pillow reads it, and what a
    PNG's cICP says. Raises NotAPicture.
    """
    try:
        picture = Image.open(BytesIO(data), formats=FORMATS)
        pixels = picture.width * picture.height
        if pixels > PIXELS_MAX:
            raise NotAPicture(
                f"{len(data)} bytes are a picture of {pixels} pixels; "
                f"it must have {PIXELS_MAX} or fewer"
            )
        picture.load()
        shallow = _of_png(picture, data) if picture.format == "PNG" else picture
        return _upright(shallow, picture.format)
    except (*UNREADABLE, cv2.error) as error:
        kinds = ", ".join(FORMATS)
        raise NotAPicture(
            f"{len(data)} bytes are no picture ({error}); they must be one of {kinds}"
        ) from error


def _of_png(picture: Image.Image, data: bytes) -> Image.Image:
    """Returns the picture of a PNG with what Pillow leaves out of it, in 8 bits a channel."""
    parts = before_pixels(data)
    if len(parts.get(b"cICP", b"")) == struct.calcsize("4B"):
        picture.info[CODE_POINTS] = tuple(parts[b"cICP"])
    bits, kind = depth_of(parts[b"IHDR"])
    if bits == _DEEP:
        return _shallow(picture, data)
    clear = picture.info.get("transparency")
    if kind == GREY and 1 < bits < _WHOLE and clear is not None:
        # Pillow spreads the pixels over 0 to 255, but not the value of those that are clear.
        picture.info["transparency"] = clear * 255 // (2**bits - 1)
    return picture


def _shallow(picture: Image.Image, data: bytes) -> Image.Image:
    """Returns a PNG's picture of 16 bits in 8 bits, rounded, with what is clear as alpha.

    Pillow cuts the lower bits off colours, and then takes other colours for the clear one.
    """
    clear = picture.info.pop("transparency", None)
    if picture.mode == "I;16":
        deep = np.asarray(picture)
    elif getattr(picture, "is_animated", False):
        return picture  # OpenCV 5 may choose another of its pictures
    else:
        deep = _by_opencv(data)
    shown = Image.fromarray(((deep.astype(np.uint32) + 128) // 257).astype(np.uint8))
    if clear is not None:
        different = deep[..., :3] != clear if deep.ndim > 2 else (deep != clear)[..., None]
        shown.putalpha(Image.fromarray(different.any(axis=2).astype(np.uint8) * 255))
    shown.info = picture.info
    return shown


def _by_opencv(data: bytes) -> NDArray[np.uint16]:
    """Returns the colours of a PNG of 16 bits, (H, W, 3 or 4)."""
    found = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    if found is None or found.ndim != 3 or found.dtype != np.uint16:
        raise ValueError("its pixels of 16 bits cannot be read")
    return np.asarray(cv2.cvtColor(found, _FROM_CV[found.shape[2]]), np.uint16)


def _upright(picture: Image.Image, kind: str | None) -> Image.Image:
    turn = _TURNS.get(orientation_of(picture.info.get("exif") or b""))
    if turn is not None:
        picture = picture.transpose(turn)
    picture.format = kind
    return picture


def orientation_of(exif: bytes) -> int:
    """Returns the orientation that EXIF names, by CIPA DC-008, 4.6.2 and 4.6.4; 1 without one.

    What cannot be read says nothing, as in browsers: no picture is refused for its EXIF.
    """
    tiff = exif.removeprefix(b"Exif\0\0")
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(tiff[:4])
    if order is None:
        return 1
    try:
        (at,) = struct.unpack_from(f"{order}I", tiff, 4)
        (entries,) = struct.unpack_from(f"{order}H", tiff, at)
        for number in range(entries):
            tag, kind, count, value = struct.unpack_from(f"{order}HHIH", tiff, at + 2 + 12 * number)
            if tag == _ORIENTATION:
                return int(value) if (kind, count) == (_SHORT, 1) else 1
    except struct.error:
        return 1
    return 1
