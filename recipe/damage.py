"""Damage to good pictures, as by models, upscalers and files, and good ones that look odd."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from io import BytesIO

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

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


def _shredded(pixels: Pixels, chance: Chance) -> Pixels:
    """Returns a picture each of whose rows is shifted by chance."""
    shifts = chance.integers(0, pixels.shape[1], len(pixels))
    return np.stack([np.roll(row, by, axis=0) for row, by in zip(pixels, shifts, strict=True)])


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


def _uneven_tiles(pixels: Pixels, chance: Chance) -> Pixels:
    """Returns a picture each of whose tiles is brighter or darker, as if decoded apart."""
    side = int(chance.integers(2, 6))
    light = chance.permutation(np.linspace(-70, 70, side * side)).reshape(side, side)
    shape = pixels.shape[1::-1]
    each = cv2.resize(light, shape, interpolation=cv2.INTER_NEAREST)
    return _as_pixels(pixels + each[..., None])


def _one_tile(pixels: Pixels, chance: Chance) -> Pixels:
    """Returns one tile of a picture, all over it."""
    side = int(chance.integers(2, 6))
    rows, columns = (length // side for length in pixels.shape[:2])
    top, left = (int(chance.integers(length // 4, length // 2)) for length in pixels.shape[:2])
    tile = pixels[top : top + rows, left : left + columns]
    return np.tile(tile, (side, side, 1))


def _missing_tiles(pixels: Pixels, chance: Chance) -> Pixels:
    """Returns a picture some of whose tiles are of one colour, as from pixels without a value."""
    side = int(chance.integers(2, 6))
    rows, columns = (length // side for length in pixels.shape[:2])
    made, colour = pixels.copy(), chance.choice((0, 127, 255))
    for place in chance.permutation(side * side)[: max(1, side * side // 4)]:
        top, left = place // side * rows, place % side * columns
        made[top : top + rows, left : left + columns] = colour
    return made


def _moved(pixels: Pixels, chance: Chance) -> Pixels:
    """Returns a picture as of a camera that moved, in any direction."""
    size = int(pixels.shape[1] * chance.uniform(0.15, 0.25)) | 1
    angle = chance.uniform(0, np.pi)
    ends = (np.array((np.cos(angle), np.sin(angle))) * size / 2).astype(int)
    line = np.zeros((size, size), np.uint8)
    middle = size // 2
    cv2.line(line, tuple((middle - ends).tolist()), tuple((middle + ends).tolist()), 255)
    return np.asarray(cv2.filter2D(pixels, -1, line / line.sum(), borderType=cv2.BORDER_REFLECT))


def _slanted(pixels: Pixels, chance: Chance) -> Pixels:
    """Returns a picture each of whose rows begins later than that above: a wrong stride."""
    width = pixels.shape[1]
    by = int(chance.integers(width // 16, width // 3))
    return np.stack([np.roll(row, number * by, axis=0) for number, row in enumerate(pixels)])


def _mosaic(pixels: Pixels, chance: Chance) -> Pixels:
    """Returns a picture in squares of one colour each, as where only a preview was enlarged."""
    few = int(chance.integers(14, 24))
    small = cv2.resize(pixels, (few, few), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.resize(small, pixels.shape[1::-1], interpolation=cv2.INTER_NEAREST))


def _cut_off(pixels: Pixels, chance: Chance) -> Pixels:
    """Returns a picture whose JPEG lacks coded pixels before its end, as decoders fill it up."""
    _, found = cv2.imencode(".jpg", pixels[..., ::-1], (cv2.IMWRITE_JPEG_QUALITY, 90))
    data = found.tobytes()
    kept = data[: int(len(data) * chance.uniform(0.3, 0.65))] + b"\xff\xd9"
    return np.asarray(Image.open(BytesIO(kept)))


def _two_values(pixels: Pixels, chance: Chance) -> Pixels:
    """Returns a picture each of whose channels is nothing or all."""
    return _as_pixels((pixels > chance.uniform(110, 150)) * 255.0)


def _speckled(pixels: Pixels, chance: Chance) -> Pixels:
    """Returns a picture that noise brightens and darkens by factors, more where it is bright."""
    shape = chance.uniform(0.6, 1.4)
    return _as_pixels(pixels * chance.gamma(shape, 1 / shape, pixels.shape))


TUNED: Mapping[str, Change] = {
    "noise over it": _noisy,
    "blurred": _blurred,
    "too bright": _too_bright,
    "tiles in another order": _tiles,
    "torn rows": _torn,
    "shredded rows": _shredded,
    "grey half": _grey_half,
    "too dark": _too_dark,
    "uneven tiles": _uneven_tiles,
    "one tile all over": _one_tile,
    "missing tiles": _missing_tiles,
    "slanted": _slanted,
}
"""The kinds by which the limits were chosen; slants were held back until they had a measure."""
HELD_BACK: Mapping[str, Change] = {
    "salt and pepper": _salted,
    "blurred by boxes": _boxed,
    "turned tiles": _mirrored_tiles,
    "torn columns": _latticed,
    "moved": _moved,
    "mosaic": _mosaic,
    "cut off": _cut_off,
    "two values": _two_values,
    "speckled": _speckled,
}
"""The kinds that no limit was chosen by: they were written down before the measures were."""


def damaged(pictures: Sequence[Pixels], change: Change, seed: int) -> Iterator[Pixels]:
    """Yields pictures with a kind of damage."""
    chance = np.random.default_rng(seed)
    return (np.ascontiguousarray(change(pixels, chance)) for pixels in pictures)


def _ink(pixels: Pixels) -> Pixels:
    """Returns black lines on white, a little soft."""
    grey = cv2.GaussianBlur(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY), (0, 0), 1.2)
    lines = cv2.adaptiveThreshold(grey, 255, cv2.ADAPTIVE_THRESH_MEAN_C, cv2.THRESH_BINARY, 15, 6)
    return np.repeat(cv2.GaussianBlur(lines, (0, 0), 0.6)[..., None], 3, axis=2).astype(np.uint8)


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
    """Returns what is in a picture, a quarter of its side, low in an even sky."""
    height, width = pixels.shape[:2]
    made = np.full_like(pixels, (150, 200, 240))
    made[height * 3 // 4 :] = (110, 170, 90)
    small = cv2.resize(pixels, (width // 4, height // 4), interpolation=cv2.INTER_AREA)
    shape = np.zeros(small.shape[:2], np.uint8)
    cv2.ellipse(shape, (width // 8, height // 8), (width // 9, height // 8), 0, 0, 360, 1, -1)
    top, left = height - height // 4 - 8, width // 3
    part = made[top : top + height // 4, left : left + width // 4]
    part[shape > 0] = small[shape > 0]
    return made


def _grainy(pixels: Pixels) -> Pixels:
    noise = np.random.default_rng(len(pixels)).normal(0, 12, pixels.shape)
    return _as_pixels(pixels + noise)


def _soft(pixels: Pixels) -> Pixels:
    return np.asarray(cv2.GaussianBlur(pixels, (0, 0), pixels.shape[1] / 200))


ODD: Mapping[str, Callable[[Pixels], Pixels]] = {
    "pencil drawings": _pencil,
    "ink drawings": _ink,
    "snow": _snow,
    "night": _night,
    "big skies": _big_sky,
    "film grain": _grainy,
    "soft lenses": _soft,
}
"""Good pictures that look like damaged ones to a crude measure."""
