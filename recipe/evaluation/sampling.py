"""Pictures that a checkpoint generates from held-out captions, by diffusers' own pipeline."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import torch
from diffusers import StableDiffusionXLPipeline
from numpy.typing import NDArray

from actors.storybook import GUIDANCE, RESCALE
from recipe.illustrator import Scene
from recipe.illustrator.captions import caption
from recipe.illustrator.sampling import Domain
from recipe.training.drawings import scene_of

STEPS = 20
BATCH = 8
SIDE = 256
HELD_OUT = 0
"""The seed of scenes that no training draws: trainings use 1 and more, or -1 and less."""


@dataclass(frozen=True, slots=True)
class Prompt:
    """A scene to generate, with its caption."""

    scene: Scene
    caption: str
    seed: int


def held_out(domain: Domain, count: int) -> list[Prompt]:
    """Returns held-out scenes; half of the captions are canonical, the rest randomly phrased."""
    prompts = []
    for index in range(count):
        scene = scene_of(HELD_OUT, index, domain)
        chance = Random(f"held out {index}") if index % 2 else None
        prompts.append(Prompt(scene, caption(scene, chance), index))
    return prompts


def load_pipeline(checkpoint: Path, kind: Any = StableDiffusionXLPipeline) -> Any:
    """Returns one of diffusers' pipelines with a checkpoint's weights, in float32."""
    pipeline = kind.from_pretrained(
        checkpoint, dtype=torch.float32, use_safetensors=True, add_watermarker=False
    )
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


def generate(
    pipeline: Any,
    captions: Sequence[str],
    seeds: Sequence[int],
    steps: int = STEPS,
    batch: int = BATCH,
) -> NDArray[np.uint8]:
    """Returns pictures, (N, 256, 256, 3); each seed gives its noise, in any batch."""
    made = []
    for first in range(0, len(captions), batch):
        rows = slice(first, first + batch)
        images = pipeline(
            list(captions[rows]),
            height=SIDE,
            width=SIDE,
            num_inference_steps=steps,
            guidance_scale=GUIDANCE,
            guidance_rescale=RESCALE,
            output_type="np",
            generator=[torch.Generator().manual_seed(seed) for seed in seeds[rows]],
        ).images
        made.append((np.asarray(images) * 255).round().clip(0, 255).astype(np.uint8))
    return np.concatenate(made)
