"""Signatures that a model paints into a corner, as on the pictures that it learned from.

Something is a signature only if everything speaks for it: thin strokes of one colour in several
directions, side by side in a line, small, near a corner and alone on smooth ground. So a moon,
grass, stars, a fence and a face stay, and so does a mark of one or two letters or of one shape, as
providers put one in to say that a picture is generated. What the service marks itself comes later.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from actors.finishing.retouched import Pixels, Retouched

_SIDE = 512
"""The longer side of the picture in which strokes are looked for; all sizes are in its pixels."""
_SMALLEST = 64
"""The least shorter side of a picture that has corners at all."""
_CORNER = (0.42, 0.2)
"""The width and the height of a corner, as shares of the picture's."""
_STROKE = 9
"""The width from which on something is no stroke."""
_CONTRAST = 24
"""The least levels between a stroke and its ground."""
_NEAR = (17, 5)
"""How far apart, along and across, strokes of one signature may be."""
_WIDTH, _HEIGHT = (26, 200), (7, 56)
_LONGER = 1.8
"""A signature is at least so many times as wide as high."""
_FILLED = (0.07, 0.55)
"""The share of its box that its strokes fill."""
_CROSSED = 4
"""The least strokes that a line through its middle crosses."""
_COVERED = 0.6
"""The least share of its columns that have a stroke."""
_SLANT, _SLANTED = 0.2, 0.4
"""The least share of its edges that go along, across and aslant: grass has few along.

An edge is aslant whose lesser direction is that share of its other one.
"""
_UNIFORM, _SMOOTH = 34.0, 7.0
"""The most levels by which the colours of strokes, and those of the ground, spread."""
_RING = (5, 12)
"""The distances between which there is nothing around it."""
_ALONE = 0.02
_GROWN, _MARGIN = 3, 10
"""By how much strokes are grown before they are painted over, and how much is looked at then."""

Plane = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Signature:
    """A signature that was found: its strokes, in the whole picture, and its box."""

    strokes: Plane
    """(H, W) of the picture's size; 255 where there is a stroke."""
    box: tuple[int, int, int, int]
    """Left, top, width and height, in the picture's pixels."""


def remove_signatures(pixels: Pixels) -> Retouched:
    """Returns a picture (H, W, 3) in which signatures in its corners are painted over."""
    found = list(signatures(pixels))
    if not found:
        return Retouched(pixels)
    clean = pixels.copy()
    for one in found:
        _paint_over(clean, one)
    places = " and ".join(f"{w}x{h} pixels at {x},{y}" for x, y, w, h in (one.box for one in found))
    return Retouched(clean, f"painted over: {places}")


def signatures(pixels: Pixels) -> Iterator[Signature]:
    """Yields the signatures in the corners of a picture (H, W, 3)."""
    height, width = pixels.shape[:2]
    scale = _SIDE / max(height, width)
    size = (round(width * scale), round(height * scale))
    if min(size) < _SMALLEST:
        return
    way = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    small = np.asarray(cv2.resize(pixels, size, interpolation=way), np.uint8)
    across, down = round(size[0] * _CORNER[0]), round(size[1] * _CORNER[1])
    for top in (0, size[1] - down):
        for left in (0, size[0] - across):
            corner = small[top : top + down, left : left + across]
            for strokes in _in_corner(corner, at_right=left > 0, at_bottom=top > 0):
                whole = np.zeros((size[1], size[0]), np.uint8)
                whole[top : top + down, left : left + across] = strokes
                yield _enlarged(whole, (width, height))


def _enlarged(strokes: Plane, size: tuple[int, int]) -> Signature:
    smooth = cv2.resize(strokes, size, interpolation=cv2.INTER_LINEAR)
    large: Plane = np.asarray((smooth > 64) * np.uint8(255), np.uint8)
    return Signature(large, _box_of(large))


def _in_corner(corner: Pixels, *, at_right: bool, at_bottom: bool) -> Iterator[Plane]:
    """Yields the strokes of each signature in a corner, (H, W) of the corner, 0 or 255."""
    luma = np.asarray(cv2.cvtColor(corner, cv2.COLOR_RGB2GRAY), np.uint8)
    square = np.ones((_STROKE, _STROKE), np.uint8)
    ways = (cv2.MORPH_TOPHAT, cv2.MORPH_BLACKHAT)
    hats = [np.asarray(cv2.morphologyEx(luma, way, square), np.uint8) for way in ways]
    masks = [np.asarray(hat > _CONTRAST, np.uint8) for hat in hats]
    either = masks[0] | masks[1]
    for hat, mask in zip(hats, masks, strict=True):
        near = cv2.dilate(mask, np.ones(_NEAR[::-1], np.uint8))
        count, labels, boxes, _ = cv2.connectedComponentsWithStats(near)
        for label in range(1, count):
            if boxes[label][2] < _WIDTH[0]:
                continue
            strokes = np.asarray(mask * (labels == label), np.uint8)
            box = _box_of(strokes)
            if (
                _has_size(box)
                and _is_inside(box, luma.shape, at_right=at_right, at_bottom=at_bottom)
                and _is_written(strokes, box)
                and _slants(luma, strokes, box)
                and _is_alone(either, strokes, box)
                and _is_of_one_colour(corner, strokes, hat)
                and _is_on_plain(corner, strokes, box)
            ):
                yield strokes * np.uint8(255)


