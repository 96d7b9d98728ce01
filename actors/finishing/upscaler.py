"""The upscaler: a network that spandrel loads, run over tiles so that any size fits in memory."""

import asyncio
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch
from PIL import Image
from spandrel import ModelLoader
from torch import Tensor

from actors.engine.checkpoint import CHECKSUMS, verify_file
from actors.engine.headers import read_header
from actors.engine.refusal import CheckpointRefused
from actors.engine.render import PictureBroken
from actors.finishing.forms import open_picture
from actors.pictures.seen import seen
from actors.settings import DiffuserSettings

_TILE = 256
_MARGIN = 32
"""The pixels of a tile beyond the part that is kept: more than the reach of a compact network,
so that tiles have no seams."""
_FAST = 1
"""The PNG's compression level: low, since the worker decodes it at once."""


class Upscaler:
    """A loaded network; it knows nothing of jobs."""

    def __init__(self, network: Any, scale: int, device: str = "cpu") -> None:
        self.scale = scale
        self._network = network.to(device, memory_format=torch.channels_last).eval()
        self._device = device

    @classmethod
    def load(cls, settings: DiffuserSettings) -> Self | None:
        """Loads the weights that the settings name; returns None if they name none.

        Raises CheckpointRefused for a file that is missing, is not safetensors, is cut off or
        differs from its checkpoint's checksums.
        """
        file = settings.upscaler_file
        if file is None:
            return None
        _check(file)
        loaded: Any = ModelLoader().load_from_file(file)  # untyped in spandrel 0.4
        cuda = settings.device != "cpu" and torch.cuda.is_available()
        return cls(loaded.model.float(), loaded.scale, "cuda" if cuda else "cpu")

    async def upscale(self, png: bytes) -> bytes:
        """Returns a picture at `scale` times its width and height."""
        return await asyncio.to_thread(self.enlarge, png)

    def enlarge(self, png: bytes) -> bytes:
        """Returns a picture at `scale` times its width and height; blocks.

        Raises PictureBroken for pixels that are not finite.
        """
        pixels = np.asarray(seen(open_picture(png)))
        large = self.run(torch.from_numpy(pixels.copy()).permute(2, 0, 1)[None].float() / 255)
        if not torch.isfinite(large).all():
            raise PictureBroken("the upscaler's pixels are not finite")
        drawn = (large[0].clamp(0, 1) * 255).round().permute(1, 2, 0).to(torch.uint8)
        buffer = BytesIO()
        Image.fromarray(drawn.numpy()).save(buffer, "PNG", compress_level=_FAST)
        return buffer.getvalue()

    @torch.inference_mode()
    def run(self, pixels: Tensor, tile: int = _TILE) -> Tensor:
        """Returns pixels, (1, 3, H, W) in 0 to 1, as (1, 3, H * scale, W * scale).

        One tile after the other, so that the network's memory does not grow with the picture.
        """
        scale = self.scale
        _, channels, height, width = pixels.shape
        large = torch.empty(1, channels, height * scale, width * scale)
        for top, bottom in _spans(height, tile):
            for left, right in _spans(width, tile):
                above, before = min(top, _MARGIN), min(left, _MARGIN)
                part = pixels[
                    ..., top - above : bottom + _MARGIN, left - before : right + _MARGIN
                ].to(self._device, memory_format=torch.channels_last)
                found = self._network(part).float().cpu()
                large[..., top * scale : bottom * scale, left * scale : right * scale] = found[
                    ...,
                    above * scale : (above + bottom - top) * scale,
                    before * scale : (before + right - left) * scale,
                ]
        return large


def _spans(length: int, tile: int) -> Iterator[tuple[int, int]]:
    return ((start, min(start + tile, length)) for start in range(0, length, tile))


def _check(file: Path) -> None:
    if not file.is_file():
        raise CheckpointRefused(
            f"{file}: not a file; IMGGEN_UPSCALER must name the upscaler's weights, `auto` for "
            "those of the shipped checkpoint, or `none` to enlarge by Lanczos"
        )
    if file.suffix != ".safetensors":
        raise CheckpointRefused(f"{file}: weights must be safetensors; convert them once")
    read_header(file)
    checkpoint = file.parent.parent
    if (checkpoint / CHECKSUMS).is_file():
        verify_file(checkpoint, file)
