"""Speed: what draws the same picture of the same model in less time, each by a setting."""

from typing import Any

import torch

from actors.engine.attention import RowAttention, use_row_attention
from actors.settings import DiffuserSettings


def speed_up(pipeline: Any, settings: DiffuserSettings) -> None:
    """Prepares a pipeline with its adapter, on its device, as the settings say.

    What is fused does not follow the pipeline to another device.
    """
    if settings.channels_last:
        pipeline.unet.to(memory_format=torch.channels_last)
        pipeline.vae.to(memory_format=torch.channels_last)
    if settings.fused_qkv:
        _fuse(pipeline.unet)


def _fuse(unet: Any) -> None:
    processors = unet.attn_processors
    if not all(isinstance(one, RowAttention) for one in processors.values()):
        use_row_attention(unet)  # without an adapter it still has diffusers' own
        processors = unet.attn_processors
    for name, attention in processors.items():
        attention.fuse(unet.get_submodule(name.removesuffix(".processor")))
