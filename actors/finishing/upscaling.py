"""The upscaler interface, and the upscaler that changes nothing."""

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from server.domain.models import Size
from server.domain.upscales import Upscaling, enlargement


@dataclass(frozen=True, slots=True)
class Tiles:
    """How many tiles of a picture are enlarged, of how many in all."""

    done: int
    of: int


@dataclass(frozen=True, slots=True)
class Enlarged:
    """An enlarged picture, and how it was made."""

    png: bytes
    tile: int
    """The side of the network's tiles in pixels; 0 where Lanczos has enlarged the picture."""
    ran_out_at: tuple[int, ...] = ()
    """The sides of tiles at which memory ran out before, from large to small."""

    @property
    def upscaling(self) -> Upscaling:
        """How it was made, for its caller."""
        return Upscaling(self.tile, self.ran_out_at)


Told: TypeAlias = Callable[[int, int], None]
"""Takes how many tiles are done, and of how many."""


class Upscaler(Protocol):
    """Makes pictures larger."""

    def stream(self, png: bytes, to: Size | None = None) -> AsyncGenerator[Tiles | Enlarged]:
        """Enlarges a picture to its multiple, or so often that it reaches a size.

        Yields its tiles as they are done, at last the enlarged picture; nothing without a model.
        Closing the generator stops it after the tile that it works at.
        """
        ...


class NoUpscaler:
    """Leaves pictures unchanged, so that finishing enlarges them by Lanczos."""

    async def stream(self, png: bytes, to: Size | None = None) -> AsyncGenerator[Tiles | Enlarged]:
        """Yields nothing."""
        nothing: tuple[Tiles | Enlarged, ...] = ()
        for each in nothing:
            yield each


async def upscaled(
    upscaler: Upscaler, png: bytes, to: Size | None = None, told: Told | None = None
) -> Enlarged | None:
    """Returns a picture as an upscaler enlarges it; None where it holds no model."""
    enlarged = None
    async with aclosing(upscaler.stream(png, to)) as events:
        async for event in events:
            match event:
                case Enlarged():
                    enlarged = event
                case Tiles() if told is not None:
                    told(event.done, event.of)
    return enlarged


def whole_size(picture: Size, form: Size) -> Size:
    """Returns the size of a whole picture of which a form can be cut in its own pixels."""
    times = enlargement(picture, form)
    return Size(round(picture.width * times), round(picture.height * times))
