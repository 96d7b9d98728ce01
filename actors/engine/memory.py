"""The memory of the GPU that a model computes on."""

import torch


def memory_of(device: str) -> dict[str, int]:
    """Returns bytes of the GPU's memory by what holds them; empty for a model without a GPU.

    `allocated` is what tensors hold now, `peak` what they have held at most, `reserved` what
    torch keeps for them, and `total` what there is.
    """
    if device == "cpu" or not torch.cuda.is_available():
        return {}
    return {
        "allocated": torch.cuda.memory_allocated(),
        "peak": torch.cuda.max_memory_allocated(),
        "reserved": torch.cuda.memory_reserved(),
        "total": torch.cuda.get_device_properties(torch.cuda.current_device()).total_memory,
    }
