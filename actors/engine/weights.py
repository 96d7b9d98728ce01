"""Files of weights in a folder of diffusers' layout: one, or shards with an index, by variant."""

import json
from collections.abc import Mapping
from pathlib import Path

from actors.engine.headers import Tensor, read_header
from actors.engine.refusal import CheckpointRefused

_STEMS = ("diffusion_pytorch_model", "model")
"""What diffusers and transformers name the files of weights."""
_SUFFIX, _INDEX = ".safetensors", ".safetensors.index"
PLAIN = ""
"""The variant of files whose names have none."""


def variant_of(folder: Path, parts: tuple[str, ...]) -> str:
    """Returns the variant by which each of the parts has weights, or plain ones.

    Raises CheckpointRefused for a part without weights that are safetensors.
    """
    found = {part: _variants(folder / part) for part in parts}
    if all(PLAIN in variants for variants in found.values()):
        return PLAIN
    # The usual name first.
    for variant in sorted(set().union(*found.values()), key=lambda name: (name != "fp16", name)):
        if all({variant, PLAIN} & variants for variants in found.values()):
            return variant
    told = ", ".join(f"{part}: {' and '.join(sorted(names))}" for part, names in found.items())
    raise CheckpointRefused(f"{folder}: its parts have no variant in common ({told})")


def read_tensors(part: Path, variant: str) -> dict[str, Tensor]:
    """Returns the tensors of a part, of its plain files where it has none of the variant.

    Raises CheckpointRefused for a file that is missing, cut off or damaged.
    """
    chosen = variant if variant in _variants(part) else PLAIN
    dotted = f".{chosen}" if chosen else ""
    tensors: dict[str, Tensor] = {}
    for stem in _STEMS:
        one = part / f"{stem}{dotted}{_SUFFIX}"
        if one.is_file():
            tensors |= read_header(one)
        index = part / f"{stem}{_INDEX}{dotted}.json"
        if index.is_file():
            tensors |= _read_shards(index)
    return tensors


def _variants(part: Path) -> set[str]:
    """Returns the variants of a part's weights, of which there is one at least."""
    names = [path.name for path in part.glob("*") if path.is_file()]
    found = {variant for name in names if (variant := _variant(name)) is not None}
    if not found:
        others = sorted(name for name in names if not name.endswith(".json"))
        raise CheckpointRefused(
            f"{part}: weights must be safetensors, found {', '.join(others) or 'none'}; "
            "convert them once with save_pretrained(safe_serialization=True)"
        )
    return found


def _variant(name: str) -> str | None:
    """Returns the variant in the name of a file or an index of weights; None for other files."""
    for stem in _STEMS:
        for suffix in (_SUFFIX, f"{_INDEX}.json"):
            if name == stem + suffix:
                return PLAIN
        if name.startswith(f"{stem}{_INDEX}.") and name.endswith(".json"):
            return name.removeprefix(f"{stem}{_INDEX}.").removesuffix(".json")
        if name.startswith(f"{stem}.") and name.endswith(_SUFFIX) and "-of-" not in name:
            return name.removeprefix(f"{stem}.").removesuffix(_SUFFIX)
    return None


def _read_shards(index: Path) -> dict[str, Tensor]:
    try:
        places: Mapping[str, str] = json.loads(index.read_text("utf-8"))["weight_map"]
        names = sorted(set(places.values()))
    except (AttributeError, LookupError, TypeError, ValueError) as error:
        raise CheckpointRefused(f"{index}: is damaged ({error})") from error
    tensors: dict[str, Tensor] = {}
    for name in names:
        shard = index.parent / name
        if not shard.is_file():
            raise CheckpointRefused(f"{shard}: missing; {index.name} names it")
        tensors |= read_header(shard)
    lost = sorted(places.keys() - tensors.keys())
    if lost:
        raise CheckpointRefused(
            f"{index.parent / places[lost[0]]}: lacks {lost[0]}, which {index.name} names"
        )
    return tensors
