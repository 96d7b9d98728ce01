"""The six styles: their lines, shading, eyes and finish."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from recipe.illustrator.attributes import Style
from recipe.illustrator.palette import RGB

Image = NDArray[np.uint8]
Stops = tuple[tuple[float, float], ...]
Field = NDArray[np.float32]
Levels = NDArray[np.intp]

LEVELS = 64
"""Tones between the first and the last stop of a shading."""


@dataclass(frozen=True, slots=True)
class Look:
    """The look of one style: `stops` are tones along `ramp`, which runs over a shape's box."""

    style: Style
    outline: float
    ink: RGB | None
    ramp: Levels
    stops: Stops
    eye: float
    blur: float
    gloss: float
    finish: Callable[[Image], Image]
    """Applied to the whole picture at its final size."""


@cache
def look(style: Style) -> Look:
    """Returns the look of a style. Without `ink`, outlines are a darker tone of each shape."""
    match style:
        case Style.CARTOON:
            ink: RGB = (24, 20, 28)
            return Look(style, 2.6, ink, _flat(), (), 1.08, 0.0, 0.0, _cartoon)
        case Style.WATERCOLOR:
            stops: Stops = ((0.0, 0.38), (0.4, 0.10), (1.0, -0.12))
            return Look(style, 1.0, None, _down(), stops, 0.98, 0.0, 0.0, _watercolor)
        case Style.REALISTIC:
            stops = ((0.0, 0.16), (0.45, 0.0), (0.75, -0.2), (1.0, -0.52))
            return Look(style, 0.0, None, _across(), stops, 0.84, 1.8, 0.0, _realistic)
        case Style.ANIME:
            stops = ((0.0, 0.06), (0.60, 0.06), (0.63, -0.20), (1.0, -0.20))
            return Look(style, 1.2, (70, 34, 70), _across(), stops, 1.32, 0.0, 0.55, _anime)
        case Style.STORYBOOK:
            stops = ((0.0, 0.06), (1.0, -0.2))
            return Look(style, 1.6, (96, 56, 30), _across(), stops, 0.96, 0.0, 0.0, _storybook)
        case Style.RENDER:
            stops = ((0.0, 0.55), (0.12, 0.28), (0.5, 0.02), (1.0, -0.5))
            return Look(style, 0.0, None, _ball(), stops, 1.12, 1.2, 0.75, _render)


_N = 48


def _ramp(share: Field) -> Levels:
    return (np.clip(share, 0, 1) * (LEVELS - 1)).astype(np.intp)


def _grid() -> tuple[Field, Field]:
    y, x = np.mgrid[0:_N, 0:_N].astype(np.float32) / (_N - 1)
    return x, y


def _flat() -> Levels:
    return _ramp(np.zeros((_N, _N), np.float32))


def _down() -> Levels:
    x, y = _grid()
    return _ramp(0.85 * y + 0.15 * x)


def _across() -> Levels:
    x, y = _grid()
    return _ramp(0.62 * x + 0.38 * y)


def _ball() -> Levels:
    x, y = _grid()
    return _ramp(np.hypot(x - 0.34, y - 0.26) / 0.92)


@cache
def _vignette(size: int, inner: float, width: float) -> Field:
    """Returns 0 in the middle and 1 at the corners, (H, W, 1)."""
    y, x = np.mgrid[0:size, 0:size].astype(np.float32) * (2 / (size - 1)) - 1
    return cast(Field, np.clip((np.hypot(x, y) - inner) / width, 0, 1)[..., None])


@cache
def _border(size: int) -> Field:
    """Returns 0 in the middle and 1 along the edges, with round corners, (H, W, 1)."""
    y, x = np.abs(np.mgrid[0:size, 0:size].astype(np.float32) * (2 / (size - 1)) - 1)
    return cast(Field, ((x**6 + y**6) ** (1 / 6))[..., None])


@cache
def _grain(size: int, cells: int) -> Field:
    """Returns a fixed smooth noise of -1 to 1: equal in all pictures, so no randomness to learn."""
    noise = np.random.default_rng(7).uniform(-1, 1, (cells, cells)).astype(np.float32)
    grown = cv2.resize(noise, (size, size), interpolation=cv2.INTER_CUBIC)
    return cast(Field, grown[..., None])


def _detail(size: int) -> float:
    """Returns the pixels along each side for one pixel in single detail."""
    return size / 256


def _clip(field: NDArray[np.floating[Any]]) -> Image:
    return cast(Image, np.clip(field, 0, 255).astype(np.uint8))


def _saturate(image: Image, amount: float) -> Field:
    """Moves colours away from grey, or towards it for an amount below 1."""
    matrix = np.full((3, 3), (1 - amount) / 3, np.float32) + amount * np.eye(3, dtype=np.float32)
    return cast(Field, cv2.transform(image.astype(np.float32), matrix))


@cache
def _hatch(size: int) -> Field:
    y, x = np.mgrid[0:size, 0:size].astype(np.float32)
    return cast(Field, (0.5 + 0.5 * np.sin((x + y) * (2 * np.pi / (8 * _detail(size)))))[..., None])


def _cartoon(image: Image) -> Image:
    return _clip(_saturate(image, 1.12))


def _watercolor(image: Image) -> Image:
    """Fades the picture into white paper at its edges, and makes the colours uneven."""
    size = image.shape[0]
    soft = cast(Image, cv2.GaussianBlur(image, (0, 0), 0.6 * _detail(size)))
    washed = _saturate(soft, 1.25) * 0.88 + 24 + 9 * _grain(size, 20)
    paper = np.clip(9 * (_border(size) + 0.07 * _grain(size, 16) - 0.90), 0, 1)
    return _clip(washed * (1 - paper) + np.array((255, 253, 247), np.float32) * paper)


def _realistic(image: Image) -> Image:
    """Grades the picture like film: dark corners, warm lights, muted colours."""
    size = image.shape[0]
    soft = cast(Image, cv2.GaussianBlur(image, (0, 0), 0.5 * _detail(size)))
    graded = (_saturate(soft, 0.82) - 128) * 1.06 + np.array((118, 114, 106), np.float32)
    return _clip(graded * (1 - 0.5 * _vignette(size, 0.62, 0.85)))


def _anime(image: Image) -> Image:
    field = _saturate(image, 1.1)
    return _clip((field - 128) * 1.02 + np.array((140, 136, 146), np.float32))


def _storybook(image: Image) -> Image:
    """Prints the picture in few inks on old paper, with hatched shadows and a brown edge."""
    size = image.shape[0]
    field = _saturate(image, 0.92)
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).astype(np.float32)[..., None]
    shade = np.clip((165 - grey) / 110, 0, 1)
    printed = (
        field * 0.80 + np.array((250, 222, 168), np.float32) * 0.20 - _hatch(size) * shade * 24
    )
    corner = 0.9 * np.clip(14 * (_border(size) - 0.90), 0, 1)
    return _clip(printed * (1 - corner) + np.array((238, 216, 172), np.float32) * corner)


def _render(image: Image) -> Image:
    field = (_saturate(image, 1.18) - 128) * 1.08 + 134
    return _clip(field * (1 - 0.14 * _vignette(image.shape[0], 0.7, 0.7)))
