"""Previews: the model's prediction of the picture at a step, as a small JPEG."""

import time
from collections.abc import Callable
from functools import wraps
from io import BytesIO
from typing import Any

import torch
from PIL import Image

_LONGEST_SIDE = 512
_QUALITY = 80


class WatchedScheduler:
    """A scheduler that keeps the clean picture that its last step predicted.

    The pipeline does not pass it on: its callback gets only the noisy latents. Everything else
    comes from the wrapped scheduler.
    """

    def __init__(self, scheduler: Any) -> None:
        self._scheduler = scheduler
        self.name = type(scheduler).__name__
        self.denoised: torch.Tensor | None = None

        # `wraps` shows the pipeline the real signature, by which it decides the arguments.
        @wraps(scheduler.step)
        def step(*args: Any, **kwargs: Any) -> Any:
            output = scheduler.step(*args, **kwargs)
            self.denoised = output[1] if len(output) > 1 else None
            return output

        self.step = step

    def __getattr__(self, name: str) -> Any:
        return getattr(self._scheduler, name)


class Previews:
    """Makes a render's previews, no two within `interval_s` seconds."""

    def __init__(
        self,
        pipeline: Any,
        interval_s: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._pipeline = pipeline
        self._interval_s = interval_s
        self._clock = clock
        self._next = clock()

    def after_step(self, latents: torch.Tensor) -> bytes | None:
        """Returns a preview if one is due; from `latents` if the scheduler predicts no picture."""
        if self._clock() < self._next:
            return None
        denoised = getattr(self._pipeline.scheduler, "denoised", None)
        preview = _jpeg(_decode(self._pipeline, latents if denoised is None else denoised))
        self._next = self._clock() + self._interval_s
        return preview


def _decode(pipeline: Any, latents: torch.Tensor) -> Image.Image:
    """Decodes latents (1, C, H/f, W/f) as the pipeline does at its end."""
    vae = pipeline.vae
    dtype = vae.dtype
    # SDXL's own VAE overflows in float16.
    upcast = dtype == torch.float16 and vae.config.force_upcast
    if upcast:
        vae.to(torch.float32)
    try:
        scaled = latents.to(vae.device, vae.dtype) / vae.config.scaling_factor
        pixels = vae.decode(scaled, return_dict=False)[0]
    finally:
        if upcast:
            vae.to(dtype)
    image: Image.Image = pipeline.image_processor.postprocess(pixels, output_type="pil")[0]
    return image


def _jpeg(image: Image.Image) -> bytes:
    image.thumbnail((_LONGEST_SIDE, _LONGEST_SIDE))
    buffer = BytesIO()
    image.save(buffer, "JPEG", quality=_QUALITY)
    return buffer.getvalue()
