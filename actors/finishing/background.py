"""Background removal: the ground around a figure becomes transparent.

A smooth ground is followed from the edges of the picture to the first outline, so that a white
dress on white stays: it lies beyond an outline, whatever its colour. Another ground is told from
the figure by GrabCut (Rother, Kolmogorov and Blake, 2004), which is less exact.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from actors.finishing.retouched import Pixels, Retouched
from actors.finishing.transparency import spread

SMOOTH, GRABCUT = "a smooth ground", "GrabCut"

_SIDE = 512
"""The longer side of the picture in which the figure is looked for; sizes are in its pixels."""
_OUTLINE = 5.0
"""The least levels between neighbours at an outline, on a ground without texture."""
_TEXTURE = 1.3
"""The least steps at an outline on a ground with texture, as a multiple of its large ones."""
_GAP = 5
"""The widest gap of an outline through which the ground does not flow."""
_LEAST_GROUND, _LEAST_BORDER = 0.12, 0.6
"""The share of the picture, and of its upper edges, that a smooth ground has at least."""
_ROUGHEST = 7.0
"""The most levels by which a smooth ground is off a curved surface."""
_ALIKE = 3.0
"""The most levels between the means of an enclosed part and of the ground there."""
_HOLE = 0.0012
"""The least share of the picture that an enclosed part of the ground has."""
_WHITE = 236
"""From here on a ground is white, as dresses, eyes and shirts are."""
_ARM, _OFF_AXIS, _HEAD = 9, 0.14, 0.35
"""A white part is a gap under an arm so far from the ground, beside the middle, under the head."""
_BAND, _DEEP = 6, 3
"""How far from the ground the figure's own colour is looked for, and a pixel is mixed with it."""
_SEEN_EDGE = 10.0
"""The least contrast of an edge by which its alpha can be told."""
_FAINT, _THIN = 40.0, 11
"""What is so few levels off the ground, and so thin beside the figure, is a stain of the ground."""
_STRONG, _FRINGE = 100.0, 8
"""An outline so strong ends the stains within so many pixels outside it."""
_SPECK = 0.004
"""The most of the picture that a stain apart from the figure has."""
_FIGURE = (0.02, 0.96)
"""The shares of the picture that a figure may have."""
_GRABCUT_SIDE, _ROUNDS = 256, 4
_IN_FIGURE, _OUTSIDE, _INSIDE = 0.5, 0.05, 0.95
"""The values of a mask from which on a pixel is the figure's, below which it is surely of the
ground, and above which it is surely the figure's: networks are seldom surer."""

Plane = NDArray[np.uint8]
Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class _Ground:
    """Where the ground is, (H, W) of 0 and 1, its colours everywhere, and how it was found."""

    where: Plane
    colours: Floats
    method: str


def remove_background(pixels: Pixels) -> Retouched:
    """Returns a picture (H, W, 3) as RGBA, (H, W, 4), whose ground is transparent.

    Its edges are mixed with nothing of the ground. A picture in which no figure can be told from
    its ground stays as it is.
    """
    small = _small(pixels, _SIDE)
    ground = _smooth_ground(small) or _by_grabcut(small)
    figure = 1 - float(ground.where.mean())
    if not _FIGURE[0] <= figure <= _FIGURE[1]:
        return Retouched(pixels, left="no figure can be told from its background")
    size = (pixels.shape[1], pixels.shape[0])
    where = np.asarray(cv2.resize(ground.where * 255, size, interpolation=cv2.INTER_LINEAR) > 127)
    colours = cv2.resize(ground.colours, size, interpolation=cv2.INTER_LINEAR).astype(np.float32)
    alpha = _alpha(pixels, where.astype(np.uint8), colours, max(size) / max(small.shape))
    return Retouched(np.dstack((_pure(pixels, alpha, colours), alpha)), f"by {ground.method}")


def cut_out(pixels: Pixels, mask: Floats) -> Pixels | None:
    """Returns a picture as RGBA by a mask, (H, W), 0 to 1; None where that has no figure.

    What is surely of the ground is clear, and what is surely the figure's is opaque.
    """
    if not _FIGURE[0] <= float((mask >= _IN_FIGURE).mean()) <= _FIGURE[1]:
        return None
    told = np.clip((mask - _OUTSIDE) / (_INSIDE - _OUTSIDE), 0, 1)
    alpha = np.asarray(np.rint(told * 255), np.uint8)
    sure = np.asarray(mask < _OUTSIDE, np.uint8) * np.uint8(255)
    colours = cv2.blur(spread(pixels, sure), (5, 5)).astype(np.float32)
    return np.dstack((_pure(pixels, alpha, colours), alpha))


def _small(pixels: Pixels, side: int) -> Pixels:
    height, width = pixels.shape[:2]
    scale = min(side / max(height, width), 1.0)
    size = (max(round(width * scale), 1), max(round(height * scale), 1))
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)


