"""A training by the command, from scratch to a checkpoint that plain diffusers loads."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import torch
from diffusers import StableDiffusionXLPipeline
from PIL import Image
from safetensors.torch import load_file

from actors.engine.checkpoint import check_folder
from actors.judging.judge import Judge
from recipe.evaluation.plain import load_adapter
from recipe.training.adapter import WEIGHTS, adapter_weights, halves

ROOT = Path(__file__).parents[3]


def test_the_recipe_makes_a_checkpoint_that_renders(tmp_path: Path) -> None:
    folder, out = tmp_path / "training", tmp_path / "checkpoint"
    command = [sys.executable, "-m", "recipe.train", "all", "--recipe", "smoke"]
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
    check_likeness(pipeline, out, picture)


def embedding(pipeline: Any, picture: Any) -> torch.Tensor:
    """Returns the embeddings of no reference and of a picture, (2, 1, tokens, D)."""
    shown = [Image.fromarray(picture)]
    embedded, nothing = pipeline.encode_image(shown, "cpu", 1, output_hidden_states=True)
    return torch.stack([nothing, embedded])


def latents(pipeline: Any, reference: torch.Tensor, **more: Any) -> torch.Tensor:
    """Returns the latents drawn with references: an untrained adapter changes a pixel by less
    than one tone.
    """
    drawn: torch.Tensor = pipeline(
        "cartoon style, portrait of a young girl",
        num_inference_steps=2,
        ip_adapter_image_embeds=[reference],
        generator=torch.Generator().manual_seed(0),
        output_type="latent",
        **more,
    ).images
    return drawn


def check_likeness(pipeline: Any, out: Path, picture: Any) -> None:
    """Checks that one and two references change pictures, and that the judge runs."""
    load_adapter(pipeline, out)
    kept, loaded = load_file(out / WEIGHTS), adapter_weights(pipeline.unet)
    assert kept.keys() == loaded.keys()
    assert all(torch.equal(kept[name], loaded[name]) for name in kept)
    one, other = embedding(pipeline, picture), embedding(pipeline, 255 - picture)
    assert torch.equal(latents(pipeline, one), latents(pipeline, one))
    assert not torch.equal(latents(pipeline, one), latents(pipeline, other))
    pair, both = torch.cat([one, other], dim=1), {"ip_adapter_masks": [halves()]}
    assert latents(pipeline, pair, cross_attention_kwargs=both).isfinite().all()
    judge = Judge.load(out / "judge")
    assert judge.main_character(picture).likeness(judge.main_character(picture)) > 0.99
