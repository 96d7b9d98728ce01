"""Previews: the model's prediction of the picture at a step, as a small JPEG."""

import time
from collections.abc import Callable
from functools import wraps
from io import BytesIO
from typing import Any

import torch
from PIL import Image

from actors.engine.decoding import decode
from actors.engine.render import PictureBroken

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
        *,
        mirrored: bool = False,
    ) -> None:
        self._pipeline = pipeline
        self._mirrored = mirrored
        self._interval_s = interval_s
        self._clock = clock
        self._next = clock()

    def after_step(self, latents: torch.Tensor) -> bytes | None:
        """Returns a preview if one is due; from `latents` if the scheduler predicts no picture.

        A prediction that is no picture has no preview; the render's end decides what it is.
        """
        if self._clock() < self._next:
            return None
        denoised = getattr(self._pipeline.scheduler, "denoised", None)
        try:
            shown = latents if denoised is None else denoised
            preview = _jpeg(decode(self._pipeline, shown, mirrored=self._mirrored))
        except PictureBroken:
            preview = None
        self._next = self._clock() + self._interval_s
        return preview


def _jpeg(image: Image.Image) -> bytes:
    image.thumbnail((_LONGEST_SIDE, _LONGEST_SIDE))
    buffer = BytesIO()
    image.save(buffer, "JPEG", quality=_QUALITY)
    return buffer.getvalue()
