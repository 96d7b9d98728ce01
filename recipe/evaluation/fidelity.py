"""The fidelity of pictures through the VAE and through the upscaler."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from spandrel import ImageModelDescriptor, ModelLoader

from recipe.evaluation.report import Figure, Section
from recipe.illustrator import Illustrator, Scene

TARGET_DB = 28.0
GAIN_DB = 1.0
FACTOR = 4
Pictures = NDArray[np.uint8]
Upscale = Callable[[Pictures], Pictures]
"""Makes a picture, (H, W, 3), four times as large along each side."""


@torch.no_grad()
def through_vae(pipeline: Any, images: Pictures) -> Pictures:
    """Returns pictures encoded and decoded by the pipeline's VAE."""
    found = []
    for first in range(0, len(images), 8):
        pixels = torch.from_numpy(images[first : first + 8]).permute(0, 3, 1, 2).float()
        latents = pipeline.vae.encode(pixels / 127.5 - 1).latent_dist.mode()
        decoded = pipeline.vae.decode(latents).sample.clamp(-1, 1)
        found.append(((decoded + 1) * 127.5).round().to(torch.uint8).permute(0, 2, 3, 1).numpy())
    return np.concatenate(found)


def psnr(found: Pictures, target: Pictures) -> float:
    """Returns the mean of pictures' peak signal-to-noise ratios in dB; 100 for equal pictures."""
    errors = np.square(found.astype(np.float64) - target).reshape(len(target), -1).mean(axis=1)
    return float(np.mean(10 * np.log10(255**2 / np.maximum(errors, 255**2 * 1e-10))))


def load_upscaler(file: Path) -> Upscale | None:
    """Returns the upscaler in a file, as spandrel loads it; None if there is no file."""
    if not file.is_file():
        return None
    loaded = ModelLoader().load_from_file(file)
    if not isinstance(loaded, ImageModelDescriptor) or loaded.scale != FACTOR:
        raise ValueError(f"{file}: is not an upscaler by {FACTOR}; use SRVGGNetCompact weights")
    model: Any = loaded.float().eval()

    @torch.no_grad()
    def upscale(picture: Pictures) -> Pictures:
        pixels = torch.from_numpy(picture).permute(2, 0, 1)[None].float() / 255
        made = model(pixels.contiguous(memory_format=torch.channels_last))[0]
        large = (made.clamp(0, 1) * 255).round().to(torch.uint8).permute(1, 2, 0)
        return np.asarray(large.numpy())

    return upscale


def fidelity_section(
    drawn: Pictures, decoded: Pictures, scenes: Sequence[Scene], upscale: Upscale | None
) -> Section:
    """Returns the VAE's PSNR, and the upscaler's gain over Lanczos, on drawn pictures."""
    vae = Figure(
        "VAE", psnr(decoded, drawn), "dB", TARGET_DB, beside=f"{len(drawn)} held-out drawings"
    )
    name = "upscaler above Lanczos"
    if upscale is None:
        return Section("Fidelity", (vae, Figure(name, None, "dB", GAIN_DB, missing="no upscaler")))
    ours, theirs = upscaled_psnr(upscale, scenes)
    beside = f"{ours:.2f} dB, Lanczos {theirs:.2f} dB, of {len(scenes)} drawings"
    return Section("Fidelity", (vae, Figure(name, ours - theirs, "dB", GAIN_DB, beside=beside)))


def upscaled_psnr(upscale: Upscale, scenes: Sequence[Scene]) -> tuple[float, float]:
    """Returns the PSNR of drawings restored from a quarter of their size: upscaled, by Lanczos."""
    illustrator = Illustrator(detail=FACTOR)
    ours, theirs = [], []
    for scene in scenes:
        large = illustrator.draw(scene).image
        side = large.shape[0] // FACTOR
        resized = cv2.resize(large, (side, side), interpolation=cv2.INTER_AREA)
        small = np.asarray(resized, np.uint8)
        lanczos = Image.fromarray(small).resize(large.shape[:2], Image.Resampling.LANCZOS)
        ours.append(psnr(upscale(small)[None], large[None]))
        theirs.append(psnr(np.asarray(lanczos)[None], large[None]))
    return float(np.mean(ours)), float(np.mean(theirs))
