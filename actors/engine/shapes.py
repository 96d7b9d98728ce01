"""Tensors of a checkpoint against its configurations: names and shapes, no numbers are read."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import diffusers
import torch
import transformers
from accelerate import init_empty_weights
from diffusers.loaders import single_file_utils as originals

from actors.engine.checkpoint import Checkpoint
from actors.engine.refusal import CheckpointRefused
from actors.engine.single import PREFIXES, SingleFile

Shapes = Mapping[str, tuple[int, ...]]

_ORIGINAL_KINDS = {
    "unet": ("diffusers", "UNet2DConditionModel"),
    "vae": ("diffusers", "AutoencoderKL"),
    "text_encoder": ("transformers", "CLIPTextModel"),
    "text_encoder_2": ("transformers", "CLIPTextModelWithProjection"),
}
_NAMED = 3
"""The tensors that a message names; of a part of another model all are wrong."""
_OLD_NAMES = {".query.": ".to_q.", ".key.": ".to_k.", ".value.": ".to_v."} | {
    ".proj_attn.": ".to_out.0."
}
"""The names that diffusers gave to the VAE's attention before 0.17, and gives it now."""
_WRAPPED = "text_model."
"""The prefix of a CLIP text model's tensors in files; transformers 5.6 and later drop it."""
_UNUSED = re.compile(r"(^|\.)position_ids$|^(vision_model|visual_projection|logit_scale)\b")
"""Tensors that transformers does not read: constants, and the rest of a whole CLIP."""


def check_shapes(checkpoint: Checkpoint) -> None:
    """Compares the tensors of all parts with their configurations.

    Raises CheckpointRefused, with the part's folder and the first tensors, for one that is
    missing, has another shape, or is not in the model.
    """
    for name, part in checkpoint.parts.items():
        folder = checkpoint.folder / name
        model = _empty(folder, part.library, part.kind, part.config)
        compare(folder, _shapes(model), {key: each.shape for key, each in part.tensors.items()})


def check_single_file(single: SingleFile) -> None:
    """Compares the tensors of a single file with the configurations of its parts, if it has them.

    Raises CheckpointRefused as `check_shapes` does.
    """
    if single.configs is None:
        return
    tensors = {
        name: torch.empty(tensor.shape, device="meta") for name, tensor in single.tensors.items()
    }
    for part, (library, kind) in _ORIGINAL_KINDS.items():
        config = single.configs[part]
        model = _empty(single.file, library, kind, config)
        # Diffusers' own renaming; its calls are no public ones (diffusers 0.42).
        match part:
            case "unet":
                found = originals.convert_ldm_unet_checkpoint(tensors, config)
            case "vae":
                found = originals.convert_ldm_vae_checkpoint(tensors, config)
            case "text_encoder":
                found = originals.convert_ldm_clip_checkpoint(tensors)
            case _:
                found = originals.convert_open_clip_checkpoint(model, tensors, PREFIXES[part])
        where = Path(f"{single.file}: {part}")
        compare(where, _shapes(model), {key: tuple(each.shape) for key, each in found.items()})


def _empty(where: Path, library: str, kind: str, config: Mapping[str, Any]) -> Any:
    """Returns a model by its configuration, with weights that take no memory."""
    libraries = {"diffusers": diffusers, "transformers": transformers}
    known: Any = getattr(libraries.get(library), kind, None)
    if known is None:
        raise CheckpointRefused(
            f"{where}: model_index.json says {library}.{kind}, which is unknown"
        )
    try:
        with init_empty_weights():
            if library == "diffusers":
                return known.from_config(dict(config))
            return known(known.config_class.from_dict(dict(config)))
    except Exception as error:  # what a configuration can break is not a closed set
        raise CheckpointRefused(
            f"{where}: config.json makes no {kind} ({type(error).__name__}: {error})"
        ) from error


def _shapes(model: Any) -> Shapes:
    return {name: tuple(tensor.shape) for name, tensor in model.state_dict().items()}


def compare(where: Path, expected: Shapes, found: Shapes) -> None:
    """Compares the tensors of one part; raises CheckpointRefused if they differ."""
    wanted, given = _plain(expected), _plain(found)
    wrong = [
        f"{name} is {list(given[name])}, and must be {list(shape)}"
        for name, shape in wanted.items()
        if name in given and given[name] != shape
    ]
    wrong += [f"{name} is missing" for name in wanted if name not in given]
    wrong += [f"{name} is not in the model" for name in given if name not in wanted]
    if wrong:
        more = f" and {len(wrong) - _NAMED} more" if len(wrong) > _NAMED else ""
        raise CheckpointRefused(
            f"{where}: the weights do not fit config.json: {'; '.join(wrong[:_NAMED])}{more}"
        )


def _plain(shapes: Shapes) -> Shapes:
    """Returns the tensors that count, by their names of today."""
    return {_today(name): shape for name, shape in shapes.items() if not _UNUSED.search(name)}


def _today(name: str) -> str:
    for old, new in _OLD_NAMES.items():
        name = name.replace(old, new)
    return name.removeprefix(_WRAPPED)
