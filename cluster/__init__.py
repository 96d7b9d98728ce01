"""How imggen runs somewhere: embedded on one machine, or on a Ray cluster."""

import os

# gRPC reads this while it is imported, so it cannot wait for `main` (1.85). Every fork here is
# followed by an exec; without this gRPC tells the terminal that it skipped its fork handlers.
os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "0")
