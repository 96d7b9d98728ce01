"""Weights of upscalers in the layout in which Real-ESRGAN's are published, with random numbers."""

import torch
from torch import Tensor

_GROWTH = 32
"""The features that a layer of a dense block adds; spandrel knows no other number."""


def published(features: int = 8, blocks: int = 1, colours: int = 3) -> dict[str, Tensor]:
    """Returns the tensors of an RRDBNet: RealESRGAN_x4plus.pth has 64 features and 23 blocks.

    With 12 colours it is like RealESRGAN_x2plus.pth, which takes four pixels as one.
    """
    layers = [("conv_first", colours, features)]
    for block in range(blocks):
        for dense in range(1, 4):
            for layer in range(1, 6):
                given = features + (layer - 1) * _GROWTH
                made = features if layer == 5 else _GROWTH
                layers.append((f"body.{block}.rdb{dense}.conv{layer}", given, made))
    layers += [(name, features, features) for name in ("conv_body", "conv_up1", "conv_up2")]
    layers += [("conv_hr", features, features), ("conv_last", features, 3)]
    chance = torch.Generator().manual_seed(1)
    found = {}
    for name, given, made in layers:
        spread = (2 / given / 9) ** 0.5
        found[f"{name}.weight"] = torch.randn(made, given, 3, 3, generator=chance) * spread
        found[f"{name}.bias"] = torch.zeros(made)
    # Its pixels lie about the middle, where nothing is cut off.
    found["conv_last.weight"] *= 0.3
    found["conv_last.bias"] += 0.5
    return found
