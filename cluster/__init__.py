"""Ways to run imggen: embedded on one machine, or on a Ray cluster."""

import os

# gRPC 1.85 reads this on import, so `main` is too late. Every fork here is followed by an exec;
# without this, gRPC prints that it skipped its fork handlers.
os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "0")
