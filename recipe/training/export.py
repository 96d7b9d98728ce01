"""Assembles the trained parts into a checkpoint that plain diffusers loads."""

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any, cast

import cv2
import numpy as np
import torch
from diffusers import AutoencoderKL, StableDiffusionXLPipeline, UNet2DConditionModel
from transformers import (
    CLIPImageProcessor,
    CLIPTextModel,
    CLIPTextModelWithProjection,
    CLIPVisionModelWithProjection,
)

from actors.storybook import GUIDANCE, RESCALE
from recipe.illustrator import Illustrator
from recipe.illustrator.captions import caption
from recipe.illustrator.looks import Image
from recipe.training.drawings import scene_of
from recipe.training.settings import Recipe
from recipe.training.tokenizer import load_tokenizer
from recipe.training.unet import new_scheduler

LARGEST_FILE = 24 * 1024 * 1024
LARGEST = 40 * 1024 * 1024
_BESIDE = ("ip_adapter", "judge", "upscaler")
"""Folders copied into the checkpoint unchanged: diffusers loads them by name, or not at all."""


def assemble(folder: Path) -> Any:
    """Returns the pipeline of a training's folder."""
    pipeline: Any = StableDiffusionXLPipeline  # untyped in diffusers 0.42
    vae: Any = AutoencoderKL
    unet: Any = UNet2DConditionModel
    beside = {}
    if (folder / "image_encoder").is_dir():
        beside = {
            "image_encoder": CLIPVisionModelWithProjection.from_pretrained(
                folder / "image_encoder"
            ),
            "feature_extractor": CLIPImageProcessor.from_pretrained(folder / "image_encoder"),
        }
    return pipeline(
        vae=vae.from_pretrained(folder / "vae"),
        text_encoder=CLIPTextModel.from_pretrained(folder / "text_encoder"),
        text_encoder_2=CLIPTextModelWithProjection.from_pretrained(folder / "text_encoder_2"),
        tokenizer=load_tokenizer(folder / "tokenizer"),
        tokenizer_2=load_tokenizer(folder / "tokenizer"),
        unet=unet.from_pretrained(folder / "unet"),
        scheduler=new_scheduler(),
        add_watermarker=False,
        **beside,
    )


def export(folder: Path, out: Path) -> None:
    """Writes the checkpoint: fp16 safetensors in diffusers' layout, with checksums.

    Raises ValueError if it is too large for the repository.
    """
    assemble(folder).to(dtype=torch.float16).save_pretrained(out, safe_serialization=True)
    for name in _BESIDE:
        if (folder / name).is_dir():
            shutil.copytree(folder / name, out / name, dirs_exist_ok=True)
    check_size(out)
    _forget_origin(out)
    lines = [
        f"{hashlib.sha256(file.read_bytes()).hexdigest()}  {file.relative_to(out).as_posix()}\n"
        for file in sorted(out.rglob("*"))
        if file.suffix in {".json", ".safetensors"}
    ]
    (out / "checksums.sha256").write_text("".join(lines), "utf-8")


def check_size(out: Path) -> None:
    """Raises ValueError for a checkpoint, or a file of it, that is too large for the repository."""
    sizes = {file: file.stat().st_size for file in out.rglob("*") if file.is_file()}
    large = [file.relative_to(out).as_posix() for file in sizes if sizes[file] > LARGEST_FILE]
    if large:
        raise ValueError(f"{', '.join(large)}: larger than {LARGEST_FILE} bytes; train it smaller")
    if sum(sizes.values()) > LARGEST:
        raise ValueError(f"{out}: {sum(sizes.values())} bytes; it must be {LARGEST} or less")


def _forget_origin(out: Path) -> None:
    """Removes the source folder, which diffusers records, from each part's settings."""
    for file in out.rglob("config.json"):
        settings = json.loads(file.read_text("utf-8"))
        if settings.pop("_name_or_path", None) is not None:
            file.write_text(json.dumps(settings, indent=2, sort_keys=True) + "\n", "utf-8")


def sample_grid(recipe: Recipe, folder: Path, out: Path, count: int = 12, steps: int = 20) -> None:
    """Writes a sheet of generated pictures, each above the drawing of the same scene."""
    pipeline, illustrator = assemble(folder), Illustrator()
    pipeline.set_progress_bar_config(disable=True)
    pairs: list[Image] = []
    for index in range(count):
        # Scenes that no training draws.
        scene = scene_of(0, index, recipe.unet.domain)
        made = pipeline(
            caption(scene),
            num_inference_steps=steps,
            guidance_scale=GUIDANCE,
            guidance_rescale=RESCALE,
            output_type="np",
            generator=torch.Generator().manual_seed(index),
        ).images[0]
        generated = (np.asarray(made) * 255).round().astype(np.uint8)
        pairs.append(cast(Image, np.vstack([generated, illustrator.draw(scene).image])))
    rows = [np.hstack(pairs[first : first + 6]) for first in range(0, count - count % 6 or 6, 6)]
    cv2.imwrite(str(out), cv2.cvtColor(np.vstack(rows), cv2.COLOR_RGB2BGR))
