"""Tensors of a checkpoint against its configurations: names and shapes, no numbers are read."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import diffusers
import transformers
from accelerate import init_empty_weights

from actors.engine.checkpoint import Checkpoint, Part
from actors.engine.refusal import CheckpointRefused

Shapes = Mapping[str, tuple[int, ...]]

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
        found = {key: tensor.shape for key, tensor in part.tensors.items()}
        compare(folder, expected_shapes(folder, part), found)


def expected_shapes(folder: Path, part: Part) -> Shapes:
    """Returns the tensors that a part has by its configuration; nothing is allocated."""
    library = {"diffusers": diffusers, "transformers": transformers}.get(part.library)
    kind: Any = getattr(library, part.kind, None)
    if kind is None:
        raise CheckpointRefused(
            f"{folder}: model_index.json says {part.library}.{part.kind}, which is unknown here"
        )
    try:
        with init_empty_weights():
            if part.library == "diffusers":
                model = kind.from_config(dict(part.config))
            else:
                model = kind(kind.config_class.from_dict(dict(part.config)))
    except Exception as error:  # what a configuration can break is not a closed set
        raise CheckpointRefused(
            f"{folder / 'config.json'}: makes no {part.kind} ({type(error).__name__}: {error})"
        ) from error
    return {name: tuple(tensor.shape) for name, tensor in model.state_dict().items()}


def compare(where: Path, expected: Shapes, found: Shapes) -> None:
    """Compares the tensors of one part; raises CheckpointRefused if they differ."""
    wanted = {_plain(name): shape for name, shape in expected.items()}
    given = {_plain(name): shape for name, shape in found.items() if not _UNUSED.search(name)}
    wrong = [
        f"{name} is {list(given[name])}, and must be {list(shape)}"
        for name, shape in wanted.items()
        if name in given and given[name] != shape
    ]
    wrong += [f"{name} is missing" for name in wanted if name not in given and not _is_unused(name)]
    wrong += [f"{name} is not in the model" for name in given if name not in wanted]
    if wrong:
        more = f" and {len(wrong) - _NAMED} more" if len(wrong) > _NAMED else ""
        raise CheckpointRefused(
            f"{where}: the weights do not fit config.json: {'; '.join(wrong[:_NAMED])}{more}"
        )


def _is_unused(name: str) -> bool:
    return bool(_UNUSED.search(name))


def _plain(name: str) -> str:
    for old, new in _OLD_NAMES.items():
        name = name.replace(old, new)
    return name.removeprefix(_WRAPPED)
