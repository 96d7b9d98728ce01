"""The upscaler: a network run over tiles, so that a picture of any size fits in memory."""

import asyncio
import logging
from dataclasses import dataclass, replace
from io import BytesIO
from typing import Self

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.nn.functional import avg_pool2d

from actors.engine.memory import is_out_of_memory
from actors.engine.render import PictureBroken
from actors.finishing.forms import open_picture
from actors.finishing.network import Network
from actors.finishing.tiling import Pixels, Tiling
from actors.finishing.transparency import spread, within_neighbours
from actors.pictures.seen import layers
from actors.settings import DiffuserSettings
from server.domain.models import Size

TILE = 512
SMALLEST_TILE = 128
_FADE = 8
_FAST = 1
"""The PNG's compression level: low, since the worker decodes it at once."""
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Enlarged:
    """An enlarged picture, and how it was made."""

    png: bytes
    tile: int
    """The side of the network's tiles in pixels; 0 where Lanczos has enlarged the picture."""
    ran_out_at: tuple[int, ...] = ()
    """The sides of tiles at which memory ran out before, from large to small."""


class Upscaler:
    """A loaded network; it knows nothing of jobs."""

    def __init__(
        self, network: Network, device: str = "cpu", *, tile: int = TILE, half: bool = False
    ) -> None:
        """Takes the network, where it runs, its tiles' side, and whether in half precision."""
        network.run.to(device, memory_format=torch.channels_last)
        self._network = network
        self._device = torch.device(device)
        self._tiling = Tiling(tile, network.reach, _FADE)
        self._half = half and network.is_safe_in_half

    @classmethod
    def load(cls, settings: DiffuserSettings) -> Self | None:
        """Loads the weights that the settings name; returns None if they name none.

        Raises CheckpointRefused for a file that `Network.load` refuses.
        """
        if settings.upscaler_file is None:
            return None
        network = Network.load(settings.upscaler_file)
        cuda = settings.device != "cpu" and torch.cuda.is_available()
        # bfloat16 has fewer levels between 0 and 1 than a picture.
        half = cuda and settings.dtype in ("auto", "float16")
        device = "cuda" if cuda else "cpu"
        return cls(network, device, tile=settings.upscaler_tile, half=half)

    async def upscale(self, png: bytes) -> bytes:
        """Returns a picture at the network's multiple of its width and height."""
        return (await asyncio.to_thread(self.enlarge, png)).png

    def enlarge(self, png: bytes, to: Size | None = None) -> Enlarged:
        """Returns a picture enlarged by the network, its alpha apart; blocks.

        It is the network's multiple as large, or, with a size that it has to reach, a smaller
        multiple. Raises PictureBroken for pixels that are not finite.
        """
        colours, alpha = layers(open_picture(png))
        scale = self._scale(Size(*colours.size), to)
        ran_out: list[int] = []
        tiling = self._tiling
        while tiling.side >= SMALLEST_TILE:
            large = self._tiled(colours, alpha, tiling, scale)
            if large is not None:
                return Enlarged(_saved(large), tiling.side, tuple(ran_out))
            ran_out.append(tiling.side)
            _log.warning("upscaler out of memory", extra={"tile": tiling.side})
            torch.cuda.empty_cache()
            tiling = replace(tiling, side=tiling.side // 2)
        return Enlarged(_saved(_by_lanczos(colours, alpha, scale)), 0, tuple(ran_out))

    def _scale(self, given: Size, to: Size | None) -> int:
        """Returns the least divisor of the network's scale that reaches a size."""
        most = self._network.scale
        if to is None:
            return most
        needed = max(to.width / given.width, to.height / given.height)
        return min((n for n in range(1, most) if most % n == 0 and n >= needed), default=most)

    def _tiled(
        self, colours: Image.Image, alpha: Image.Image | None, tiling: Tiling, scale: int
    ) -> Image.Image | None:
        """Returns the enlarged picture; None where memory ran out, whatever was computed before."""
        try:
            return self._enlarged(colours, alpha, tiling, scale)
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error):
                raise
        return None

    def _enlarged(
        self, colours: Image.Image, alpha: Image.Image | None, tiling: Tiling, scale: int
    ) -> Image.Image:
        def compute(tile: Pixels) -> Pixels:
            return self._computed(tile, scale)

        pixels = np.asarray(colours)
        if alpha is None:
            return Image.fromarray(tiling.enlarge(pixels, scale, compute))
        clear = np.asarray(alpha)
        image = Image.fromarray(tiling.enlarge(spread(pixels, clear), scale, compute))
        grey = tiling.enlarge(np.repeat(clear[..., None], 3, 2), scale, compute)
        large = np.asarray(Image.fromarray(grey).convert("L"))
        image.putalpha(Image.fromarray(within_neighbours(large, clear)))
        return image

    @torch.inference_mode()
    def _computed(self, tile: Pixels, scale: int) -> Pixels:
        """Returns an enlarged tile; computes it again in float32 where half precision overflows."""
        given = torch.from_numpy(np.array(tile)).to(self._device)
        given = (given.permute(2, 0, 1)[None].float() / 255).contiguous(
            memory_format=torch.channels_last
        )
        large = self._run(given, self._half)
        if self._half and not torch.isfinite(large).all():
            large = self._run(given, half=False)
        if not torch.isfinite(large).all():
            raise PictureBroken("the upscaler's pixels are not finite")
        if scale < self._network.scale:
            large = avg_pool2d(large.clamp(0, 1), self._network.scale // scale)
        drawn = (large[0].clamp(0, 1) * 255).round().permute(1, 2, 0).to(torch.uint8)
        found: Pixels = drawn.cpu().numpy()
        return found

    def _run(self, given: Tensor, half: bool) -> Tensor:
        with torch.autocast(self._device.type, torch.float16, enabled=half):
            return self._network.enlarge(given).float()


def _by_lanczos(colours: Image.Image, alpha: Image.Image | None, scale: int) -> Image.Image:
    """Returns a picture enlarged by Lanczos; Pillow weighs the colours of RGBA by their alpha."""
    whole = colours
    if alpha is not None:
        whole = colours.copy()
        whole.putalpha(alpha)
    size = (colours.width * scale, colours.height * scale)
    return whole.resize(size, Image.Resampling.LANCZOS)


def _saved(image: Image.Image) -> bytes:
    buffer = BytesIO()
    image.save(buffer, "PNG", compress_level=_FAST)
    return buffer.getvalue()
