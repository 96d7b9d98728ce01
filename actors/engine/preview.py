"""Previews: the picture that a model predicts at a step, as a small JPEG.

They are decoded by a linear map from latents to pixels, which is fitted to the VAE once: a VAE's
own decoder takes longer than a step.
"""

import time
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from io import BytesIO
from random import Random
from typing import Any, Protocol, Self

import numpy as np
import torch
from PIL import Image, ImageDraw, ImageOps

from actors.engine.decoding import encoded, to_pixels
from actors.engine.drawing import Drawing, by_itself

SIDE = 256
"""The longest side of a preview, in pixels."""
LARGEST = 20_000
"""The most bytes of a preview."""
_QUALITIES = (80, 60, 40, 20, 5)
"""Those of JPEG that are tried: noise takes more bytes than a picture."""
_SAMPLES, _SAMPLE_SIDE = 8, 256
_NOISE = 0.2
"""The noise on the latents that the map is fitted to, in deviations: a prediction has some, too."""
_RIDGE = 1.0


class LinearDecoder:
    """Turns latents into pixels by one matrix: a place of the latents into a square of pixels."""

    def __init__(self, weights: torch.Tensor, side: int) -> None:
        """Takes (channels + 1, 3 * side * side), the last row being what no latents give."""
        self._weights = weights
        self._side = side

    @classmethod
    @torch.no_grad()
    def fit(cls, pipeline: Any) -> Self | None:
        """Fits a decoder to what a pipeline's VAE makes of the latents of pictures; blocks.

        Returns None where the VAE gives no numbers.
        """
        side = pipeline.vae_scale_factor
        chance = torch.Generator().manual_seed(0)
        read, shown = [], []
        for number in range(_SAMPLES):
            latents = encoded(pipeline, _sample(number))
            noise = torch.randn(latents.shape, generator=chance).to(latents)
            latents += _NOISE * latents.std() * noise
            pixels = to_pixels(pipeline.vae, latents)[0].float().clamp(-1, 1).cpu()
            read.append(latents[0].float().cpu().flatten(1).T)
            shown.append(_squares(pixels, side))
        inputs, targets = torch.cat(read), torch.cat(shown)
        if not (inputs.isfinite().all() and targets.isfinite().all()):
            return None
        inputs = torch.cat([inputs, torch.ones(len(inputs), 1)], dim=1)
        square = inputs.T @ inputs + _RIDGE * torch.eye(inputs.shape[1])
        return cls(torch.linalg.solve(square, inputs.T @ targets), side)

    def image(self, latents: torch.Tensor) -> Image.Image:
        """Returns the picture of latents (1, C, h, w), small where the latents are many."""
        # Fewer latents first, since all pixels of a large picture take longer than a step.
        fewer = max(max(latents.shape[-2:]) * self._side // SIDE, 1)
        small = torch.nn.functional.avg_pool2d(latents.detach().float(), fewer, ceil_mode=True)
        _, channels, height, width = small.shape
        flat = small[0].cpu().reshape(channels, -1).T
        pixels = flat @ self._weights[:-1] + self._weights[-1]
        side = self._side
        grid = pixels.reshape(height, width, 3, side, side).permute(0, 3, 1, 4, 2)
        bytes_ = ((grid.reshape(height * side, width * side, 3) + 1) * 127.5).clamp(0, 255)
        return Image.fromarray(bytes_.to(torch.uint8).numpy())


def _squares(pixels: torch.Tensor, side: int) -> torch.Tensor:
    """Returns the squares of pixels (3, H, W) that the places of latents stand for."""
    _, height, width = pixels.shape
    split = pixels.reshape(3, height // side, side, width // side, side)
    return split.permute(1, 3, 0, 2, 4).reshape(-1, 3 * side * side)


def _sample(number: int) -> Image.Image:
    """Draws discs and bars on a slope of colours: edges and plain parts of every colour."""
    random = Random(number)
    corners = np.frombuffer(random.randbytes(12), np.uint8).reshape(2, 2, 3)
    square = (_SAMPLE_SIDE, _SAMPLE_SIDE)
    picture = Image.fromarray(corners.copy()).resize(square, Image.Resampling.BILINEAR)
    brush = ImageDraw.Draw(picture)
    for _ in range(24):
        x, y, size = (random.randrange(_SAMPLE_SIDE) for _ in range(3))
        box = (x - size // 6, y - size // 6, x + size // 6, y + size // 8)
        draw = random.choice((brush.ellipse, brush.rectangle))
        draw(box, fill=tuple(random.randbytes(3)))
    return picture


class Make(Protocol):
    """Begins to make a preview of a tensor."""

    def __call__(
        self, work: Callable[[], bytes | None], shown: torch.Tensor, /
    ) -> "Future[bytes | None]":
        """Returns what will be the preview; it may be there at once."""
        ...


def at_once(work: Callable[[], bytes | None], _: torch.Tensor, /) -> "Future[bytes | None]":
    """Makes a preview in the calling thread."""
    made: Future[bytes | None] = Future()
    made.set_result(work())
    return made


class Previews:
    """Makes a render's previews, no two within `interval_s` seconds."""

    def __init__(
        self,
        decoder: LinearDecoder | None,
        interval_s: float,
        clock: Callable[[], float] = time.monotonic,
        *,
        mirrored: bool = False,
        make: Make = at_once,
    ) -> None:
        self._decoder = decoder
        self._mirrored = mirrored
        self._interval_s = interval_s
        self._clock = clock
        self._make = make
        self._made: Future[bytes | None] | None = None
        self._next = clock()

    def after_step(self, drawing: Drawing) -> bytes | None:
        """Returns a preview if one is ready: of this step, or of one that was due before.

        A prediction that is no picture has no preview; the render's end decides what it is.
        """
        if self._decoder is None:
            return None
        if self._made is None and self._clock() >= self._next:
            # One that fails is tried no sooner than another would be.
            self._next = self._clock() + self._interval_s
            # It may wait for its thread longer than others of its step are there.
            shown = by_itself(drawing.latents if drawing.clean is None else drawing.clean)
            self._made = self._make(partial(self._preview, self._decoder, shown), shown)
        if self._made is None or not self._made.done():
            return None
        made, self._made = self._made, None
        self._next = self._clock() + self._interval_s
        return made.result()

    def _preview(self, decoder: LinearDecoder, shown: torch.Tensor) -> bytes | None:
        if not shown.isfinite().all():
            return None
        image = decoder.image(shown)
        return _jpeg(ImageOps.mirror(image) if self._mirrored else image)


def _jpeg(image: Image.Image) -> bytes:
    image.thumbnail((SIDE, SIDE))
    saved = b""
    for quality in _QUALITIES:
        saved = _saved(image, quality)
        if len(saved) <= LARGEST:
            break
    return saved


def _saved(image: Image.Image, quality: int) -> bytes:
    buffer = BytesIO()
    image.save(buffer, "JPEG", quality=quality)
    return buffer.getvalue()
