"""SDXL-base by its public configuration, or one that a CPU draws with in seconds."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import torch
from diffusers import (
    AutoencoderKL,
    EulerDiscreteScheduler,
    StableDiffusionXLPipeline,
    UNet2DConditionModel,
)

TOKENS = 77


@dataclass(frozen=True, slots=True)
class Architecture:
    """The configurations of a model, and its work: TFLOP of a row's forward and of a decode.

    `pooled` is the width of a prompt's pooled embedding. The work is None where nobody counted it.
    """

    name: str
    side: int
    pooled: int
    unet: Mapping[str, Any]
    vae: Mapping[str, Any]
    row_tflop: float | None = None
    vae_tflop: float | None = None


_BLOCKS = {
    "down_block_types": ("DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"),
    "up_block_types": ("CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"),
    "layers_per_block": 2,
    "use_linear_projection": True,
    "addition_embed_type": "text_time",
}
_VAE = {
    "down_block_types": ("DownEncoderBlock2D",) * 4,
    "up_block_types": ("UpDecoderBlock2D",) * 4,
    "layers_per_block": 2,
    "latent_channels": 4,
    "scaling_factor": 0.13025,
    "force_upcast": True,
}
# unet/config.json, vae/config.json and scheduler_config.json of
# stabilityai/stable-diffusion-xl-base-1.0.
SDXL_BASE = Architecture(
    "SDXL-base",
    side=1024,
    pooled=1280,
    unet=MappingProxyType(
        _BLOCKS
        | {
            "sample_size": 128,
            "block_out_channels": (320, 640, 1280),
            "transformer_layers_per_block": (1, 2, 10),
            "attention_head_dim": (5, 10, 20),
            "cross_attention_dim": 2048,
            "addition_time_embed_dim": 256,
            "projection_class_embeddings_input_dim": 1280 + 6 * 256,
        }
    ),
    vae=MappingProxyType(_VAE | {"block_out_channels": (128, 256, 512, 512), "sample_size": 1024}),
    # Counted layer by layer, attention included, at 1024x1024 with 77 tokens.
    row_tflop=6.76,
    vae_tflop=10.5,
)
TINY = Architecture(
    "tiny",
    side=64,
    pooled=24,
    unet=MappingProxyType(
        _BLOCKS
        | {
            "sample_size": 8,
            "block_out_channels": (8, 16, 16),
            "transformer_layers_per_block": (1, 1, 2),
            "attention_head_dim": (2, 2, 2),
            "norm_num_groups": 4,
            "cross_attention_dim": 40,
            "addition_time_embed_dim": 8,
            "projection_class_embeddings_input_dim": 24 + 6 * 8,
        }
    ),
    vae=MappingProxyType(
        _VAE | {"block_out_channels": (8, 8, 8, 8), "norm_num_groups": 4, "sample_size": 64}
    ),
)
_SCHEDULER = MappingProxyType(
    {
        "beta_start": 0.00085,
        "beta_end": 0.012,
        "beta_schedule": "scaled_linear",
        "prediction_type": "epsilon",
        "timestep_spacing": "leading",
        "steps_offset": 1,
    }
)


def build(architecture: Architecture, device: torch.device, dtype: torch.dtype) -> Any:
    """Returns a pipeline with random weights on its device, without text encoders; blocks."""
    make: Any = StableDiffusionXLPipeline  # untyped in diffusers 0.42
    torch.manual_seed(0)
    with torch.device(device):
        unet = UNet2DConditionModel(**architecture.unet).eval()
        vae = AutoencoderKL(**architecture.vae).eval()
    for each in (unet, vae):
        torch.nn.Module.to(each, dtype)  # that of diffusers 0.42 warns of layers that are not there
    pipeline = make(
        vae=vae,
        text_encoder=None,
        text_encoder_2=None,
        tokenizer=None,
        tokenizer_2=None,
        unet=unet,
        scheduler=EulerDiscreteScheduler(**_SCHEDULER),
        add_watermarker=False,
    )
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


@dataclass(frozen=True, slots=True)
class Prompts:
    """Random embeddings in place of a prompt and its negative, (TOKENS, D) and (P)."""

    prompt: torch.Tensor
    negative: torch.Tensor
    pooled: torch.Tensor
    negative_pooled: torch.Tensor


def prompts(architecture: Architecture, pipeline: Any) -> Prompts:
    """Returns random embeddings that a pipeline's UNet reads."""
    chance = torch.Generator().manual_seed(1)

    def noise(*shape: int) -> torch.Tensor:
        return torch.randn(shape, generator=chance).to(pipeline.device, pipeline.unet.dtype)

    width = architecture.unet["cross_attention_dim"]
    return Prompts(
        noise(TOKENS, width),
        noise(TOKENS, width),
        noise(architecture.pooled),
        noise(architecture.pooled),
    )
