"""Upscales: print assets that are made anew, where they need a model, and how it has made them."""

from dataclasses import dataclass

from server.domain.ids import ImageId
from server.domain.models import Size

_BY_LANCZOS = 1.25
"""The most by which Lanczos enlarges a picture of a model that has an upscaler.

The network makes four times the width and takes seconds for a large picture; of a picture that is
nearly large enough most of that is thrown away.
"""


@dataclass(frozen=True, slots=True)
class Upscale:
    """What an upscale makes: the print asset of an image, so large in pixels."""

    image_id: ImageId
    print_size: Size


@dataclass(frozen=True, slots=True)
class Upscaling:
    """How a model has enlarged a picture.

    `tile` is the side of its tiles in pixels, 0 where memory ran out at all of them and Lanczos has
    enlarged the picture; `ran_out_at` are the sides at which that happened, from large to small.
    """

    tile: int
    ran_out_at: tuple[int, ...] = ()


def lacks_pixels(picture: Size, form: Size) -> bool:
    """Returns whether a picture is too small to be enlarged to a form of it by Lanczos."""
    return enlargement(picture, form) > _BY_LANCZOS


def enlargement(picture: Size, form: Size) -> float:
    """Returns how much larger a picture has to be for a form of it, which may be cut from it."""
    return max(form.width / picture.width, form.height / picture.height)
