"""A tiny checkpoint of SDXL's own architecture, with random weights, in both of its layouts."""

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import torch
from diffusers import (
    AutoencoderKL,
    EulerDiscreteScheduler,
    StableDiffusionXLPipeline,
    UNet2DConditionModel,
)
from safetensors.torch import save_file
from transformers import (
    CLIPTextConfig,
    CLIPTextModel,
    CLIPTextModelWithProjection,
    CLIPTokenizer,
)

from actors.storybook import CHECKPOINT

_WORDS, _END = 2007, 2006


def tiny_sdxl() -> Any:
    """Returns a pipeline of the smallest UNet, VAE and encoders of SDXL's architecture."""
    torch.manual_seed(0)
    load: Any = CLIPTokenizer.from_pretrained
    make: Any = StableDiffusionXLPipeline
    return make(
        vae=AutoencoderKL(
            block_out_channels=(8, 8, 8, 8),
            down_block_types=("DownEncoderBlock2D",) * 4,
            up_block_types=("UpDecoderBlock2D",) * 4,
            layers_per_block=2,
            norm_num_groups=4,
            latent_channels=4,
            scaling_factor=0.13025,
            sample_size=64,
            force_upcast=True,
        ),
        text_encoder=CLIPTextModel(_encoder(16)),
        text_encoder_2=CLIPTextModelWithProjection(_encoder(24)),
        tokenizer=load(CHECKPOINT / "tokenizer"),
        tokenizer_2=load(CHECKPOINT / "tokenizer_2"),
        unet=UNet2DConditionModel(
            sample_size=8,
            block_out_channels=(8, 16, 16),
            down_block_types=("DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"),
            up_block_types=("CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"),
            transformer_layers_per_block=(1, 1, 2),
            attention_head_dim=(2, 2, 2),
            norm_num_groups=4,
            cross_attention_dim=16 + 24,
            use_linear_projection=True,
            addition_embed_type="text_time",
            addition_time_embed_dim=8,
            projection_class_embeddings_input_dim=24 + 6 * 8,
        ),
        scheduler=EulerDiscreteScheduler(),
    )


def _encoder(width: int) -> CLIPTextConfig:
    make: Any = CLIPTextConfig
    config: CLIPTextConfig = make(
        hidden_size=width,
        projection_dim=width,
        intermediate_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        vocab_size=_WORDS,
        eos_token_id=_END,
    )
    return config


def save_as_one_file(pipeline: Any, file: Path) -> None:
    """Writes a pipeline in SDXL's original layout: one file, with the names of its first code."""
    tensors = {
        **_renamed(pipeline.unet, "model.diffusion_model.", _unet_names()),
        **_renamed(pipeline.vae, "first_stage_model.", _VAE_NAMES),
        **_renamed(pipeline.text_encoder, "conditioner.embedders.0.transformer.", _FIRST_NAMES),
        **_renamed(pipeline.text_encoder_2, "conditioner.embedders.1.model.", _SECOND_NAMES),
    }
    projection = "conditioner.embedders.1.model.text_projection"
    tensors[projection] = tensors[projection].T
    for name in [name for name in tensors if name.endswith(".q_proj.weight")]:
        if ".embedders.1." in name:
            _join(tensors, name.removesuffix("q_proj.weight"))
    save_file({name: tensor.contiguous() for name, tensor in tensors.items()}, file)


Names = Iterable[tuple[str, str]]


def _renamed(model: Any, prefix: str, names: Names) -> dict[str, torch.Tensor]:
    pairs, renamed = list(names), {}
    for key, tensor in model.state_dict().items():
        name = key
        for pattern, original in pairs:
            name = re.sub(pattern, original, name)
        # The attention of the original VAE is made of convolutions.
        conv = ".attn_1." in name and tensor.ndim == 2
        renamed[prefix + name] = tensor[:, :, None, None] if conv else tensor.clone()
    return renamed


def _join(tensors: dict[str, torch.Tensor], attention: str) -> None:
    for kind in ("weight", "bias"):
        parts = [tensors.pop(f"{attention}{part}_proj.{kind}") for part in "qkv"]
        tensors[f"{attention}in_proj_{kind}"] = torch.cat(parts)


