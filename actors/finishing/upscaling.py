"""What makes a picture larger: the seam, and the one that leaves it to the finishing."""

from typing import Protocol


class Upscaler(Protocol):
    """Makes pictures larger."""

    async def upscale(self, png: bytes) -> bytes:
        """Returns a picture, a PNG, at a multiple of its size; as it is where there is no model."""
        ...


class NoUpscaler:
    """Leaves pictures as they are: the finishing then enlarges them by Lanczos."""

    async def upscale(self, png: bytes) -> bytes:
        """Returns the picture as it is."""
        return png
