"""Models, and what each of them can draw."""

from collections.abc import Mapping
from dataclasses import dataclass

from server.domain.states import Lane


@dataclass(frozen=True, slots=True)
class Size:
    """A width and a height in pixels."""

    width: int
    height: int

    def __str__(self) -> str:
        return f"{self.width}x{self.height}"


@dataclass(frozen=True, slots=True)
class Format:
    """The size of a display asset, and the size in which a model draws it.

    `cropped_from` is the aspect ratio that the model draws, where its picture is cropped to
    another one.
    """

    display: Size
    native: Size
    cropped_from: str = ""


@dataclass(frozen=True, slots=True)
class Model:
    """A model: where it runs and what it can draw.

    `portraits` are by size, the default first. `scenes` are the aspect ratios that it draws, each
    with the size in which it draws it.
    """

    name: str
    provider: str
    lane: Lane
    max_characters: int
    portraits: Mapping[str, Format]
    scenes: Mapping[str, Size]
