"""gRPC, loaded so that it leaves forked processes alone.

Its own handlers of a fork restart its threads in the child, which then crash in the calls of the
parent (1.85). `imggen.forks` does instead what a client needs. Who sets the variable decides.
"""

import os

_SUPPORT = "GRPC_ENABLE_FORK_SUPPORT"

_chosen = os.environ.get(_SUPPORT)
os.environ.setdefault(_SUPPORT, "0")
try:
    import grpc as grpc
    import grpc.aio

    # Its core reads the environment at the first use.
    grpc.insecure_channel("unix:/").close()
finally:
    # No other process is meant.
    if _chosen is None:
        del os.environ[_SUPPORT]
