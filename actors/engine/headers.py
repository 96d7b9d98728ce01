"""Headers of safetensors files: the names, types and shapes of tensors, without their numbers."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from actors.engine.refusal import CheckpointRefused

_LENGTH_BYTES = 8
_LONGEST = 100_000_000
"""The longest header that safetensors itself reads."""
_METADATA = "__metadata__"
_BYTES = {"F16": 2, "BF16": 2, "F32": 4, "F64": 8, "I64": 8, "I32": 4}
"""The types that a checkpoint may have; the integers are positions, never weights."""


@dataclass(frozen=True, slots=True)
class Tensor:
    """A tensor in a file: its type, by the name that safetensors gives it, and its shape."""

    dtype: str
    shape: tuple[int, ...]


def read_header(file: Path) -> dict[str, Tensor]:
    """Returns the tensors of a safetensors file by name.

    Raises CheckpointRefused for a file that is damaged or cut off, or holds types that are not
    a checkpoint's.
    """
    size, length, header = _read(file)
    try:
        entries = {name: entry for name, entry in header.items() if name != _METADATA}
        tensors = {
            name: Tensor(str(entry["dtype"]), tuple(map(int, entry["shape"])))
            for name, entry in entries.items()
        }
        end = max((int(entry["data_offsets"][1]) for entry in entries.values()), default=0)
    except (AttributeError, LookupError, TypeError, ValueError) as error:
        raise CheckpointRefused(f"{file}: its header is damaged ({error})") from error
    if size != _LENGTH_BYTES + length + end:
        raise CheckpointRefused(
            f"{file}: has {size} bytes, and its header says {_LENGTH_BYTES + length + end}; "
            "it is cut off or damaged"
        )
    _check_types(file, tensors, entries)
    return tensors


def read_metadata(file: Path) -> dict[str, str]:
    """Returns what a safetensors file says of itself; raises CheckpointRefused as `read_header`."""
    found = _read(file)[2].get(_METADATA) or {}
    if not isinstance(found, dict):
        raise CheckpointRefused(f"{file}: its header is damaged (its metadata are no object)")
    return {str(name): str(value) for name, value in found.items()}


def _read(file: Path) -> tuple[int, int, Mapping[str, Any]]:
    """Returns the size of a file, the length of its header, and the header."""
    size = file.stat().st_size
    with file.open("rb") as stream:
        length = int.from_bytes(stream.read(_LENGTH_BYTES), "little")
        if not 2 <= length <= min(size - _LENGTH_BYTES, _LONGEST):
            raise CheckpointRefused(f"{file}: its {size} bytes are no safetensors, or cut off")
        text = stream.read(length)
    try:
        header = json.loads(text)
    except (RecursionError, ValueError) as error:
        raise CheckpointRefused(f"{file}: its header is damaged ({error})") from error
    if not isinstance(header, dict):
        raise CheckpointRefused(f"{file}: its header is damaged (it is no object)")
    return size, length, header


def _check_types(
    file: Path, tensors: Mapping[str, Tensor], entries: Mapping[str, Mapping[str, Any]]
) -> None:
    for name, tensor in tensors.items():
        if tensor.dtype not in _BYTES:
            raise CheckpointRefused(
                f"{file}: {name} is {tensor.dtype}; weights must be F16, BF16 or F32"
            )
        start, end = entries[name]["data_offsets"]
        if end - start != math.prod(tensor.shape) * _BYTES[tensor.dtype]:
            raise CheckpointRefused(f"{file}: {name} has a shape that does not fit its bytes")
