"""Checks of a checkpoint's files before they are read as weights.

It reads names, sizes and headers only, and needs no torch, so that a checkpoint is refused
within a second.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from actors.engine.headers import Tensor
from actors.engine.refusal import CheckpointRefused
from actors.engine.vocabulary import check_tokenizer, read_json
from actors.engine.weights import read_tensors, variant_of

CHECKSUMS = "checksums.sha256"
MODELS = ("unet", "vae", "text_encoder", "text_encoder_2")
"""The parts of SDXL that have weights."""
_OPTIONAL = ("image_encoder",)
"""Parts with weights that are loaded if the checkpoint lists them."""
TOKENIZERS = {"tokenizer": "text_encoder", "tokenizer_2": "text_encoder_2"}
"""The tokenizers of SDXL, and the encoders that read their tokens."""
_SCHEDULER = "scheduler"


@dataclass(frozen=True, slots=True)
class Part:
    """A part with weights: its library and class, its configuration, and its tensors."""

    library: str
    kind: str
    config: Mapping[str, Any]
    tensors: Mapping[str, Tensor]


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A checkpoint in diffusers' layout, whose files were checked; `variant` may be empty."""

    folder: Path
    variant: str
    parts: Mapping[str, Part]


def check_folder(folder: Path) -> Checkpoint:
    """Checks that a checkpoint in diffusers' layout has all its parts, whole and safe to load.

    Its weights must be safetensors, since a pickle runs code while it is read; if the folder
    has a `checksums.sha256`, every file must match it. Raises CheckpointRefused otherwise, and
    names the file. Whether the tensors have the shapes of their configurations is checked by
    `actors.engine.shapes`.
    """
    if not (folder / "model_index.json").is_file():
        raise CheckpointRefused(
            f"{folder}: no model_index.json; IMGGEN_MODEL_PATH must name a folder in diffusers' "
            "layout, a file of safetensors, or a repository of the hub"
        )
    index = read_json(folder / "model_index.json")
    models = (*MODELS, *(part for part in _OPTIONAL if _is_listed(index, part)))
    kinds = {part: _kind(folder, index, part) for part in (*models, *TOKENIZERS, _SCHEDULER)}
    variant = variant_of(folder, models)
    parts = {
        part: Part(
            *kinds[part],
            read_json(folder / part / "config.json"),
            read_tensors(folder / part, variant),
        )
        for part in models
    }
    check_companions(folder, {part: found.config for part, found in parts.items()})
    if _is_listed(index, "feature_extractor"):
        read_json(folder / "feature_extractor" / "preprocessor_config.json")
    if (folder / CHECKSUMS).is_file():
        verify_checksums(folder)
    return Checkpoint(folder, variant, parts)


def check_companions(folder: Path, configs: Mapping[str, Mapping[str, Any]]) -> None:
    """Checks what belongs to the weights: tokenizers, scheduler, and that the parts fit.

    Takes the configurations of the parts with weights. Raises CheckpointRefused.
    """
    for tokenizer, encoder in TOKENIZERS.items():
        check_tokenizer(folder / tokenizer, int(configs[encoder].get("vocab_size", 0)))
    read_json(folder / _SCHEDULER / "scheduler_config.json")
    unet, encoders = configs["unet"], (configs["text_encoder"], configs["text_encoder_2"])
    width = sum(int(encoder.get("hidden_size", 0)) for encoder in encoders)
    pooled = int(encoders[1].get("projection_dim", 0))
    pooled += 6 * int(unet.get("addition_time_embed_dim") or 0)
    for key, expected, origin in (
        ("in_channels", configs["vae"].get("latent_channels"), "the VAE"),
        ("cross_attention_dim", width, "the text encoders"),
        ("projection_class_embeddings_input_dim", pooled, "text_encoder_2 and 6 sizes"),
    ):
        if unet.get(key) != expected:
            raise CheckpointRefused(
                f"{folder / 'unet' / 'config.json'}: {key} is {unet.get(key)}, and {origin} "
                f"of this checkpoint {'gives' if origin == 'the VAE' else 'give'} {expected}"
            )


def _is_listed(index: Mapping[str, Any], part: str) -> bool:
    match index.get(part):
        case [str(), str()]:
            return True
        case _:
            return False


def _kind(folder: Path, index: Mapping[str, Any], part: str) -> tuple[str, str]:
    """Returns the library and the class of a part."""
    if not _is_listed(index, part):
        raise CheckpointRefused(f"{folder / 'model_index.json'}: lists no {part}; SDXL needs one")
    if not (folder / part).is_dir():
        raise CheckpointRefused(f"{folder / part}: missing; model_index.json lists it")
    library, kind = index[part]
    return library, kind


def verify_checksums(folder: Path) -> None:
    """Compares a folder with its `checksums.sha256`; raises CheckpointRefused if they differ."""
    expected = _read_checksums(folder / CHECKSUMS)
    found = {
        path.relative_to(folder).as_posix(): path
        for path in sorted(folder.rglob("*"))
        if path.suffix in {".json", ".safetensors"}
    }
    differing = [
        name
        for name in sorted(expected.keys() | found.keys())
        if name not in expected or name not in found or _digest(found[name]) != expected[name]
    ]
    if differing:
        raise CheckpointRefused(
            f"{folder}: {', '.join(differing)}: not as in {CHECKSUMS}; restore the checkpoint"
        )


def verify_file(folder: Path, file: Path) -> None:
    """Compares one file with its folder's checksums; raises CheckpointRefused if it differs."""
    name = file.relative_to(folder).as_posix()
    if _read_checksums(folder / CHECKSUMS).get(name) != _digest(file):
        raise CheckpointRefused(f"{file}: not as in {CHECKSUMS}; restore the checkpoint")


def _read_checksums(file: Path) -> dict[str, str]:
    lines = (line.split(maxsplit=1) for line in file.read_text("utf-8").splitlines() if line)
    return {name.strip().lstrip("*"): digest for digest, name in lines}


def _digest(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
