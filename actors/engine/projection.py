"""The projection of an IP-Adapter, which turns embeddings into tokens: its kinds and shapes."""

from collections.abc import Collection, Iterator
from enum import StrEnum
from pathlib import Path

from actors.engine.misfits import Shapes
from actors.engine.refusal import CheckpointRefused

PREFIX = "image_proj."
"""What the names of its tensors begin with."""
_TOKENS = 4
"""The tokens that a base adapter makes of an embedding."""
_LAYERS, _HEAD, _GROWTH = 4, 64, 4
"""The resampler that diffusers 0.42 builds for a plus adapter: its layers, the width of a head,
and how much wider than a layer its feed-forward part is."""
_KEYS = {"proj.weight": "base", "proj.3.weight": "full", "latents": "plus"}

Named = Iterator[tuple[str, tuple[int, ...]]]


class Kind(StrEnum):
    """What an adapter reads of a picture.

    BASE reads the encoder's pooled output; FULL its hidden states, one token for each; PLUS
    resamples the hidden states.
    """

    BASE = "base"
    FULL = "full"
    PLUS = "plus"


def kind_of(file: Path, names: Collection[str]) -> Kind:
    """Returns the kind of an adapter by the names of its tensors; raises CheckpointRefused."""
    parts = {name.removeprefix(PREFIX) for name in names if name.startswith(PREFIX)}
    if not parts:
        raise CheckpointRefused(f"{file}: is no IP-Adapter: it has no {PREFIX}*")
    is_face = "proj.2.weight" in parts and "proj.3.weight" not in parts
    if is_face or any("_lora." in name for name in names):
        raise CheckpointRefused(
            f"{file}: is a FaceID adapter, which reads faces by another encoder; use one that "
            "reads CLIP's embeddings: base, full-face or plus"
        )
    for key, kind in _KEYS.items():
        if key in parts:
            return Kind(kind)
    raise CheckpointRefused(
        f"{file}: is of an unknown kind ({PREFIX}{min(parts)}); use a base, full-face or plus "
        "adapter"
    )


def shapes_of(kind: Kind, found: Shapes, reads: int, writes: int) -> Shapes:
    """Returns the shapes of a projection from `reads` numbers to tokens of `writes`.

    A resampler's own width, tokens and heads are free: they are as found.
    """
    match kind:
        case Kind.BASE:
            named = _base(reads, writes)
        case Kind.FULL:
            named = _full(reads, writes)
        case Kind.PLUS:
            named = _plus(found, reads, writes)
    return {f"{PREFIX}{name}": shape for name, shape in named}


def _base(reads: int, writes: int) -> Named:
    yield from _linear("proj", _TOKENS * writes, reads)
    yield from _pair("norm", writes)


def _full(reads: int, writes: int) -> Named:
    yield from _linear("proj.0", reads, reads)
    yield from _linear("proj.2", writes, reads)
    yield from _pair("proj.3", writes)


def _plus(found: Shapes, reads: int, writes: int) -> Named:
    latents = found[f"{PREFIX}latents"]
    tokens, width = latents[1:] if len(latents) == 3 else (1, 1)
    query = found.get(f"{PREFIX}layers.0.0.to_q.weight", (_HEAD,))
    heads = max(query[0] // _HEAD, 1) * _HEAD
    yield "latents", (1, tokens, width)
    yield from _linear("proj_in", width, reads)
    yield from _linear("proj_out", writes, width)
    yield from _pair("norm_out", writes)
    for layer in range(_LAYERS):
        attention, forward = f"layers.{layer}.0", f"layers.{layer}.1"
        yield from _pair(f"{attention}.norm1", width)
        yield from _pair(f"{attention}.norm2", width)
        yield f"{attention}.to_q.weight", (heads, width)
        yield f"{attention}.to_kv.weight", (2 * heads, width)
        yield f"{attention}.to_out.weight", (width, heads)
        yield from _pair(f"{forward}.0", width)
        yield f"{forward}.1.weight", (_GROWTH * width, width)
        yield f"{forward}.3.weight", (width, _GROWTH * width)


def _linear(name: str, rows: int, columns: int) -> Named:
    yield f"{name}.weight", (rows, columns)
    yield f"{name}.bias", (rows,)


def _pair(name: str, width: int) -> Named:
    yield f"{name}.weight", (width,)
    yield f"{name}.bias", (width,)
