"""The upscaler interface, and the upscaler that changes nothing."""

from typing import Protocol


class Upscaler(Protocol):
    """Makes pictures larger."""

    async def upscale(self, png: bytes) -> bytes:
        """Returns a PNG at a multiple of its size; unchanged without a model."""
        ...


class NoUpscaler:
    """Leaves pictures unchanged, so that finishing enlarges them by Lanczos."""

    async def upscale(self, png: bytes) -> bytes:
        """Returns the picture unchanged."""
        return png
