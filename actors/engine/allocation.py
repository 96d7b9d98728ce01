"""What a process keeps of the memory that it has freed."""

import ctypes

_KEPT_BYTES = 128 * 1024 * 1024
_LARGEST_BYTES = 32 * 1024 * 1024  # more is not possible
# The options of `mallopt`, by glibc's malloc.h.
_OPTIONS = {-1: _KEPT_BYTES, -3: _LARGEST_BYTES, -8: 1}  # trim and mmap threshold, arenas


def keep_freed_memory() -> bool:
    """Lets the process keep freed memory for its next picture; returns whether it does.

    glibc gives the blocks of a picture back to the system, and each of its threads has memory of
    its own, so that finishing every picture began with 8,000 page faults. Up to 128 MiB are kept,
    for all threads. Other C libraries are left as they are.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    return mallopt is not None and all(mallopt(*option) == 1 for option in _OPTIONS.items())
