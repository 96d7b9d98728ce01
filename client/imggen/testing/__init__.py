"""A fake of the whole service for callers' tests: in memory, on a real port."""

# Before anything else loads gRPC.
from imggen import loading as _loading  # noqa: F401
from imggen.testing.faults import Received
from imggen.testing.service import FakeService

__all__ = ["FakeService", "Received"]
