"""Faults of the device that a model computes on."""

import torch

from actors.engine.memory import is_out_of_memory


def is_fault(error: BaseException) -> bool:
    """Returns whether an error is of the device, which then fails at everything else too."""
    if is_out_of_memory(error):
        return False
    return isinstance(error, torch.AcceleratorError) or "CUDA error" in str(error)
