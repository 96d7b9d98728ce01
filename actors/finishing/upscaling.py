"""The upscaler interface, the upscaler that changes nothing, and where one is needed."""

from typing import Protocol

from server.domain.models import Size

_BY_LANCZOS = 1.25
"""The most by which Lanczos enlarges a picture of a model that has an upscaler.

The network makes four times the width and takes seconds for a large picture; of a picture that is
nearly large enough most of that is thrown away.
"""


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


def lacks_pixels(picture: Size, display: Size) -> bool:
    """Returns whether a picture is too small to be enlarged to its display asset by Lanczos."""
    most = max(display.width / picture.width, display.height / picture.height)
    return most > _BY_LANCZOS
