"""A check of enlarged pictures: what an upscaler gives back must still be the model's picture."""

import numpy as np
import numpy.typing as npt
from PIL import Image

from actors.engine.render import PictureBroken
from actors.pictures.seen import kept, seen

_SIDE = 32
"""Both are shrunk to so many pixels a side: an upscaler changes none of that."""
_ASTRAY = 0.1
"""How far they may lie apart on average, of black to white; sound upscalers stay below a tenth."""


def check_enlarged(enlarged: Image.Image, source: Image.Image) -> None:
    """Raises PictureBroken for an enlarged picture that does not show what its source does.

    An upscaler whose weights are damaged may answer black, noise or another colour, all finite.
    """
    small, asked = (_shrunk(one) for one in (enlarged, kept(source)))
    astray = float(np.abs(small - asked).mean())
    if astray > _ASTRAY:
        raise PictureBroken(
            f"the upscaler's picture is off by {astray:.0%} from the model's; {_ASTRAY:.0%} at most"
            " is sound"
        )


def _shrunk(picture: Image.Image) -> npt.NDArray[np.floating]:
    small = picture.resize((_SIDE, _SIDE), Image.Resampling.BOX)
    return np.asarray(seen(small), np.float32) / 255
