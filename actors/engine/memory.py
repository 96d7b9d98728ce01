"""The memory that a model computes in: what holds it, and where there is no more."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch

_NO_MEMORY = ("can't allocate memory", "out of memory", "ALLOC_FAILED")
"""What torch 2.14 says without `OutOfMemoryError`: on a CPU, and from within cuDNN and cuBLAS."""


def is_out_of_memory(error: BaseException) -> bool:
    """Returns whether memory has run out, which ends neither the device nor the process."""
    if isinstance(error, torch.OutOfMemoryError | MemoryError):
        return True
    return isinstance(error, RuntimeError) and any(words in str(error) for words in _NO_MEMORY)


@contextmanager
def unless_out_of_memory() -> Iterator[None]:
    """Ends its block quietly where memory runs out in it; other errors are raised."""
    try:
        yield
    except Exception as error:
        if not is_out_of_memory(error):
            raise


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
