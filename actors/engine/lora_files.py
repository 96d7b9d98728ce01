"""The files of LoRA adapters: found by name, and matched to a model's layers by their headers."""

import hashlib
import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from diffusers import StableDiffusionXLPipeline
from diffusers.utils import convert_state_dict_to_peft, convert_unet_state_dict_to_peft
from diffusers.utils.state_dict_utils import StateDictType
from safetensors import SafetensorError
from safetensors.torch import load

from actors.engine.headers import read_header, read_metadata
from actors.engine.refusal import CheckpointRefused
from actors.engine.render import LoraRefused, LoraReplaced

Shape = tuple[int, ...]
_NAME = re.compile(r"\w[\w .+()-]*\.safetensors")
_KOHYA = re.compile(r"(lora_(?:unet|te|te1|te2)_[^.]+)\.(lora_down\.weight|lora_up\.weight|alpha)")
_TENSOR = re.compile(r"(.+)\.lora_([AB])\.weight")
_METADATA = "lora_adapter_metadata"
"""Where diffusers writes peft's configuration of an adapter, as JSON."""
_PATTERN = re.compile(r"\^?([\w.]+)")
"""The names of layers in that configuration: peft takes any regular expression, which may hang."""
_TEXTS = (StateDictType.DIFFUSERS_OLD, StateDictType.DIFFUSERS)


@dataclass(frozen=True, slots=True)
class Layer:
    """A layer of a pipeline: the part that has it, `unet` or a text encoder, and its name there."""

    part: str
    name: str


Layers = Mapping[Layer, Shape]
"""The shapes of the weights that an adapter may change."""


@dataclass(frozen=True, slots=True)
class Change:
    """What an adapter adds to a weight: `scale` times the product of two tensors, by their keys.

    With an `alpha`, the key of a number, the scale is that number for each rank.
    """

    up: str
    down: str
    alpha: str | None
    scale: float = 1.0

    def of(self, tensors: Mapping[str, torch.Tensor], like: torch.Tensor) -> torch.Tensor:
        """Returns what is added to a weight (out, ...), as a matrix of `out` rows."""
        up, down = (tensors[key].to(like) for key in (self.up, self.down))
        scale = float(tensors[self.alpha]) / len(down) if self.alpha else self.scale
        return scale * (up.flatten(1) @ down.flatten(1))


@dataclass(frozen=True, slots=True)
class LoraFile:
    """An adapter all of whose tensors fit layers of the model, by its header."""

    path: Path
    changes: Mapping[Layer, Change]

    def read(self, checksum: str) -> dict[str, torch.Tensor]:
        """Returns its tensors.

        Raises LoraReplaced for another file than that of the checksum, and LoraRefused for one
        that is damaged.
        """
        try:
            # Not mapped into memory: a file that is cut off meanwhile would end the process.
            data = self.path.read_bytes()
            if hashlib.sha256(data).hexdigest() != checksum:
                raise LoraReplaced(f"lora: {self.path.name} was replaced while it was read")
            return load(data)
        except (OSError, SafetensorError) as error:
            raise LoraRefused(f"lora: {self.path.name} is damaged ({error})") from error


def find_lora(folder: Path | None, name: str) -> Path:
    """Returns the file of an adapter; raises LoraRefused where there is none of that name."""
    if folder is None:
        raise LoraRefused(f'lora: "{name}" is in no folder; IMGGEN_LORAS must name one')
    if not _NAME.fullmatch(name):
        raise LoraRefused(
            f'lora: "{name}" is not the name of a file; use one like "watercolor.safetensors"'
        )
    file = folder / name
    if not file.is_file():
        raise LoraRefused(f'lora: "{name}" is missing in the folder of IMGGEN_LORAS')
    return file


def read_lora(file: Path, layers: Layers, unet_config: Any) -> LoraFile:
    """Matches the tensors of a file to layers, by its header.

    Raises LoraRefused for a file that is cut off or damaged, or has a tensor that fits no layer.
    """
    try:
        shapes = {name: tensor.shape for name, tensor in read_header(file).items()}
        configured = json.loads(read_metadata(file).get(_METADATA, "{}"))
    except (CheckpointRefused, OSError, RecursionError, ValueError) as error:
        raise LoraRefused(f"lora: {str(error).replace(str(file), file.name)}") from error
    pairs = {
        layer: pair
        for layer, pair in _pairs(shapes, layers, unet_config).items()
        if _fits(pair, shapes, layers[layer])
    }
    matched = {key for pair in pairs.values() for key in (pair.up, pair.down, pair.alpha) if key}
    other = [key for key in shapes if key not in matched]
    if other or not pairs:
        raise LoraRefused(
            f"lora: {file.name} is no adapter of this model: {len(matched)} of {len(shapes)} keys "
            f"match{f'; {other[0]} does not' if other else ''}"
        )
    try:
        scales = {
            layer: _scale(configured, layer, shapes[it.down][0]) for layer, it in pairs.items()
        }
    except (AttributeError, TypeError, ValueError) as error:
        raise LoraRefused(f"lora: {file.name}: its metadata are damaged ({error})") from error
    return LoraFile(file, {layer: replace(it, scale=scales[layer]) for layer, it in pairs.items()})