_Box = tuple[int, int, int, int]


def _box_of(strokes: Plane) -> _Box:
    left, top, width, height = cv2.boundingRect(strokes)
    return left, top, width, height


def _has_size(box: _Box) -> bool:
    _, _, width, height = box
    fits = _WIDTH[0] <= width <= _WIDTH[1] and _HEIGHT[0] <= height <= _HEIGHT[1]
    return fits and width >= _LONGER * height


def _is_inside(box: _Box, shape: tuple[int, ...], *, at_right: bool, at_bottom: bool) -> bool:
    """Returns whether a box ends within its corner: what goes on beyond is no signature."""
    left, top, width, height = box
    inner = (left if at_right else shape[1] - left - width) > _NEAR[0]
    above = (top if at_bottom else shape[0] - top - height) > _NEAR[1]
    edges = min(left, top, shape[1] - left - width, shape[0] - top - height) >= 2
    return inner and above and edges


def _is_written(strokes: Plane, box: _Box) -> bool:
    """Returns whether strokes stand in a line, side by side."""
    left, top, width, height = box
    inner = strokes[top : top + height, left : left + width]
    if not _FILLED[0] <= inner.mean() <= _FILLED[1]:
        return False
    begins = np.diff(inner.astype(np.int8), axis=1, prepend=0) > 0
    crossed = begins.sum(axis=1)[height // 5 : height - height // 5]
    covered = inner.any(axis=0).mean()
    return bool(np.median(crossed) >= _CROSSED and covered >= _COVERED)


def _slants(luma: Plane, strokes: Plane, box: _Box) -> bool:
    """Returns whether edges go in several directions, as in letters; those of a fence do not."""
    place = _around(box, 1, luma.shape)
    part, near = luma[place], cv2.dilate(strokes, np.ones((3, 3), np.uint8))[place] > 0
    across = np.abs(cv2.Sobel(part, cv2.CV_32F, 1, 0))[near]
    along = np.abs(cv2.Sobel(part, cv2.CV_32F, 0, 1))[near]
    both, least = across + along, np.minimum(across, along)
    slanted = both[least > _SLANTED * np.maximum(across, along)].sum()
    straight = min(across.sum(), along.sum()) >= _SLANT * both.sum()
    return bool(straight and slanted >= _SLANT * both.sum())


def _is_alone(either: Plane, strokes: Plane, box: _Box) -> bool:
    """Returns whether there are no other strokes around it."""
    outer, inner = _around(box, _RING[1], either.shape), _around(box, _RING[0], either.shape)
    ring = np.zeros_like(either)
    ring[outer] = 1
    ring[inner] = 0
    others = either * (1 - cv2.dilate(strokes, np.ones((3, 3), np.uint8)))
    return bool(others[ring > 0].mean() <= _ALONE) if ring.any() else True


def _is_of_one_colour(corner: Pixels, strokes: Plane, hat: Plane) -> bool:
    """Returns whether strokes have one colour, where they are thick enough to have it at all."""
    strong = hat >= 0.7 * np.percentile(hat[strokes > 0], 90)
    colours = corner[(strokes > 0) & strong].astype(np.float32)
    return bool(colours.std(axis=0).max() <= _UNIFORM)


def _is_on_plain(corner: Pixels, strokes: Plane, box: _Box) -> bool:
    """Returns whether the ground of strokes is smooth."""
    place = _around(box, _RING[0], strokes.shape)
    ground = cv2.dilate(strokes, np.ones((5, 5), np.uint8))[place] == 0
    rows, columns = np.nonzero(ground)
    if len(rows) < 12:
        return False
    colours = corner[place][ground].astype(np.float32)
    plane = np.stack((rows, columns, np.ones_like(rows)), 1).astype(np.float32)
    solved, *_ = np.linalg.lstsq(plane, colours, rcond=None)
    return bool((colours - plane @ solved).std(axis=0).max() <= _SMOOTH)


def _around(box: _Box, margin: int, shape: tuple[int, ...]) -> tuple[slice, slice]:
    left, top, width, height = box
    rows = slice(max(top - margin, 0), min(top + height + margin, shape[0]))
    return rows, slice(max(left - margin, 0), min(left + width + margin, shape[1]))


def _paint_over(pixels: Pixels, found: Signature) -> None:
    """Paints what is around strokes over them, in place."""
    scale = max(pixels.shape[:2]) / _SIDE
    margin, grown = (max(round(one * scale), 2) for one in (_MARGIN, _GROWN))
    place = _around(found.box, margin, pixels.shape)
    mask = cv2.dilate(found.strokes[place], np.ones((2 * grown + 1, 2 * grown + 1), np.uint8))
    bgr = np.ascontiguousarray(pixels[place])
    pixels[place] = cv2.inpaint(bgr, mask, 2 * grown, cv2.INPAINT_TELEA)
