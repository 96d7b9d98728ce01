"""Where a drawing begins: as noise, or from a picture of which some becomes noise."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from diffusers.utils.torch_utils import randn_tensor
from PIL import Image

from actors.engine.decoding import encoded
from actors.engine.drawing import Kept
from actors.engine.render import Origin, PictureUnreadable, RenderRequest
from actors.pictures.opened import NotAPicture, opened
from actors.pictures.seen import seen

_HALF = 128


@dataclass(frozen=True, slots=True)
class Begun:
    """The first latents of a drawing, the times of its steps, and what stays of a picture.

    `generator` has drawn the noise, and draws more where the scheduler adds some.
    """

    latents: torch.Tensor
    timesteps: torch.Tensor
    generator: torch.Generator
    kept: Kept | None = None


def begin(pipeline: Any, scheduler: Any, request: RenderRequest, dtype: torch.dtype) -> Begun:
    """Draws the noise of a request, as diffusers' pipelines do for the same seed.

    Noise is drawn on the CPU for every device, so that a seed gives the same picture everywhere.
    The scheduler's times are set. Raises PictureUnreadable for an origin that is no picture of
    the request's size, and ValueError for a strength that leaves no step.
    """
    generator = torch.Generator("cpu").manual_seed(request.seed)
    # A worker of the version before sends a request without it.
    origin = getattr(request, "origin", None)
    start = 0 if origin is None else _start(request.steps, origin)
    if hasattr(scheduler, "set_begin_index"):
        scheduler.set_begin_index(start * scheduler.order)
    timesteps = scheduler.timesteps[start * scheduler.order :]
    if origin is None:
        noise = _noise(pipeline, request, generator, dtype)
        return Begun(noise * scheduler.init_noise_sigma, timesteps, generator)
    size = (request.width, request.height)
    picture = encoded(pipeline, read_origin(origin.picture, size, "RGB"), generator).to(dtype)
    noise = _noise(pipeline, request, generator, dtype)
    if origin.mask and start == 0:
        latents = noise * scheduler.init_noise_sigma
    else:
        latents = scheduler.add_noise(picture, noise, timesteps[:1])
    if not origin.mask:
        return Begun(latents, timesteps, generator)
    mask = _mask(pipeline, read_origin(origin.mask, size, "L"), noise)
    return Begun(latents, timesteps, generator, Kept(picture, noise, mask))


def _start(steps: int, origin: Origin) -> int:
    taken = min(int(steps * origin.strength), steps)
    if taken < 1:
        raise ValueError(
            f"strength: {origin.strength:g} of {steps} steps leaves none; use {1 / steps:g} or more"
        )
    return steps - taken


def _noise(
    pipeline: Any, request: RenderRequest, generator: torch.Generator, dtype: torch.dtype
) -> torch.Tensor:
    factor = pipeline.vae_scale_factor
    channels = pipeline.unet.config.in_channels
    shape = (1, channels, request.height // factor, request.width // factor)
    noise: torch.Tensor = randn_tensor(
        shape, generator=generator, device=pipeline.device, dtype=dtype
    )
    return noise


def read_origin(data: bytes, size: tuple[int, int], mode: str) -> Image.Image:
    """Returns what is seen of a picture; raises PictureUnreadable for one of another size."""
    try:
        image = seen(opened(data))
    except NotAPicture as error:
        raise PictureUnreadable(str(error)) from error
    if image.size != size:
        raise PictureUnreadable(
            f"a picture of {image.width}x{image.height} begins no render of {size[0]}x{size[1]}"
        )
    return image.convert(mode)


def _mask(pipeline: Any, image: Image.Image, like: torch.Tensor) -> torch.Tensor:
    """Returns the mask of latents, (1, 1, h, w), 1 where it is drawn anew."""
    white = torch.from_numpy(np.asarray(image) >= _HALF)
    pixels = white.float()[None, None]
    small = torch.nn.functional.interpolate(pixels, size=like.shape[-2:])
    return small.to(like)
