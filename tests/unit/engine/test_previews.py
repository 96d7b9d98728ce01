"""Previews are small, whatever they show."""

from dataclasses import replace
from io import BytesIO

import pytest
import torch
from PIL import Image

from actors.engine.preview import LARGEST, SIDE, LinearDecoder, Previews
from tests.unit.engine.tiny import Asked, drawing

CELL = 8
DOTS = 3 * CELL * CELL


@pytest.mark.parametrize("deviation", [0.1, 1.0, 100.0])
def test_a_preview_of_noise_is_no_larger_than_others(deviation: float) -> None:
    chance = torch.Generator().manual_seed(0)
    latents = deviation * torch.randn(1, DOTS, SIDE // CELL, SIDE // CELL, generator=chance)
    shown = replace(drawing(Asked(1), torch.float32), latents=latents)
    # Each value of the latents is one of a pixel.
    decoder = LinearDecoder(torch.cat([torch.eye(DOTS), torch.zeros(1, DOTS)]), CELL)
    preview = Previews(decoder, 0.0).after_step(shown)
    assert preview is not None
    assert Image.open(BytesIO(preview)).size == (SIDE, SIDE)
    assert len(preview) <= LARGEST == 20_000
