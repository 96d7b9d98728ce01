"""Models, and what each of them can draw."""

from collections.abc import Mapping
from dataclasses import dataclass

from server.domain.states import Lane, Quality


@dataclass(frozen=True, slots=True)
class Size:
    """A width and a height in pixels."""

    width: int
    height: int

    def __str__(self) -> str:
        return f"{self.width}x{self.height}"


@dataclass(frozen=True, slots=True)
class Format:
    """A shape that a model offers: the size of the display asset, and the model's own."""

    display: Size
    native: Size


@dataclass(frozen=True, slots=True)
class Model:
    """A model: where it runs and what it can draw.

    `portraits` are by size, `scenes` by aspect ratio; the first of each is the default.
    `steps` are the denoising steps of each quality.
    """

    name: str
    provider: str
    lane: Lane
    max_characters: int
    portraits: Mapping[str, Format]
    scenes: Mapping[str, Format]
    steps: Mapping[Quality, int]
    price_micros: int
