"""Latents as pictures, with a VAE that overflows in float16 recognised, and nothing but numbers."""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from typing import Any

import torch
from PIL import Image, ImageOps

from actors.engine.render import PictureBroken
from actors.engine.streams import settle

_log = logging.getLogger(__name__)


_VAE = threading.Lock()


@contextmanager
def _alone(vae: Any) -> Iterator[None]:
    """Keeps other threads from the VAE until the device has computed what is done within.

    It moves to another precision where it overflows: weights that are replaced are read no more.
    """
    with _VAE:
        settle_vae(vae)
        try:
            yield
        finally:
            settle(vae.device)


def settle_vae(vae: Any) -> None:
    """Moves a VAE that says so to float32; before anything else uses it."""
    if vae.dtype == torch.float16 and vae.config.force_upcast:
        vae.float()


@torch.no_grad()
def decode(pipeline: Any, latents: torch.Tensor, *, mirrored: bool = False) -> Image.Image:
    """Decodes latents (1, C, H/f, W/f) as the pipeline does at its end, `mirrored` or not.

    A VAE that overflows in float16, as SDXL's own does, is moved to float32 and stays there.
    Raises PictureBroken for latents or pixels that are not finite.
    """
    vae = pipeline.vae
    _check_finite("latents", latents)
    with _alone(vae):
        pixels = to_pixels(vae, latents)
        if vae.dtype == torch.float16 and not torch.isfinite(pixels).all():
            _log.warning("vae overflows", extra={"dtype": "float16"})
            vae.float()
            pixels = to_pixels(vae, latents)
    _check_finite("pixels", pixels)
    image: Image.Image = pipeline.image_processor.postprocess(pixels, output_type="pil")[0]
    return ImageOps.mirror(image) if mirrored else image


def png_of(image: Image.Image) -> bytes:
    """Returns a picture as a PNG."""
    buffer = BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


@torch.no_grad()
def encoded(
    pipeline: Any, image: Image.Image, generator: torch.Generator | None = None
) -> torch.Tensor:
    """Returns the latents of a picture as the UNet knows them, (1, C, h, w).

    With a generator they are drawn as diffusers draws them, else they are the likeliest.
    """
    vae, config = pipeline.vae, pipeline.vae.config
    with _alone(vae):
        pixels = pipeline.image_processor.preprocess(image).to(vae.device, vae.dtype)
        spread = vae.encode(pixels).latent_dist
    found = spread.mode() if generator is None else spread.sample(generator)
    if config.latents_mean is not None and config.latents_std is not None:
        mean, std = (
            torch.tensor(values).view(1, -1, 1, 1).to(found)
            for values in (config.latents_mean, config.latents_std)
        )
        found = (found - mean) / std
    scaled: torch.Tensor = found * config.scaling_factor
    return scaled


def to_pixels(vae: Any, latents: torch.Tensor) -> torch.Tensor:
    """Decodes latents that the UNet knows; nothing of the result is checked."""
    config = vae.config
    scaled = latents.to(vae.device, vae.dtype) / config.scaling_factor
    if config.latents_mean is not None and config.latents_std is not None:
        mean, std = (
            torch.tensor(values).view(1, -1, 1, 1).to(scaled)
            for values in (config.latents_mean, config.latents_std)
        )
        scaled = scaled * std + mean
    pixels: torch.Tensor = vae.decode(scaled, return_dict=False)[0]
    return pixels


def _check_finite(noun: str, values: torch.Tensor) -> None:
    wrong = int((~torch.isfinite(values)).sum())
    if wrong:
        raise PictureBroken(f"{wrong} of the model's {values.numel()} {noun} are not finite")
