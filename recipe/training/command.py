"""The command of the training."""

import argparse
import math
import os
from collections.abc import Callable, Sequence
from pathlib import Path

import torch
from transformers.utils import logging as transformers_logging

from recipe.training.adapter import train_adapter
from recipe.training.audit import train_audit
from recipe.training.drawings import draw_latents, draw_pictures
from recipe.training.encoder import train_encoder
from recipe.training.export import export, sample_grid
from recipe.training.eyes import train_eyes
from recipe.training.judge import train_judge
from recipe.training.loop import Log, Stretch
from recipe.training.places import train_places
from recipe.training.settings import RECIPES, Recipe
from recipe.training.start import start_from
from recipe.training.text import pretrain_text
from recipe.training.tokenizer import train_tokenizer
from recipe.training.unet import train_unet
from recipe.training.upscaler import train_upscaler
from recipe.training.vae import train_vae

_DESCRIPTION = """\
Trains the storybook checkpoint from nothing: it draws its own pictures, and needs no data.

Stages, in order; each resumes from the state in the folder, so that the same command continues
where the last one stopped, even on another machine:

  tokenizer  every word of the captions becomes one token
  text       both text encoders learn to read the attributes in a caption, then are frozen
  draw       pictures for the VAE, and the linear map from pictures to latents
  vae        the decoder learns the map's latents, the encoder learns the map
  latents    pictures for the UNet, stored as latents and tokens
  unet       the UNet learns to draw from captions
  eyes       the UNet learns the colours of eyes, which it hardly learnt before
  places     the UNet learns places without characters, and else stays as it is
  upscaler   large pictures, and a small network that learns to make them from small ones
  encoder    the image encoder learns to recognise a character
  adapter    the IP-Adapter learns to draw the character of a reference picture
  judge      a recogniser and a detector of characters, trained on none of the pictures above
  audit      the classifier that reads pictures for the evaluation; it does not ship
  grid       grid.png: generated pictures above drawn ones
  export     the checkpoint in diffusers' layout, fp16, with checksums
  all        every stage that is not finished

Examples:
  nice -n 19 python -m recipe.train all --folder build/training
  python -m recipe.train unet --folder build/training --recipe gpu --minutes 8
  python -m recipe.train export --folder build/training --out build/checkpoint
  python -m recipe.train draw --folder build/further --start actors/storybook/checkpoint

With --start, a new folder begins with the networks of a checkpoint: `draw` gives it what `eyes`
and `places` need, which train the UNet further; `adapter` then learns from that UNet anew, which
it must where the recipe trains all of the UNet, as `gpu` does.

After `draw`, `latents` uses the CPU cores and can run beside `text` and `vae` on a GPU. The log
is log.jsonl in the folder. A stage's state is in state/, in files of 15 MiB or less. The same
command runs on a GPU if there is one, in bf16; else on the CPU, in two processes.
"""
STAGES = (
    "tokenizer",
    "text",
    "draw",
    "vae",
    "latents",
    "unet",
    "eyes",
    "places",
    "upscaler",
    "encoder",
    "adapter",
    "judge",
    "audit",
    "grid",
    "export",
)


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs the stages that the command line names."""
    parser = argparse.ArgumentParser(
        prog="python -m recipe.train",
        description=_DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("stage", choices=[*STAGES, "all"])
    parser.add_argument("--folder", type=Path, required=True, help="folder of the training's files")
    parser.add_argument("--recipe", choices=sorted(RECIPES), default="laptop", help="size (laptop)")
    parser.add_argument("--minutes", type=float, default=math.inf, help="time after which to stop")
    parser.add_argument(
        "--steps", type=int, help="steps of the UNet; its rate falls towards the last one"
    )
    parser.add_argument(
        "--processes", type=int, default=os.cpu_count() or 1, help="processes that draw"
    )
    parser.add_argument("--threads", type=int, default=0, help="threads of torch (0: automatic)")
    parser.add_argument(
        "--start", type=Path, help="checkpoint whose networks a new folder begins with"
    )
    parser.add_argument("--out", type=Path, help="folder of the checkpoint (FOLDER/checkpoint)")
    said = parser.parse_args(arguments)
    transformers_logging.disable_progress_bar()
    if said.threads:
        torch.set_num_threads(said.threads)
    said.folder.mkdir(parents=True, exist_ok=True)
    if said.start:
        start_from(said.start, said.folder)
    recipe = RECIPES[said.recipe]
    if said.steps:
        recipe = recipe.with_unet_steps(said.steps)
    stretch = Stretch(
        said.folder,
        Log(said.folder / "log.jsonl"),
        60 * said.minutes,
        recipe.save_every_s,
        recipe.log_every,
    )
    out = said.out or said.folder / "checkpoint"
    for stage in STAGES if said.stage == "all" else (said.stage,):
        if not run(stage, recipe, stretch, said.processes, out):
            stretch.log.write(stage, ended="time is up; run the same command to continue")
            return


def run(stage: str, recipe: Recipe, stretch: Stretch, processes: int, out: Path) -> bool:
    """Runs one stage; returns whether it is finished."""
    stages: dict[str, Callable[[], bool | None]] = {
        "tokenizer": lambda: _tokenizer(stretch.folder),
        "text": lambda: pretrain_text(recipe, stretch),
        "draw": lambda: draw_pictures(recipe, stretch, processes),
        "vae": lambda: train_vae(recipe, stretch),
        "latents": lambda: draw_latents(recipe, stretch, processes),
        "unet": lambda: train_unet(recipe, stretch),
        "eyes": lambda: train_eyes(recipe, stretch, processes),
        "places": lambda: train_places(recipe, stretch, processes),
        "encoder": lambda: train_encoder(recipe, stretch, processes),
        "adapter": lambda: train_adapter(recipe, stretch),
        "judge": lambda: train_judge(recipe, stretch, processes),
        "audit": lambda: train_audit(recipe, stretch, processes),
        "upscaler": lambda: train_upscaler(recipe, stretch, processes),
        "grid": lambda: sample_grid(recipe, stretch.folder, stretch.folder / "grid.png"),
        "export": lambda: export(stretch.folder, out),
    }
    return stages[stage]() is not False


def _tokenizer(folder: Path) -> None:
    if not (folder / "tokenizer" / "tokenizer.json").is_file():
        train_tokenizer(folder / "tokenizer")
