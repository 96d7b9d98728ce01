"""The memory that a model computes in: what holds it, and where there is no more."""

import torch

_NO_MEMORY = (
    "can't allocate memory",
    "not enough memory",
    "out of memory",
    "ALLOC_FAILED",
    "ALLOCATION_FAILED",
    "MemoryError",
)
"""What torch 2.14 says without `OutOfMemoryError`: on a CPU, from within cuBLAS, and cuDNN of
version 8 and 9; and what its compiler says, which names the error that it met."""


def is_out_of_memory(error: BaseException) -> bool:
    """Returns whether memory has run out, which ends neither the device nor the process."""
    if isinstance(error, torch.OutOfMemoryError | MemoryError):
        return True
    return isinstance(error, RuntimeError) and any(words in str(error) for words in _NO_MEMORY)


class UnlessOutOfMemory:
    """Ends its block quietly where memory runs out in it; other errors are raised."""

    def __enter__(self) -> None:
        """Begins the block."""

    def __exit__(self, _: object, error: BaseException | None, __: object) -> bool:
        """Ends it; returns whether its error was that of memory."""
        return error is not None and is_out_of_memory(error)


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
