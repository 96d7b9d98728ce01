"""What a scheduler remembers of its steps, as plain values and tensors.

Schedulers keep it in attributes of their own: Euler a number, DPM++ 2M its last predictions.
"""

from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

import torch

Packed: TypeAlias = dict[str, Any]
"""A value as JSON holds it; a tensor is a number among those beside it."""


class NotPlain(ValueError):
    """Raised for a scheduler that remembers something else than numbers, texts and tensors."""


def remembered(scheduler: Any) -> dict[str, Any]:
    """Returns the attributes of a scheduler as they are now, whatever its steps change later."""
    return {
        name: list(value) if isinstance(value, list) else value
        for name, value in vars(scheduler).items()
    }


def pack(
    scheduler: Any, before: Mapping[str, Any], device: torch.device
) -> tuple[dict[str, Packed], list[torch.Tensor]]:
    """Returns what steps have changed since `before`, and the tensors of it.

    `device` is that of the model: tensors on it go to that of another model. Raises NotPlain.
    """
    tensors: list[torch.Tensor] = []
    changed = {
        name: _packed(value, tensors, device)
        for name, value in vars(scheduler).items()
        if name not in before or not _same(value, before[name])
    }
    return changed, tensors


def unpack(
    scheduler: Any,
    changed: Mapping[str, Packed],
    tensors: Iterator[torch.Tensor],
    device: torch.device,
) -> dict[str, Any]:
    """Returns the attributes that `pack` has packed; the scheduler itself stays as it is.

    Raises LookupError, TypeError or ValueError for what no scheduler of its class remembers.
    """
    if not isinstance(changed, dict):
        raise TypeError(f"a {type(changed).__name__} is no memory of a scheduler")
    for name in changed:
        if not name.isidentifier() or hasattr(type(scheduler), name):
            raise ValueError(f"{name[:40]!r} is no memory of a {type(scheduler).__name__}")
    return {name: _unpacked(value, tensors, device) for name, value in changed.items()}


def _same(value: Any, before: Any) -> bool:
    if isinstance(value, list) and isinstance(before, list):
        return len(value) == len(before) and all(map(_same, value, before))
    if isinstance(value, bool | int | float | str):
        return type(value) is type(before) and bool(value == before)
    return value is before


def _packed(value: Any, tensors: list[torch.Tensor], device: torch.device) -> Packed:
    match value:
        case None | bool() | int() | float() | str():
            return {"plain": value}
        case torch.Tensor():
            tensors.append(value)
            return {"tensor": "model" if value.device == device else "cpu"}
        case list():
            return {"list": [_packed(each, tensors, device) for each in value]}
        case _:
            raise NotPlain(f"it remembers a {type(value).__name__}")


def _unpacked(value: Packed, tensors: Iterator[torch.Tensor], device: torch.device) -> Any:
    match value:
        case {"plain": None | bool() | int() | float() | str() as plain}:
            return plain
        case {"tensor": ("model" | "cpu") as where}:
            tensor = next(tensors, None)
            if tensor is None:
                raise LookupError("a tensor is missing")
            return tensor.to(device if where == "model" else "cpu")
        case {"list": list() as values}:
            return [_unpacked(each, tensors, device) for each in values]
        case _:
            raise ValueError("it holds a value of no known kind")
