"""Upscales: print assets that are made anew, and how a model has enlarged a picture."""

from dataclasses import dataclass

from server.domain.ids import ImageId
from server.domain.models import Size


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
