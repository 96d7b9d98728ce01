"""IP-Adapters of each kind for the tiny checkpoint, with random weights, and their encoder."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from transformers import CLIPVisionConfig, CLIPVisionModelWithProjection

from actors.settings import DiffuserSettings

HIDDEN, POOLED, CROSS = 32, 24, 40
"""The widths of the encoder's hidden states, of its pooled output, and of the tiny UNet's text."""
KINDS = ("base", "full", "plus")
_WIDTH, _TOKENS, _HEAD = 16, 3, 64
Shapes = dict[str, tuple[int, ...]]


def save_encoder(folder: Path, seed: int = 0, *, layers: int = 2) -> None:
    """Writes an image encoder."""
    torch.manual_seed(seed)
    make: Any = CLIPVisionConfig
    config = make(
        hidden_size=HIDDEN,
        projection_dim=POOLED,
        intermediate_size=48,
        num_hidden_layers=layers,
        num_attention_heads=2,
        image_size=32,
        patch_size=16,
    )
    CLIPVisionModelWithProjection(config).save_pretrained(folder)


def tensors_of(kind: str, unet: Any) -> dict[str, torch.Tensor]:
    """Returns the tensors of an adapter of a kind, by the names of its original code."""
    shapes = {f"image_proj.{name}": shape for name, shape in _PROJECTIONS[kind].items()}
    for number, name in enumerate(unet.attn_processors):
        if ".attn2." in name:
            width = unet.get_submodule(name.removesuffix(".processor")).to_k.weight.shape[0]
            for part in ("to_k_ip", "to_v_ip"):
                shapes[f"ip_adapter.{number}.{part}.weight"] = (width, CROSS)
    chance = torch.Generator().manual_seed(1)
    return {name: torch.randn(shape, generator=chance) for name, shape in shapes.items()}


def save_adapter(
    folder: Path, tensors: Mapping[str, torch.Tensor], *, seed: int = 0
) -> DiffuserSettings:
    """Writes an adapter and its encoder beside a checkpoint, `plain`; returns its settings."""
    save_file(dict(tensors), folder / "adapter.safetensors")
    save_encoder(folder / "encoder", seed)
    return DiffuserSettings(
        model="sdxl",
        model_path=str(folder / "plain"),
        device="cpu",
        torch_threads=1,
        adapter=str(folder),
        adapter_weights="adapter.safetensors",
        adapter_encoder="encoder",
    )


def _resampler() -> Shapes:
    shapes: Shapes = {
        "latents": (1, _TOKENS, _WIDTH),
        "proj_in.weight": (_WIDTH, HIDDEN),
        "proj_in.bias": (_WIDTH,),
        "proj_out.weight": (CROSS, _WIDTH),
        "proj_out.bias": (CROSS,),
        "norm_out.weight": (CROSS,),
        "norm_out.bias": (CROSS,),
    }
    for layer in range(4):
        shapes |= {f"layers.{layer}.{name}": shape for name, shape in _LAYER.items()}
    return shapes


_LAYER: Shapes = {
    "0.norm1.weight": (_WIDTH,),
    "0.norm1.bias": (_WIDTH,),
    "0.norm2.weight": (_WIDTH,),
    "0.norm2.bias": (_WIDTH,),
    "0.to_q.weight": (_HEAD, _WIDTH),
    "0.to_kv.weight": (2 * _HEAD, _WIDTH),
    "0.to_out.weight": (_WIDTH, _HEAD),
    "1.0.weight": (_WIDTH,),
    "1.0.bias": (_WIDTH,),
    "1.1.weight": (4 * _WIDTH, _WIDTH),
    "1.3.weight": (_WIDTH, 4 * _WIDTH),
}
_PROJECTIONS: dict[str, Shapes] = {
    "base": {
        "proj.weight": (4 * CROSS, POOLED),
        "proj.bias": (4 * CROSS,),
        "norm.weight": (CROSS,),
        "norm.bias": (CROSS,),
    },
    "full": {
        "proj.0.weight": (HIDDEN, HIDDEN),
        "proj.0.bias": (HIDDEN,),
        "proj.2.weight": (CROSS, HIDDEN),
        "proj.2.bias": (CROSS,),
        "proj.3.weight": (CROSS,),
        "proj.3.bias": (CROSS,),
    },
    "plus": _resampler(),
}