def _pairs(shapes: Mapping[str, Shape], layers: Layers, config: Any) -> dict[Layer, Change]:
    """Returns the pairs of tensors that are named for layers; of two for one layer, the first."""
    found: dict[Layer, dict[str, str]] = {}
    for key, name in _renamed(shapes, config):
        part, _, rest = name.partition(".")
        if match := _TENSOR.fullmatch(_in_peft(part, rest)):
            # Transformers 5.6 and later have the layers of a text encoder without this prefix.
            names = (match[1], match[1].removeprefix("text_model."))
            if layer := next((it for each in names if (it := Layer(part, each)) in layers), None):
                found.setdefault(layer, {}).setdefault(match[2], key)
    pairs = {}
    for layer, sides in found.items():
        if sides.keys() == {"A", "B"}:
            kohya = _KOHYA.fullmatch(sides["A"])
            alpha = f"{kohya[1]}.alpha" if kohya else ""
            pairs[layer] = Change(sides["B"], sides["A"], alpha if alpha in shapes else None)
    return pairs


def _renamed(shapes: Mapping[str, Shape], config: Any) -> Iterator[tuple[str, str]]:
    """Yields the tensors of a file with their names in diffusers' layout, where they have one."""
    groups: dict[str, list[str]] = {}
    for key in shapes:
        kohya = _KOHYA.fullmatch(key)
        if kohya is None:
            yield key, key
        elif kohya[2] != "alpha":
            groups.setdefault(kohya[1], []).append(key)
    for keys in groups.values():
        yield from _from_kohya(keys, config)


def _from_kohya(keys: Sequence[str], config: Any) -> Iterator[tuple[str, str]]:
    # Diffusers renames tensors, and raises for the first that is none of the model's: so each
    # layer by itself, and each tensor is known again by what it is.
    tensors = {key: torch.empty(0, device="meta") for key in keys}
    load: Any = StableDiffusionXLPipeline.lora_state_dict
    try:
        renamed, _ = load(dict(tensors), unet_config=config)
    except (LookupError, TypeError, ValueError):
        return
    keys_of = {id(tensor): key for key, tensor in tensors.items()}
    for name, tensor in renamed.items():
        yield keys_of[id(tensor)], name


def _in_peft(part: str, name: str) -> str:
    """Returns the name of a tensor in peft's layout, of one in any that diffusers reads."""
    named: dict[str, None] = {name: None}
    if part == "unet":
        named = convert_unet_state_dict_to_peft(named)
    else:
        for kind in _TEXTS:
            named = convert_state_dict_to_peft(named, original_type=kind)
    return next(iter(named))


def _fits(pair: Change, shapes: Mapping[str, Shape], weight: Shape) -> bool:
    """Whether the product of a pair has the shape of a weight, of a linear or a convolution."""
    out, *rest = weight
    down, up = shapes[pair.down], shapes[pair.up]
    alpha = shapes[pair.alpha] if pair.alpha else ()
    rank = down[0] if down else 0
    flat = (1,) * (len(weight) - 2)
    return rank > 0 and down == (rank, *rest) and up == (out, rank, *flat) and math.prod(alpha) == 1


def _scale(configured: Mapping[str, Any], layer: Layer, rank: int) -> float:
    """Returns the scale of a change as peft has it, where its configuration is in the file."""
    alpha = configured.get(f"{layer.part}.lora_alpha")
    if alpha is None:
        return 1.0
    for pattern, special in (configured.get(f"{layer.part}.alpha_pattern") or {}).items():
        named = _PATTERN.fullmatch(pattern)
        if named is None:
            raise ValueError(f"alpha_pattern {pattern!r} names no layer")
        if f".{layer.name}".endswith(f".{named[1]}"):
            alpha = special
            break
    is_stable = configured.get(f"{layer.part}.use_rslora")
    return float(alpha) / (math.sqrt(rank) if is_stable else rank)
