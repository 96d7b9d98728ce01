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

from actors.engine.adapter_files import AdapterFiles, check_projection
from actors.engine.checkpoint import Checkpoint
from actors.engine.misfits import Shapes, misfits
from actors.engine.refusal import CheckpointRefused
from actors.engine.single import PREFIXES, SingleFile

_ORIGINAL_KINDS = {
    "unet": ("diffusers", "UNet2DConditionModel"),
    "vae": ("diffusers", "AutoencoderKL"),
    "text_encoder": ("transformers", "CLIPTextModel"),
    "text_encoder_2": ("transformers", "CLIPTextModelWithProjection"),
}
_ENCODER = "CLIPVisionModelWithProjection"
_OLD_NAMES = {".query.": ".to_q.", ".key.": ".to_k.", ".value.": ".to_v."} | {
    ".proj_attn.": ".to_out.0."
}
"""The names that diffusers gave to the VAE's attention before 0.17, and gives it now."""
_WRAPPED = "text_model."
"""The prefix of a CLIP text model's tensors in files; transformers 5.6 and later drop it."""
_CONSTANT = re.compile(r"(^|\.)position_ids$")
_OTHER_HALF = re.compile(r"^(vision_model|visual_projection|logit_scale)\b")
"""Tensors that transformers does not read for a text encoder: the rest of a whole CLIP."""


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


def check_adapter(adapter: AdapterFiles, unet: Any) -> None:
    """Compares the tensors of an adapter with its encoder and with a UNet, loaded or empty.

    Raises CheckpointRefused as `check_shapes` does.
    """
    encoder = adapter.encoder
    if not encoder.is_own:
        model = _empty(encoder.folder, "transformers", _ENCODER, encoder.config)
        found = {name: each.shape for name, each in encoder.tensors.items()}
        compare(encoder.folder, _shapes(model), found)
    check_projection(adapter, unet.config["cross_attention_dim"])
    wrong = misfits(_attention(unet), adapter.attention())
    if wrong:
        raise CheckpointRefused(f"{adapter.file}: does not fit the model's UNet: {wrong}")


def _attention(unet: Any) -> Shapes:
    """Returns the shapes of what an adapter adds to the cross-attention of a UNet.

    Diffusers 0.42 counts all attention, and begins at the first that is cross-attention.
    """
    shapes = {}
    for number, processor in enumerate(unet.attn_processors):
        attention = processor.removesuffix(".processor")
        if attention.endswith("attn2"):
            for name in ("to_k", "to_v"):
                weight = unet.get_submodule(f"{attention}.{name}").weight
                shapes[f"ip_adapter.{number}.{name}_ip.weight"] = tuple(weight.shape)
    return shapes


def empty_unet(model: Checkpoint | SingleFile) -> Any | None:
    """Returns the UNet of checked files, without weights; None where its shape is not known."""
    match model:
        case Checkpoint(folder=folder, parts=parts):
            unet = parts["unet"]
            return _empty(folder / "unet", unet.library, unet.kind, unet.config)
        case SingleFile(file=file, configs=configs) if configs is not None:
            return _empty(file, *_ORIGINAL_KINDS["unet"], configs["unet"])
        case _:
            return None


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
    wanted = _today(expected)
    given = {
        name: shape
        for name, shape in _today(found).items()
        if name in wanted or not _OTHER_HALF.search(name)
    }
    wrong = misfits(wanted, given)
    if wrong:
        raise CheckpointRefused(f"{where}: the weights do not fit config.json: {wrong}")


def _today(shapes: Shapes) -> Shapes:
    """Returns the tensors that are no constants, by their names of today."""
    return {_renamed(name): each for name, each in shapes.items() if not _CONSTANT.search(name)}


def _renamed(name: str) -> str:
    for old, new in _OLD_NAMES.items():
        name = name.replace(old, new)
    return name.removeprefix(_WRAPPED)
