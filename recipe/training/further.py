"""The UNet's further training: some of its weights learn more, the rest of it stays as it is."""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from diffusers import UNet2DConditionModel

from recipe.training.loop import device
from recipe.training.settings import Recipe
from recipe.training.state import Trainee
from recipe.training.unet import PlainAttention


@dataclass(frozen=True, slots=True)
class Further:
    """A UNet in training, and the frozen one that it began as.

    `network` and `before` compute the same as `unet` and the frozen one, compiled if the recipe
    has that.
    """

    unet: Any
    network: Any
    before: Any
    trainee: Trainee

    @classmethod
    def begin(
        cls, recipe: Recipe, folder: Path, drawn: Path, trained: Sequence[str], average: float
    ) -> "Further":
        """Loads the UNet that the stage of the folder `drawn` begins with.

        Only those weights are trained that have one of the names in `trained` in theirs; without
        any, all are.
        """
        begun = _begun(folder, drawn)
        unet, before = _load(begun), _load(begun).requires_grad_(False)
        for name, weight in unet.named_parameters():
            weight.requires_grad_(not trained or any(part in name for part in trained))
        trainee = Trainee(unet, recipe.unet.training.rate, average)
        if not recipe.unet.compiled:
            return cls(unet, unet, before, trainee)
        return cls(unet, torch.compile(unet), torch.compile(before), trainee)


def _begun(folder: Path, drawn: Path) -> Path:
    """Returns the folder of the UNet that the stage began with: the first stretch copies it."""
    begun = drawn / "unet"
    if not begun.is_dir():
        fresh = drawn / "unet.new"
        shutil.rmtree(fresh, ignore_errors=True)
        shutil.copytree(folder / "unet", fresh)
        fresh.rename(begun)
    return begun


def _load(folder: Path) -> Any:
    loader: Any = UNet2DConditionModel  # untyped in diffusers 0.42
    unet = loader.from_pretrained(folder).train()
    if device().type == "cpu":
        unet.set_attn_processor(PlainAttention())
    return unet.to(device(), memory_format=torch.channels_last)
