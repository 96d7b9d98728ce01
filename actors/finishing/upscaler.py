"""The upscaler: a network run over tiles, so that a picture of any size fits in memory."""

import asyncio
import logging
import threading
from collections.abc import AsyncGenerator, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from io import BytesIO
from math import prod
from typing import Self

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.nn.functional import avg_pool2d

from actors.engine.faults import is_fault
from actors.engine.memory import is_out_of_memory
from actors.engine.render import DeviceBroken, PictureBroken
from actors.finishing.forms import open_picture
from actors.finishing.network import Network
from actors.finishing.tiling import Pixels, Tiling
from actors.finishing.transparency import spread, within_neighbours
from actors.finishing.upscaling import Enlarged, Tiles, Told
from actors.pictures.opened import PIXELS_MAX
from actors.pictures.seen import layers
from actors.settings import DiffuserSettings
from server.domain.models import Size
from server.domain.upscales import lacks_pixels

TILE = 512
SMALLEST_TILE = 128
_FADE = 8
_FAST = 1
"""The PNG's compression level: low, since the worker decodes it at once."""
_log = logging.getLogger(__name__)


def _unheard(done: int, of: int) -> None:
    pass


class _Stopped(Exception):
    """Raised between two tiles once nobody waits for the picture any more."""


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
        self._fault: BaseException | None = None

    @classmethod
    def load(cls, settings: DiffuserSettings) -> Self | None:
        """Loads the weights that the settings name; returns None if they name none.

        Raises CheckpointRefused for a file that `Network.load` refuses.
        """
        if settings.upscaler_file is None:
            return None
        if settings.torch_threads:
            torch.set_num_threads(settings.torch_threads)
        network = Network.load(settings.upscaler_file)
        cuda = settings.device != "cpu" and torch.cuda.is_available()
        # bfloat16 has fewer levels between 0 and 1 than a picture.
        half = cuda and settings.dtype in ("auto", "float16")
        device = "cuda" if cuda else "cpu"
        _log.info("upscaler loaded", extra={"device": device, "tile": settings.upscaler_tile})
        return cls(network, device, tile=settings.upscaler_tile, half=half)

    def check(self) -> None:
        """Raises DeviceBroken if its device computes nothing more."""
        if self._fault is not None:
            raise DeviceBroken.by(self._fault)

    async def stream(self, png: bytes, to: Size | None = None) -> AsyncGenerator[Tiles | Enlarged]:
        """Enlarges a picture to the network's multiple of it, or so often that it reaches a size.

        Yields its tiles as they are done, then the picture. Raises PictureBroken, and DeviceBroken
        for a device that computes nothing more.
        """
        loop, stopped = asyncio.get_running_loop(), threading.Event()
        news: asyncio.Queue[Tiles | None] = asyncio.Queue()

        def told(done: int, of: int) -> None:
            if stopped.is_set():
                raise _Stopped
            loop.call_soon_threadsafe(news.put_nowait, Tiles(done, of))

        work = self.enlarge if to is None else partial(self.reach, to=to)
        working = asyncio.create_task(asyncio.to_thread(work, png, told=told))
        working.add_done_callback(lambda _: news.put_nowait(None))
        most = 0.0
        try:
            while (tiles := await news.get()) is not None:
                # Those of a picture that was begun anew, for lack of memory, are no progress yet.
                if tiles.done / tiles.of > most:
                    most = tiles.done / tiles.of
                    yield tiles
            yield await working
        finally:
            stopped.set()
            with suppress(Exception):  # its caller has it, or has gone
                await asyncio.shield(working)

    def enlarge(self, png: bytes, to: Size | None = None, told: Told = _unheard) -> Enlarged:
        """Returns a picture enlarged once by the network, its alpha apart; blocks.

        It is the network's multiple as large, or, with a size that it has to reach, a smaller
        multiple. Raises PictureBroken for pixels that are not finite.
        """
        picture = open_picture(png)
        return self._made(picture, (self._scale(Size(*picture.size), to),), told)

    def reach(self, png: bytes, to: Size, told: Told = _unheard) -> Enlarged:
        """Returns a picture enlarged so often that Lanczos has a quarter to do at most; blocks.

        Raises PictureBroken for pixels that are not finite.
        """
        picture = open_picture(png)
        size, scales = Size(*picture.size), list[int]()
        while lacks_pixels(size, to):
            scale = self._scale(size, to)
            if size.width * size.height * scale**2 > PIXELS_MAX:
                break
            scales.append(scale)
            size = Size(size.width * scale, size.height * scale)
        return self._made(picture, scales, told)

    def _made(self, picture: Image.Image, scales: Sequence[int], told: Told) -> Enlarged:
        """Returns a picture enlarged by each of the scales, in tiles that memory is enough for."""
        colours, alpha = layers(picture)
        ran_out: list[int] = []
        tiling = self._tiling
        while tiling.side >= SMALLEST_TILE:
            large = self._tiled(colours, alpha, tiling, scales, told)
            if large is not None:
                return Enlarged(_saved(large), tiling.side, tuple(ran_out))
            ran_out.append(tiling.side)
            _log.warning("upscaler out of memory", extra={"tile": tiling.side})
            torch.cuda.empty_cache()
            tiling = replace(tiling, side=tiling.side // 2)
        return Enlarged(_saved(_by_lanczos(colours, alpha, prod(scales))), 0, tuple(ran_out))

    def _scale(self, given: Size, to: Size | None) -> int:
        """Returns the least divisor of the network's scale that reaches a size."""
        most = self._network.scale
        if to is None:
            return most
        needed = max(to.width / given.width, to.height / given.height)
        return min((n for n in range(1, most) if most % n == 0 and n >= needed), default=most)

    def _tiled(
        self,
        colours: Image.Image,
        alpha: Image.Image | None,
        tiling: Tiling,
        scales: Sequence[int],
        told: Told,
    ) -> Image.Image | None:
        """Returns the enlarged picture; None where memory ran out, whatever was computed before."""
        counted = _Counted(tiling, colours, scales, 1 if alpha is None else 2, told)
        try:
            for scale in scales:
                large = self._enlarged(colours, alpha, tiling, scale, counted)
                colours, alpha = layers(large)
            return _joined(colours, alpha)
        except (RuntimeError, MemoryError) as error:
            if is_fault(error):
                _log.error("device broken", extra={"error": str(error)})
                self._fault = error
                raise DeviceBroken.by(error) from error
            if not is_out_of_memory(error):
                raise
        return None

    def _enlarged(
        self,
        colours: Image.Image,
        alpha: Image.Image | None,
        tiling: Tiling,
        scale: int,
        counted: "_Counted",
    ) -> Image.Image:
        def compute(tile: Pixels) -> Pixels:
            computed = self._computed(tile, scale)
            counted.add()
            return computed

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


class _Counted:
    """Counts the tiles of a picture, in all its enlargements and layers, and tells of each."""

    def __init__(
        self, tiling: Tiling, picture: Image.Image, scales: Sequence[int], layers: int, told: Told
    ) -> None:
        self._done, self._of, self._told = 0, 0, told
        width, height = picture.size
        for scale in scales:
            self._of += layers * len(tiling.spans(width)) * len(tiling.spans(height))
            width, height = width * scale, height * scale

    def add(self) -> None:
        """Counts a tile that is done."""
        self._done += 1
        self._told(self._done, self._of)


def _joined(colours: Image.Image, alpha: Image.Image | None) -> Image.Image:
    if alpha is None:
        return colours
    whole = colours.copy()
    whole.putalpha(alpha)
    return whole


def _by_lanczos(colours: Image.Image, alpha: Image.Image | None, scale: int) -> Image.Image:
    """Returns a picture enlarged by Lanczos; Pillow weighs the colours of RGBA by their alpha."""
    whole = _joined(colours, alpha)
    size = (colours.width * scale, colours.height * scale)
    return whole.resize(size, Image.Resampling.LANCZOS)


def _saved(image: Image.Image) -> bytes:
    buffer = BytesIO()
    image.save(buffer, "PNG", compress_level=_FAST)
    return buffer.getvalue()
