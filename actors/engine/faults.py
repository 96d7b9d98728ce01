"""Faults of the device that a model computes on."""

from typing import Self

import torch

from actors.engine.memory import is_out_of_memory
from server.errors import Unavailable


class DeviceBroken(Unavailable):
    """Raised for work on a device that can compute nothing more: its process must end."""

    @classmethod
    def by(cls, fault: BaseException) -> Self:
        """Returns what callers are told of a fault."""
        return cls(f"the device is broken ({fault}); the replica ends")


def is_fault(error: BaseException) -> bool:
    """Returns whether an error is of the device, which then fails at everything else too."""
    if is_out_of_memory(error):
        return False
    return isinstance(error, torch.AcceleratorError) or "CUDA error" in str(error)
