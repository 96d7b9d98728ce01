"""Puts the trained parts together as a checkpoint that plain diffusers loads."""

import hashlib
import shutil
from pathlib import Path
from typing import Any, cast

import cv2
import numpy as np
import torch
from diffusers import AutoencoderKL, StableDiffusionXLPipeline, UNet2DConditionModel
from transformers import CLIPTextModel, CLIPTextModelWithProjection

from actors.storybook.illustrator import Illustrator
from actors.storybook.illustrator.captions import caption
from actors.storybook.illustrator.looks import Image
from actors.storybook.training.drawings import scene_of
from actors.storybook.training.settings import Recipe
from actors.storybook.training.tokenizer import load_tokenizer
from actors.storybook.training.unet import new_scheduler
from actors.storybook.training.upscaler import WEIGHTS


def assemble(folder: Path) -> Any:
    """Returns the pipeline of a training's folder."""
    pipeline: Any = StableDiffusionXLPipeline  # untyped in diffusers 0.42
    vae: Any = AutoencoderKL
    unet: Any = UNet2DConditionModel
    return pipeline(
        vae=vae.from_pretrained(folder / "vae"),
        text_encoder=CLIPTextModel.from_pretrained(folder / "text_encoder"),
        text_encoder_2=CLIPTextModelWithProjection.from_pretrained(folder / "text_encoder_2"),
        tokenizer=load_tokenizer(folder / "tokenizer"),
        tokenizer_2=load_tokenizer(folder / "tokenizer"),
        unet=unet.from_pretrained(folder / "unet"),
        scheduler=new_scheduler(),
        add_watermarker=False,
    )


def export(folder: Path, out: Path) -> None:
    """Writes the checkpoint: fp16 safetensors in diffusers' layout, with checksums."""
    assemble(folder).to(dtype=torch.float16).save_pretrained(out, safe_serialization=True)
    if (folder / WEIGHTS).is_file():
        (out / WEIGHTS).parent.mkdir(exist_ok=True)
        shutil.copyfile(folder / WEIGHTS, out / WEIGHTS)
    lines = [
        f"{hashlib.sha256(file.read_bytes()).hexdigest()}  {file.relative_to(out).as_posix()}\n"
        for file in sorted(out.rglob("*"))
        if file.suffix in {".json", ".safetensors"}
    ]
    (out / "checksums.sha256").write_text("".join(lines), "utf-8")


def sample_grid(recipe: Recipe, folder: Path, out: Path, count: int = 12, steps: int = 20) -> None:
    """Writes a sheet of generated pictures, each above the drawing of the same scene."""
    pipeline, illustrator = assemble(folder), Illustrator()
    pipeline.set_progress_bar_config(disable=True)
    pairs: list[Image] = []
    for index in range(count):
        # Numbers that no training draws.
        scene = scene_of(0, index, recipe.domain)
        made = pipeline(
            caption(scene),
            num_inference_steps=steps,
            guidance_scale=3.0,
            guidance_rescale=0.6,
            output_type="np",
            generator=torch.Generator().manual_seed(index),
        ).images[0]
        generated = (np.asarray(made) * 255).round().astype(np.uint8)
        pairs.append(cast(Image, np.vstack([generated, illustrator.draw(scene).image])))
    rows = [np.hstack(pairs[first : first + 6]) for first in range(0, count - count % 6 or 6, 6)]
    cv2.imwrite(str(out), cv2.cvtColor(np.vstack(rows), cv2.COLOR_RGB2BGR))
