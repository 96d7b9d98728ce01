"""Tiny LoRA adapters with random weights, in the layouts in which they are shared."""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file

from actors.engine.render import LoraWeight, RenderRequest

MANY_BYTES = 2**30
WARNINGS_OF_PEFT = [
    pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning"),
    # Of the second adapter in diffusers' own pipeline.
    pytest.mark.filterwarnings("ignore:Already found a `peft_config`:UserWarning"),
]
REQUEST = RenderRequest(
    prompt="a girl in a forest",
    negative_prompt="blurry",
    width=64,
    height=64,
    steps=3,
    guidance_scale=5.0,
    guidance_rescale=0.0,
    seed=7,
)
ONE = (LoraWeight("kohya.safetensors"),)
TWO = (LoraWeight("peft.safetensors", -0.6), LoraWeight("kohya.safetensors", 0.7))

RANK, ALPHA = 2, 3.0
KOHYA, OLD, PEFT, CONFIGURED = "kohya", "old", "peft", "configured"
LAYOUTS = (KOHYA, OLD, PEFT, CONFIGURED)
_PARTS = {"unet": "lora_unet", "text_encoder": "lora_te1", "text_encoder_2": "lora_te2"}
_UNET = re.compile(r"down_blocks\.1\..*(to_[qkv]|to_out\.0|net\.0\.proj|proj_in|conv1)$")
_ATTENTION = re.compile(r"down_blocks\.1\..*(to_[qkv]|to_out\.0)$")
_TEXT = re.compile(r".*(q_proj|out_proj|fc1)$")
_SPECIAL = 8.0


def save_lora(file: Path, pipeline: Any, layout: str = KOHYA, seed: int = 0) -> Path:
    """Writes an adapter of some layers of a pipeline; returns its file."""
    chance = torch.Generator().manual_seed(seed)
    tensors: dict[str, torch.Tensor] = {}
    for part, name, weight in _layers(pipeline, layout):
        out, *rest = weight.shape
        down = torch.randn(RANK, *rest, generator=chance) / 4
        up = torch.randn(out, RANK, *(1,) * (len(rest) - 1), generator=chance) / 4
        tensors |= _named(part, name, down, up, layout)
    save_file(tensors, file, _metadata(tensors) if layout == CONFIGURED else None)
    return file


def _layers(pipeline: Any, layout: str) -> Iterator[tuple[str, str, torch.Tensor]]:
    wanted = _ATTENTION if layout in (OLD, CONFIGURED) else _UNET
    for name, module in pipeline.unet.named_modules():
        if wanted.match(name):
            yield "unet", name, module.weight
    if layout in (KOHYA, PEFT):
        for part in ("text_encoder", "text_encoder_2"):
            for name, module in getattr(pipeline, part).named_modules():
                if _TEXT.match(name):
                    yield part, f"text_model.{name.removeprefix('text_model.')}", module.weight


def _named(
    part: str, name: str, down: torch.Tensor, up: torch.Tensor, layout: str
) -> Mapping[str, torch.Tensor]:
    match layout:
        case "kohya":
            key = f"{_PARTS[part]}_{name.replace('.', '_')}"
            alpha = torch.tensor(ALPHA)
            return {
                f"{key}.lora_down.weight": down,
                f"{key}.lora_up.weight": up,
                f"{key}.alpha": alpha,
            }
        case "old":
            attention, _, layer = name.replace("to_out.0", "to_out").rpartition(".")
            key = f"{part}.{attention}.processor.{layer}_lora"
            return {f"{key}.down.weight": down, f"{key}.up.weight": up}
        case _:
            key = f"{part}.{name}"
            return {f"{key}.lora_A.weight": down, f"{key}.lora_B.weight": up}


def _metadata(tensors: Mapping[str, torch.Tensor]) -> dict[str, str]:
    """Returns peft's configuration of an adapter, with an alpha of its own for some layers."""
    configured = {
        "unet.r": RANK,
        "unet.lora_alpha": ALPHA,
        "unet.alpha_pattern": {"attn1.to_q": _SPECIAL},
        "unet.target_modules": sorted(
            {key.removeprefix("unet.").partition(".lora_")[0] for key in tensors}
        ),
    }
    return {"lora_adapter_metadata": json.dumps(configured)}
