"""What a step of post-processing gives back."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]
"""A picture in 8-bit sRGB, (H, W, 3); with an alpha, (H, W, 4)."""


@dataclass(frozen=True, slots=True)
class Retouched:
    """A picture after a step, and what the step did; `said` is empty where it changed nothing.

    `left` is why a step that had something to do has not done it.
    """

    pixels: Pixels
    said: str = ""
    left: str = ""