def _unet_names() -> Names:
    yield r"^time_embedding\.linear_1", "time_embed.0"
    yield r"^time_embedding\.linear_2", "time_embed.2"
    yield r"^add_embedding\.linear_1", "label_emb.0.0"
    yield r"^add_embedding\.linear_2", "label_emb.0.2"
    yield r"^conv_in", "input_blocks.0.0"
    yield r"^conv_norm_out", "out.0"
    yield r"^conv_out", "out.2"
    for block in range(3):
        for layer in range(3):
            down, up = 3 * block + layer + 1, 3 * block + layer
            yield rf"^down_blocks\.{block}\.resnets\.{layer}\.", f"input_blocks.{down}.0."
            yield rf"^down_blocks\.{block}\.attentions\.{layer}\.", f"input_blocks.{down}.1."
            yield rf"^up_blocks\.{block}\.resnets\.{layer}\.", f"output_blocks.{up}.0."
            yield rf"^up_blocks\.{block}\.attentions\.{layer}\.", f"output_blocks.{up}.1."
        sampled = f"input_blocks.{3 * block + 3}.0.op."
        yield rf"^down_blocks\.{block}\.downsamplers\.0\.conv\.", sampled
        yield rf"^up_blocks\.{block}\.upsamplers\.0\.", f"output_blocks.{3 * block + 2}.2."
    yield r"^mid_block\.attentions\.0", "middle_block.1"
    yield r"^mid_block\.resnets\.0", "middle_block.0"
    yield r"^mid_block\.resnets\.1", "middle_block.2"
    yield from _RESNET_NAMES


_RESNET_NAMES = [
    # Only a resnet has these names right after its number.
    (r"(put_blocks\.\d+\.0|middle_block\.[02])\.norm1", r"\1.in_layers.0"),
    (r"(put_blocks\.\d+\.0|middle_block\.[02])\.conv1", r"\1.in_layers.2"),
    (r"(put_blocks\.\d+\.0|middle_block\.[02])\.norm2", r"\1.out_layers.0"),
    (r"(put_blocks\.\d+\.0|middle_block\.[02])\.conv2", r"\1.out_layers.3"),
    (r"time_emb_proj", "emb_layers.1"),
    (r"conv_shortcut", "skip_connection"),
]
_VAE_NAMES = [
    (r"conv_norm_out", "norm_out"),
    (r"down_blocks\.(\d)\.resnets", r"down.\1.block"),
    (r"down_blocks\.(\d)\.downsamplers\.0", r"down.\1.downsample"),
    *((rf"up_blocks\.{block}\.resnets", f"up.{3 - block}.block") for block in range(4)),
    *((rf"up_blocks\.{block}\.upsamplers\.0", f"up.{3 - block}.upsample") for block in range(4)),
    (r"mid_block\.resnets\.0", "mid.block_1"),
    (r"mid_block\.resnets\.1", "mid.block_2"),
    (r"mid_block\.attentions\.0", "mid.attn_1"),
    (r"group_norm", "norm"),
    (r"to_([qkv])\.", r"\1."),
    (r"to_out\.0", "proj_out"),
    (r"conv_shortcut", "nin_shortcut"),
]
_FIRST_NAMES = [(r"^(?!text_model)", "text_model.")]
_SECOND_NAMES = [
    (r"^text_model\.", ""),
    (r"^text_projection\.weight", "text_projection"),
    (r"^embeddings\.position_embedding\.weight", "positional_embedding"),
    (r"^embeddings\.token_embedding", "token_embedding"),
    (r"^final_layer_norm", "ln_final"),
    (r"^encoder\.layers", "transformer.resblocks"),
    (r"layer_norm1", "ln_1"),
    (r"layer_norm2", "ln_2"),
    (r"\.fc1\.", ".c_fc."),
    (r"\.fc2\.", ".c_proj."),
    (r"\.self_attn\.", ".attn."),
]
