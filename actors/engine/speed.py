"""Speed: what draws the same picture of the same model in less time, each by a setting."""

from typing import Any

import torch

from actors.engine.attention import RowAttention, use_row_attention
from actors.engine.compiling import CompiledBlocks
from actors.settings import DiffuserSettings


def speed_up(pipeline: Any, settings: DiffuserSettings) -> CompiledBlocks | None:
    """Prepares a pipeline with its adapter, on its device, as the settings say.

    What is fused does not follow the pipeline to another device. Returns the blocks of its UNet
    where they are compiled.
    """
    if settings.channels_last:
        pipeline.unet.to(memory_format=torch.channels_last)
        pipeline.vae.to(memory_format=torch.channels_last)
    if settings.fused_qkv:
        _fuse(pipeline.unet)
    if settings.compile == "off":
        return None
    _use_row_attention(pipeline.unet)
    return CompiledBlocks(pipeline.unet)


def _fuse(unet: Any) -> None:
    _use_row_attention(unet)
    for name, attention in unet.attn_processors.items():
        attention.fuse(unet.get_submodule(name.removesuffix(".processor")))


def _use_row_attention(unet: Any) -> None:
    """Replaces diffusers' own attention, which a model without an adapter still has."""
    if not all(isinstance(one, RowAttention) for one in unet.attn_processors.values()):
        use_row_attention(unet)
