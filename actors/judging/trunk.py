"""The convolutional trunk of the vision networks, small enough for one CPU core."""

from collections.abc import Sequence
from itertools import pairwise

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

Image = NDArray[np.uint8]


class Trunk(nn.Module):
    """Reduces a picture's sides to a quarter, then to half for each width after the first.

    It starts with large patches: one layer at full size would cost more than all the others.
    """

    def __init__(self, widths: Sequence[int]) -> None:
        super().__init__()
        layers: list[nn.Module] = [nn.Conv2d(3, widths[0], 8, 4, 2), nn.ReLU()]
        for before, width in pairwise(widths):
            reduce = nn.Conv2d(before, width, 4, 2, 1, bias=False)
            layers += [reduce, nn.GroupNorm(8, width), nn.ReLU()]
            layers += [_Residual(width), _Residual(width)]
        self.layers = nn.Sequential(*layers)

    def forward(self, pixels: Tensor) -> Tensor:
        """Returns features, (B, C, H/2^(n+1), W/2^(n+1)), of pixels in -1 to 1, (B, 3, H, W)."""
        features: Tensor = self.layers(pixels)
        return features


class _Residual(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(width, width, 3, 1, 1, bias=False)
        self.norm = nn.GroupNorm(8, width)
        self.second = nn.Conv2d(width, width, 3, 1, 1)

    def forward(self, features: Tensor) -> Tensor:
        changed: Tensor = self.second(F.relu(self.norm(self.first(features))))
        return F.relu(features + changed)


class Gaze(nn.Module):
    """Pools features by attention: each row attends to places, with several heads."""

    def __init__(self, rows: int, width: int, side: int, heads: int = 4) -> None:
        super().__init__()
        self.keys = nn.Parameter(torch.randn(rows * heads, width) * width**-0.5)
        self.places = nn.Parameter(torch.zeros(rows * heads, side, side))
        self.rows = rows
        self.width = heads * width

    def forward(self, features: Tensor) -> Tensor:
        """Returns the pooled features of rows, (B, rows, heads * C), from (B, C, side, side)."""
        flat = features.flatten(2).float()
        scores = torch.einsum("rc,bcp->brp", self.keys, flat) + self.places.flatten(1)
        seen = torch.einsum("brp,bcp->brc", scores.softmax(dim=-1), flat)
        return seen.reshape(len(features), self.rows, self.width)


def shrink(image: Image, side: int) -> Image:
    """Returns a picture at a network's input size, (side, side, 3)."""
    if image.shape[:2] == (side, side):
        return image
    small = cv2.resize(image, (side, side), interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.uint8)


def as_pixels(images: NDArray[np.uint8]) -> Tensor:
    """Returns pictures, (B, H, W, 3) uint8, as pixels in -1 to 1, (B, 3, H, W)."""
    writable = np.require(images, requirements=["C", "W"])  # torch accepts no others
    pixels = torch.from_numpy(writable).permute(0, 3, 1, 2)
    return (pixels.float() / 127.5 - 1).contiguous(memory_format=torch.channels_last)
