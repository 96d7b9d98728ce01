"""A training from nothing to a checkpoint that plain diffusers loads, by the command."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import torch
from diffusers import StableDiffusionXLPipeline

from actors.models.checkpoint import check_folder

ROOT = Path(__file__).parents[2]


def test_the_recipe_makes_a_checkpoint_that_renders(tmp_path: Path) -> None:
    folder, out = tmp_path / "training", tmp_path / "checkpoint"
    command = [sys.executable, "-m", "actors.storybook.train", "all", "--recipe", "smoke"]
    places = ["--folder", str(folder), "--out", str(out), "--processes", "1", "--threads", "1"]
    subprocess.run([*command, *places], cwd=ROOT, check=True)
    check_folder(out)
    load: Any = StableDiffusionXLPipeline.from_pretrained
    pipeline = load(out, dtype=torch.float32, use_safetensors=True, add_watermarker=False)
    pipeline.set_progress_bar_config(disable=True)
    picture = np.asarray(
        pipeline(
            "cartoon style, portrait of a young girl",
            num_inference_steps=2,
            generator=torch.Generator().manual_seed(0),
        ).images[0]
    )
    assert picture.shape == (256, 256, 3)
    assert picture.std() > 1
    assert (folder / "grid.png").is_file()
