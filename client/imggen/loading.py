"""Loads gRPC so that it leaves forked processes alone, which it decides as it is loaded.

Its own handlers of a fork restart its threads in the child, which then crash in the calls of the
parent (1.80, 1.85). `imggen.forks` does instead what a client needs. Who sets the variable
decides; so does who loads gRPC earlier. The client's modules import gRPC from here.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

_SUPPORT = "GRPC_ENABLE_FORK_SUPPORT"
_NO = ("0", "f", "false", "n", "no")


@contextmanager
def _deciding() -> Iterator[bool]:
    """Yields whether gRPC handles forks; sets the variable only meanwhile, for no other process."""
    given = os.environ.get(_SUPPORT)
    if given is not None or "grpc" in sys.modules:
        yield given is None or given.strip().lower() not in _NO
        return
    os.environ[_SUPPORT] = "0"
    try:
        yield False
    finally:
        os.environ.pop(_SUPPORT, None)


with _deciding() as _handles:
    import grpc
    import grpc.aio

HANDLES_FORKS = _handles
"""Whether gRPC itself handles forks."""

__all__ = ["HANDLES_FORKS", "grpc"]
