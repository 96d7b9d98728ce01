"""The picture gate: refuses a model's picture that shows nothing, or is damaged."""

import numpy as np

from actors.engine.render import PictureBroken
from actors.finishing.forms import open_picture
from actors.finishing.quality import BEST, FLOOR, quality_of
from actors.pictures.seen import seen


def check_picture(data: bytes) -> float:
    """Returns the quality of a picture, above FLOOR to BEST.

    Blocks for some hundredths of a second. Raises PictureBroken for a picture at FLOOR or below,
    and PictureRefused for no picture.
    """
    pixels = np.asarray(seen(open_picture(data)))
    quality = quality_of(pixels)
    if quality.fault:
        height, width, _ = pixels.shape
        raise PictureBroken(
            f"the model's picture of {width}x{height} is {quality.fault}: its quality is "
            f"{quality.score:.1f} of {BEST:g}; it must be above {FLOOR:g}"
        )
    return quality.score
