"""A fake of the whole service for callers' tests: in memory, on a real port."""

from imggen.testing.faults import Received
from imggen.testing.service import FakeService

__all__ = ["FakeService", "Received"]
