"""Steps taken together and alone from equal input, and how alike pictures are."""

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import replace
from typing import Any

import torch
from torch.nn.functional import conv2d

from actors.engine.batch import BatchedUNet
from actors.engine.drawing import Drawing


class Compared:
    """Predicts for drawings together, and takes each one's step alone besides.

    `worst` is how far a step together was from the one alone, as a part of the largest latent.
    """

    def __init__(self, unet: Any) -> None:
        self.worst = 0.0
        self._together, self._alone = BatchedUNet(unet), BatchedUNet(unet)
        self._expected: dict[int, torch.Tensor] = {}

    def predict(self, drawings: Sequence[Drawing]) -> list[torch.Tensor]:
        for drawing in drawings:
            [rows] = self._alone.predict([drawing])
            twin = replace(drawing, scheduler=deepcopy(drawing.scheduler))
            twin.advance(rows)
            self._expected[id(drawing)] = twin.latents
        return self._together.predict(drawings)

    def after_step(self, _: Any, drawing: Drawing) -> None:
        expected = self._expected.pop(id(drawing))
        off = (drawing.latents - expected).abs().max() / expected.abs().max()
        self.worst = max(self.worst, float(off))

    def forget(self) -> None:
        self._together.forget()
        self._alone.forget()


def ssim(picture: torch.Tensor, expected: torch.Tensor) -> float:
    """Returns the mean SSIM of pictures (1, 3, H, W), whose range is the expected one's.

    Wang et al. 2004, doi 10.1109/TIP.2003.819861: Gaussian windows of 11 pixels, deviation 1.5.
    """
    low, high = expected.min(), expected.max()
    one, other = ((each - low).div(high - low)[0, :, None].double() for each in (picture, expected))
    bell = torch.exp(-((torch.arange(11).double() - 5) ** 2) / (2 * 1.5**2))
    window = (bell[:, None] * bell / bell.sum() ** 2)[None, None]

    def mean(of: torch.Tensor) -> torch.Tensor:
        return conv2d(of, window)

    a, b = mean(one), mean(other)
    both = mean(one * other) - a * b
    spread = mean(one * one) - a * a + mean(other * other) - b * b
    small, smaller = 0.03**2, 0.01**2
    found = (
        (2 * a * b + smaller) * (2 * both + small) / ((a * a + b * b + smaller) * (spread + small))
    )
    return float(found.mean())
