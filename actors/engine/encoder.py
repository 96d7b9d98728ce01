"""The image encoder of an adapter, loaded and tried on a small picture."""

from typing import Any

import torch
from PIL import Image
from transformers import CLIPImageProcessor, CLIPVisionModelWithProjection

from actors.engine.adapter_files import IMAGE_SIZE, ImageEncoder
from actors.engine.memory import is_out_of_memory
from actors.engine.projection import Kind
from actors.engine.refusal import CheckpointRefused

_SAMPLE = Image.new("RGB", (8, 8), "gray")
_CHANNELS = 3


def load_processor(encoder: ImageEncoder) -> Any:
    """Returns what makes pixels for an encoder: its preprocessor, or CLIP's at the encoder's size.

    Raises CheckpointRefused, and names the file, if the pixels of a small picture are not what the
    encoder reads.
    """
    kind: Any = CLIPImageProcessor
    is_given = encoder.preprocessor.is_file()
    file = encoder.preprocessor if is_given else encoder.folder / "config.json"
    side = encoder.config.get("image_size", IMAGE_SIZE)
    try:
        if is_given:
            processor = kind.from_pretrained(encoder.preprocessor.parent)
        else:
            processor = kind(size=side, crop_size=side)
        pixels = processor(_SAMPLE, return_tensors="pt").pixel_values
    except Exception as error:  # what a preprocessor's file can break is not a closed set
        raise CheckpointRefused(
            f"{file}: makes no pixels ({type(error).__name__}: {error})"
        ) from error
    expected = [1, encoder.config.get("num_channels", _CHANNELS), side, side]
    if list(pixels.shape) != expected:
        raise CheckpointRefused(
            f"{file}: makes pixels of {list(pixels.shape)}, and the image encoder reads {expected}"
        )
    if not pixels.isfinite().all():
        raise CheckpointRefused(f"{file}: makes pixels that are not finite")
    return processor


def load_encoder(encoder: ImageEncoder, pipeline: Any) -> Any:
    """Loads an encoder that is not the checkpoint's, onto a pipeline's device; blocks."""
    kind: Any = CLIPVisionModelWithProjection
    return kind.from_pretrained(
        encoder.folder,
        dtype=pipeline.unet.dtype,
        variant=encoder.variant or None,
        use_safetensors=True,
    ).to(pipeline.device)


@torch.no_grad()
def encode(pipeline: Any, kind: Kind, image: Image.Image) -> tuple[torch.Tensor, torch.Tensor]:
    """Returns the embeddings of a picture and of none, (D) or (tokens, D)."""
    is_hidden = kind is not Kind.BASE
    shown, nothing = pipeline.encode_image(image, pipeline.device, 1, is_hidden)
    return shown[0], nothing[0]


def embedding_of_nothing(pipeline: Any, kind: Kind, encoder: ImageEncoder) -> torch.Tensor:
    """Returns what a pipeline's encoder gives for no picture.

    Raises CheckpointRefused, and names the encoder's folder, if it cannot read a small picture, or
    if an embedding is not finite.
    """
    try:
        shown, nothing = encode(pipeline, kind, _SAMPLE)
    except Exception as error:  # what a configuration can break is not a closed set
        if is_out_of_memory(error):
            raise
        raise CheckpointRefused(
            f"{encoder.folder}: reads no picture ({type(error).__name__}: {error})"
        ) from error
    if not (kept(shown).isfinite().all() and nothing.isfinite().all()):
        raise CheckpointRefused(f"{encoder.folder}: its embeddings are not finite")
    return nothing


def kept(embedding: torch.Tensor) -> torch.Tensor:
    """Returns an embedding as it is kept: on the CPU, in half precision."""
    return embedding.to("cpu", torch.float16).contiguous()
