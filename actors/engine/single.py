"""A checkpoint in SDXL's original layout: one file with the weights of all parts."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from actors.engine.checkpoint import MODELS, check_companions
from actors.engine.headers import Tensor, read_header
from actors.engine.refusal import CheckpointRefused
from actors.engine.vocabulary import read_json

PREFIXES = MappingProxyType(
    {
        "unet": "model.diffusion_model.",
        "vae": "first_stage_model.",
        "text_encoder": "conditioner.embedders.0.transformer.",
        "text_encoder_2": "conditioner.embedders.1.model.",
    }
)
"""What the names of a part's tensors begin with."""


@dataclass(frozen=True, slots=True)
class SingleFile:
    """A single file that was checked.

    `configs` are the configurations of its parts, which the file itself lacks; None where they
    come from the hub.
    """

    file: Path
    configs: Mapping[str, Mapping[str, Any]] | None
    tensors: Mapping[str, Tensor]


def check_file(file: Path, configs: Path | None) -> SingleFile:
    """Checks that a single file is whole and has all parts of SDXL, and reads its configurations.

    `configs` is a folder in diffusers' layout with configurations and tokenizers; None leaves
    them unchecked. Raises CheckpointRefused.
    """
    if not file.is_file():
        raise CheckpointRefused(f"{file}: missing; IMGGEN_MODEL_PATH names it")
    if file.suffix != ".safetensors":
        raise CheckpointRefused(f"{file}: weights must be safetensors; convert them once")
    tensors = read_header(file)
    for part, prefix in PREFIXES.items():
        if not any(name.startswith(prefix) for name in tensors):
            raise CheckpointRefused(
                f"{file}: has no {part} ({prefix}*); it must have all parts of SDXL"
            )
    if configs is None:
        return SingleFile(file, None, tensors)
    read_json(configs / "model_index.json")
    found = {part: read_json(configs / part / "config.json") for part in MODELS}
    check_companions(configs, found)
    return SingleFile(file, found, tensors)