def _smooth_ground(small: Pixels) -> _Ground | None:
    """Returns the ground that flows in from the edges up to the outlines; None if it is rough."""
    steps = cv2.morphologyEx(small, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8)).max(axis=2)
    border = np.concatenate((steps[:6].ravel(), steps[:, :6].ravel(), steps[:, -6:].ravel()))
    outline = np.asarray(
        steps > max(_OUTLINE, _TEXTURE * float(np.percentile(border, 90))), np.uint8
    )
    closed = cv2.morphologyEx(outline, cv2.MORPH_CLOSE, _disc(_GAP))
    count, found = cv2.connectedComponents(1 - closed, connectivity=4)
    parts = np.asarray(found, np.int32)
    edges = np.concatenate((parts[0], parts[:, 0], parts[:, -1]))
    shares = np.bincount(edges, minlength=count)
    shares[0] = 0
    first = int(shares.argmax())
    seed = parts == first
    if not shares[first] or seed.mean() < _LEAST_GROUND / 2:
        return None
    colours, rough = _surface(small, seed)
    if rough > _ROUGHEST:
        return None
    touching = [part for part in np.flatnonzero(shares) if _is_alike(small, colours, parts == part)]
    outside = np.isin(parts, touching)
    if outside.mean() < _LEAST_GROUND or shares[touching].sum() < _LEAST_BORDER * len(edges):
        return None
    holes = _holes(small, colours, parts, outside)
    # The outlines were grown by a pixel of their gradient.
    where = cv2.dilate((outside | holes).astype(np.uint8), np.ones((3, 3), np.uint8))
    where = _without_stains(small, colours, np.asarray(where, np.uint8))
    return _Ground(where, colours, SMOOTH)


def _without_stains(small: Pixels, colours: Floats, where: Plane) -> Plane:
    """Returns the ground with its stains: their borders were taken for outlines.

    Those beside the figure are thin or end at a strong outline, those apart from it small, and all
    have nearly the ground's colours. A balloon has others, and stays.
    """
    apart = np.abs(small - colours).max(axis=2)
    faint = np.asarray(apart < _FAINT, np.uint8)
    solid = cv2.morphologyEx(1 - where, cv2.MORPH_OPEN, _disc(_THIN))
    found = np.asarray(where | (faint & (solid == 0)), np.uint8)
    outlined = np.asarray(cv2.dilate(apart, _disc(2 * _FRINGE + 1)) >= _STRONG, np.uint8)
    for _ in range(_FRINGE):
        found |= np.asarray(cv2.dilate(found, _disc(3)), np.uint8) & faint & outlined
    _, labels, boxes, _ = cv2.connectedComponentsWithStats(1 - found, connectivity=4)
    small_ones = boxes[:, cv2.CC_STAT_AREA] < _SPECK * found.size
    for label in np.flatnonzero(small_ones):
        part = labels == label
        if label and np.abs((small[part] - colours[part]).mean(axis=0)).max() < 2 * _FAINT:
            found[part] = 1
    return found


def _disc(size: int) -> Plane:
    return np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size)), np.uint8)


