"""Has gRPC leave forked processes alone, which it decides as it is loaded.

Its own handlers of a fork restart its threads in the child, which then crash in the calls of the
parent (1.80, 1.85). `imggen.forks` does instead what a client needs. Who sets the variable
decides; so does who loads gRPC earlier.
"""

import os

_SUPPORT = "GRPC_ENABLE_FORK_SUPPORT"


class _Loading:
    """The variable that gRPC reads, from the import of this package to the first channel."""

    def __init__(self) -> None:
        self._ours = _SUPPORT not in os.environ
        os.environ.setdefault(_SUPPORT, "0")

    def done(self) -> None:
        """Takes the variable back, since no other process is meant."""
        if self._ours:
            self._ours = False
            os.environ.pop(_SUPPORT, None)


LOADING = _Loading()
