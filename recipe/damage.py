"""Damage to good pictures, as by models, upscalers and files, and good ones that look odd."""

from collections.abc import Callable, Iterator, Mapping, Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]
Chance = np.random.Generator
Change = Callable[[Pixels, Chance], Pixels]


def _as_pixels(values: NDArray[np.floating]) -> Pixels:
    return values.clip(0, 255).astype(np.uint8)


def _noisy(pixels: Pixels, chance: Chance) -> Pixels:
    return _as_pixels(pixels + chance.normal(0, chance.uniform(70, 110), pixels.shape))


def _blurred(pixels: Pixels, chance: Chance) -> Pixels:
    return np.asarray(cv2.GaussianBlur(pixels, (0, 0), pixels.shape[1] / chance.uniform(20, 32)))


def _too_bright(pixels: Pixels, chance: Chance) -> Pixels:
    return _as_pixels((pixels.astype(np.float32) + 60) * chance.uniform(12, 20))


def _tiles(pixels: Pixels, chance: Chance) -> Pixels:
    """Returns the tiles of a picture in another order."""
    side = int(chance.integers(3, 6))
    rows, columns = (each // side for each in pixels.shape[:2])
    made = pixels[: rows * side, : columns * side].copy()
    places = [(row, column) for row in range(side) for column in range(side)]
    for (top, left), at in zip(places, chance.permutation(len(places)), strict=True):
        above, before = places[at]
        made[top * rows : (top + 1) * rows, left * columns : (left + 1) * columns] = pixels[
            above * rows : (above + 1) * rows, before * columns : (before + 1) * columns
        ]
    return made


def _torn(pixels: Pixels, chance: Chance) -> Pixels:
    """Returns a picture whose bands of rows are shifted."""
    made, at = pixels.copy(), 0
    while at < len(pixels):
        height = int(chance.integers(len(pixels) // 24, len(pixels) // 8))
        shift = int(chance.integers(pixels.shape[1] // 5, pixels.shape[1] * 4 // 5))
        made[at : at + height] = np.roll(pixels[at : at + height], shift, axis=1)
        at += height
    return made


def _salted(pixels: Pixels, chance: Chance) -> Pixels:
    share = chance.uniform(0.5, 0.8)
    salt = chance.integers(0, 2, pixels.shape[:2])[..., None] * 255
    return np.where(chance.random(pixels.shape[:2])[..., None] < share, salt, pixels).astype(
        np.uint8
    )


def _boxed(pixels: Pixels, chance: Chance) -> Pixels:
    side = pixels.shape[1] // int(chance.integers(5, 9))
    return np.asarray(cv2.blur(cv2.blur(pixels, (side, side)), (side, side)))


def _too_dark(pixels: Pixels, chance: Chance) -> Pixels:
    return _as_pixels((pixels.astype(np.float32) - 235) * chance.uniform(12, 20))


def _mirrored_tiles(pixels: Pixels, chance: Chance) -> Pixels:
    """Returns a picture whose tiles are each turned by half, as by a wrong stride."""
    side = int(chance.integers(4, 8))
    rows, columns = (each // side for each in pixels.shape[:2])
    made = pixels[: rows * side, : columns * side].copy()
    for top in range(0, rows * side, rows):
        for left in range(0, columns * side, columns):
            made[top : top + rows, left : left + columns] = made[
                top : top + rows, left : left + columns
            ][::-1, ::-1]
    return made


def _latticed(pixels: Pixels, chance: Chance) -> Pixels:
    """Returns a picture whose columns are torn as `_torn` tears rows."""
    return np.ascontiguousarray(
        _torn(np.ascontiguousarray(pixels.swapaxes(0, 1)), chance)
    ).swapaxes(0, 1)


def _grey_half(pixels: Pixels, chance: Chance) -> Pixels:
    made = pixels.copy()
    made[int(len(made) * chance.uniform(0.3, 0.7)) :] = 128
    return made


TUNED: Mapping[str, Change] = {
    "noise over it": _noisy,
    "blurred": _blurred,
    "too bright": _too_bright,
    "tiles in another order": _tiles,
    "torn rows": _torn,
    "grey half": _grey_half,
    "too dark": _too_dark,
}
"""The kinds by which the limits were chosen."""
HELD_BACK: Mapping[str, Change] = {
    "salt and pepper": _salted,
    "blurred by boxes": _boxed,
    "turned tiles": _mirrored_tiles,
    "torn columns": _latticed,
}
"""The kinds that no limit was chosen by."""


def damaged(pictures: Sequence[Pixels], change: Change, seed: int) -> Iterator[Pixels]:
    """Yields pictures with a kind of damage."""
    chance = np.random.default_rng(seed)
    return (np.ascontiguousarray(change(pixels, chance)) for pixels in pictures)


def _pencil(pixels: Pixels) -> Pixels:
    grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
    soft = cv2.GaussianBlur(255 - grey, (0, 0), 4)
    drawn = cv2.divide(grey, 255 - soft, scale=250)
    return np.repeat(np.asarray(drawn)[..., None], 3, axis=2)


def _snow(pixels: Pixels) -> Pixels:
    return _as_pixels(255 - (255 - pixels.astype(np.float32)) * 0.3)


def _night(pixels: Pixels) -> Pixels:
    return _as_pixels(pixels.astype(np.float32) * (0.25, 0.28, 0.4))


def _big_sky(pixels: Pixels) -> Pixels:
    """Returns a picture as a quarter of its side, low in an even sky."""
    height, width = pixels.shape[:2]
    made = np.full_like(pixels, (150, 200, 240))
    made[height * 3 // 4 :] = (110, 170, 90)
    small = cv2.resize(pixels, (width // 4, height // 4), interpolation=cv2.INTER_AREA)
    made[
        -height // 4 - 8 : -height // 4 - 8 + height // 4, width // 3 : width // 3 + width // 4
    ] = small
    return made


def _grainy(pixels: Pixels) -> Pixels:
    noise = np.random.default_rng(len(pixels)).normal(0, 12, pixels.shape)
    return _as_pixels(pixels + noise)


def _soft(pixels: Pixels) -> Pixels:
    return np.asarray(cv2.GaussianBlur(pixels, (0, 0), pixels.shape[1] / 200))


ODD: Mapping[str, Callable[[Pixels], Pixels]] = {
    "pencil drawings": _pencil,
    "snow": _snow,
    "night": _night,
    "big skies": _big_sky,
    "film grain": _grainy,
    "soft lenses": _soft,
}
"""Good pictures that look like damaged ones to a crude measure."""
