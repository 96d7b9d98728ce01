"""The files of an edit: what they must be, and how they are recorded."""

import hashlib
import io
from dataclasses import dataclass, field

from PIL import Image, UnidentifiedImageError

from tests.wire.errors import Refused, refused
from tests.wire.models import Model

MOST_PICTURES = 16
_MOST_MASK_BYTES = 4_000_000
_MEDIA = {"image/png": "PNG", "image/webp": "WEBP", "image/jpeg": "JPEG"}
_SUFFIXES = {"PNG": (".png",), "WEBP": (".webp",), "JPEG": (".jpg", ".jpeg")}

PICTURES = ("image[]", "image")
"""Names of the parts that are pictures; the second is for one picture only."""

FILES = (*PICTURES, "mask", "markup")
"""Names of all parts that are files."""


@dataclass(frozen=True, slots=True)
class Part:
    """A file of a request; `data` is left out of comparisons, which `sha256` is for."""

    name: str
    file_name: str
    media_type: str
    size: int
    sha256: str
    data: bytes = field(repr=False, compare=False)

    @classmethod
    def of(cls, name: str, file_name: str, media_type: str, data: bytes) -> "Part":
        """Returns the part with its digest."""
        digest = hashlib.sha256(data).hexdigest()
        return cls(name, file_name, media_type, len(data), digest, data)


def check_parts(parts: tuple[Part, ...], model: Model, most_bytes: int) -> None:
    """Raises Refused unless there are 1 to 16 pictures, with a fitting mask or markup if any."""
    pictures = [part for part in parts if part.name in PICTURES]
    _check_names(parts, pictures)
    for picture in pictures:
        _check_file(picture, most_bytes)
    for overlay in (part for part in parts if part.name in ("mask", "markup")):
        if overlay.name == "markup" and not model.markup:
            message = f"The model '{model.id}' does not support the 'markup' parameter."
            raise refused(message, "unsupported_parameter", "markup")
        _check_overlay(overlay, pictures[0])


def _check_names(parts: tuple[Part, ...], pictures: list[Part]) -> None:
    others = [part.name for part in parts if part.name not in PICTURES]
    for name in others:
        if name not in ("mask", "markup"):
            raise refused(f"Unknown parameter: '{name}'.", "unknown_parameter", name)
    if len(set(others)) < len(others):
        raise refused("Duplicate parameter.", "invalid_value", others[0])
    if {"mask", "markup"} <= set(others):
        message = "'markup' cannot be combined with 'mask'."
        raise refused(message, "invalid_value", "markup")
    if not pictures:
        message = "Missing required parameter: 'image'."
        raise refused(message, "missing_required_parameter", "image")
    if len(pictures) > MOST_PICTURES:
        message = f"Invalid 'image': array too long. Maximum length is {MOST_PICTURES}."
        raise refused(message, "array_above_max_length", "image")
    names = {part.name for part in pictures}
    if len(names) > 1 or (names == {"image"} and len(pictures) > 1):
        raise refused("Duplicate parameter: 'image'.", "invalid_value", "image")


def _check_file(part: Part, most_bytes: int) -> None:
    """Raises Refused unless it has a name, a media type and a content that agree."""
    named = f"Invalid file '{part.name}'"
    if part.media_type not in _MEDIA:
        message = (
            f"{named}: unsupported mimetype ('{part.media_type}'). Supported file formats are"
            " 'image/jpeg', 'image/png', and 'image/webp'."
        )
        raise refused(message, "unsupported_file_mimetype", "image")
    if part.size >= most_bytes:
        message = f"{named}: the file must be smaller than {most_bytes} bytes."
        raise refused(message, "invalid_value", "image")
    format = _MEDIA[part.media_type]
    if not part.file_name.lower().endswith(_SUFFIXES[format]):
        message = f"{named}: the name '{part.file_name}' is not one of a {format} file."
        raise refused(message, "invalid_value", "image")
    if _opened(part).format != format:
        raise refused(f"{named}: it is no {format} file.", "invalid_image_file", "image")


def _check_overlay(overlay: Part, first: Part) -> None:
    """Raises Refused unless it is a small PNG with transparency, as large as the first picture."""
    picture = _opened(overlay)
    named = f"Invalid file '{overlay.name}'"
    if overlay.media_type != "image/png" or picture.format != "PNG":
        raise refused(f"{named}: it is no PNG.", "invalid_image_file", overlay.name)
    if overlay.size >= _MOST_MASK_BYTES:
        message = f"{named}: the file must be smaller than {_MOST_MASK_BYTES} bytes."
        raise refused(message, "invalid_value", overlay.name)
    if "A" not in picture.getbands():
        message = f"{named}: it has no alpha channel."
        raise refused(message, "invalid_image_file", overlay.name)
    if picture.size != _opened(first).size:
        message = f"{named}: it is not as large as the first image."
        raise refused(message, "invalid_value", overlay.name)


def _opened(part: Part) -> Image.Image:
    try:
        picture = Image.open(io.BytesIO(part.data))
        picture.load()
    except (UnidentifiedImageError, OSError) as unreadable:
        raise _broken(part) from unreadable
    return picture


def _broken(part: Part) -> Refused:
    message = f"Invalid file '{part.name}': it cannot be read as a picture."
    return refused(message, "invalid_image_file", part.name.removesuffix("[]"))