def _surface(small: Pixels, seed: NDArray[np.bool_]) -> tuple[Floats, float]:
    """Returns the colours that a part has, as a curved surface over the whole picture.

    And how far the part is off it, in levels.
    """
    height, width = seed.shape
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    y, x = y / height - 0.5, x / width - 0.5
    terms = np.stack((np.ones_like(x), x, y, x * y, x * x, y * y), -1)
    rows, columns = np.nonzero(seed)
    step = max(len(rows) // 6000, 1)
    some = rows[::step], columns[::step]
    solved, *_ = np.linalg.lstsq(terms[some], small[some].astype(np.float32), rcond=None)
    colours = np.asarray(terms @ solved, np.float32)
    off = np.abs(small[some] - colours[some]).mean()
    return np.clip(colours, 0, 255), float(off)


def _is_alike(small: Pixels, colours: Floats, part: NDArray[np.bool_]) -> bool:
    """Returns whether a part at the edge has the colours of the ground, and is no sleeve."""
    return bool(np.abs((small[part] - colours[part]).mean(axis=0)).max() <= 3 * _ALIKE)


def _holes(
    small: Pixels, colours: Floats, parts: NDArray[np.int32], outside: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """Returns the parts of the ground that the figure encloses."""
    count, labels, boxes, middles = cv2.connectedComponentsWithStats(
        np.asarray(~outside & (parts > 0), np.uint8), connectivity=4
    )
    away = cv2.distanceTransform(np.asarray(~outside, np.uint8), cv2.DIST_L2, 3)
    left, top, width, height = cv2.boundingRect(np.asarray(~outside, np.uint8))
    holes = np.zeros_like(outside)
    for label in range(1, count):
        if boxes[label][cv2.CC_STAT_AREA] < _HOLE * outside.size:
            continue
        part = labels == label
        apart = small[part] - colours[part]
        if np.abs(apart.mean(axis=0)).max() > _ALIKE or apart.std(axis=0).max() > _ALIKE:
            continue
        white = float(colours[part].mean(axis=0).min()) >= _WHITE
        if not white or _is_under_arm(
            middles[label], float(away[part].min()), (left, top, width, height)
        ):
            holes |= part
    return holes


def _is_under_arm(
    middle: NDArray[np.float64], away: float, figure: tuple[int, int, int, int]
) -> bool:
    """Returns whether a white part is where an arm encloses the ground: by place, not by colour."""
    left, top, width, height = figure
    beside = abs(middle[0] - left - width / 2) >= _OFF_AXIS * width
    return bool(beside and middle[1] >= top + _HEAD * height and away >= _ARM)


def _by_grabcut(small: Pixels) -> _Ground:
    """Returns the ground by GrabCut: what is at the upper edges is ground, the middle a figure.

    Ears that reach an edge have other colours than most of it, and may be the figure's.
    """
    tiny = _small(small, _GRABCUT_SIDE)
    height, width = tiny.shape[:2]
    mask = np.full((height, width), cv2.GC_PR_FGD, np.uint8)
    rim = max(round(0.04 * min(height, width)), 1)
    edges = np.zeros((height, width), np.bool_)
    edges[:rim] = edges[:, :rim] = edges[:, -rim:] = True
    usual = np.median(tiny[edges].astype(np.float32), axis=0)
    mask[edges & (np.abs(tiny - usual).max(axis=2) < 2 * _FAINT)] = cv2.GC_BGD
    mask[round(0.4 * height) : round(0.8 * height), round(0.42 * width) : round(0.58 * width)] = (
        cv2.GC_FGD
    )
    if min(height, width) > 16:
        models = np.zeros((1, 65)), np.zeros((1, 65))
        cv2.setRNGSeed(1)
        cv2.grabCut(tiny, mask, (0, 0, 1, 1), *models, _ROUNDS, cv2.GC_INIT_WITH_MASK)
    figure = np.asarray((mask == cv2.GC_FGD) | (mask == cv2.GC_PR_FGD), np.uint8)
    opened = cv2.morphologyEx(figure, cv2.MORPH_OPEN, _disc(3))
    figure = _largest(np.asarray(opened, np.uint8))
    size = (small.shape[1], small.shape[0])
    where = np.asarray(cv2.resize((1 - figure) * 255, size, interpolation=cv2.INTER_LINEAR) > 127)
    sure = cv2.erode(where.astype(np.uint8) * np.uint8(255), np.ones((5, 5), np.uint8))
    colours = cv2.blur(spread(small, np.asarray(sure, np.uint8)), (5, 5)).astype(np.float32)
    return _Ground(where.astype(np.uint8), colours, GRABCUT)


def _largest(figure: Plane) -> Plane:
    count, labels, boxes, _ = cv2.connectedComponentsWithStats(figure)
    if count < 2:
        return figure
    largest = 1 + int(boxes[1:, cv2.CC_STAT_AREA].argmax())
    return np.asarray(labels == largest, np.uint8)


def _alpha(pixels: Pixels, where: Plane, colours: Floats, scale: float) -> Plane:
    """Returns the alpha: at an edge, how far a pixel is from the ground's colour to the figure's.

    The nearest strong difference counts as the figure's own: mostly its outline. What lies beyond
    is opaque, whatever its colour.
    """
    band = max(round(_BAND * scale), 2)
    apart = np.abs(pixels - colours).max(axis=2)
    near = cv2.dilate(where, _disc(2 * band + 1))
    strongest = cv2.dilate(apart * near, _disc(2 * max(band // 2, 1) + 1))
    weak = np.asarray(((apart < 0.4 * strongest) & (near > 0)) | (where > 0), np.uint8)
    mixed, cross = where, np.asarray(cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3)), np.uint8)
    for _ in range(max(round(_DEEP * scale), 2)):
        # Step by step: through a faint outline beside a strong one it gets no further than that.
        mixed = np.asarray(cv2.dilate(mixed, cross), np.uint8) & weak
    edges = cv2.dilate(mixed, np.ones((3, 3), np.uint8)) > 0
    told = np.clip(apart / np.maximum(0.95 * strongest, 1), 0, 1)
    # Faint differences in the ground are its texture.
    told = np.where(apart < 0.08 * strongest + 2, 0, told)
    by_shape = 1 - cv2.GaussianBlur(where.astype(np.float32), (0, 0), max(0.6 * scale, 0.6))
    edge = np.where(strongest >= _SEEN_EDGE, told, by_shape)
    inner = cv2.erode(where, _disc(2 * max(round(scale), 1) + 1)) > 0
    alpha = np.where(edges, edge, 1.0)
    return np.asarray(np.rint(np.where(inner, 0.0, alpha) * 255), np.uint8)


def _pure(pixels: Pixels, alpha: Plane, colours: Floats) -> Pixels:
    """Returns a figure's own colours: the ground's share is taken out of what is mixed with it.

    Faint pixels get those of the nearest stronger one, since few of their own levels are left.
    """
    share = np.maximum(alpha, 1).astype(np.float32)[..., None] / 255
    unmixed = np.clip((pixels - (1 - share) * colours) / share, 0, 255)
    own: Pixels = np.where(alpha[..., None] == 255, pixels, np.rint(unmixed)).astype(np.uint8)
    strong = np.asarray(alpha >= 150, np.uint8) * np.uint8(255)
    return np.asarray(np.where(strong[..., None] > 0, own, spread(own, strong)), np.uint8)
