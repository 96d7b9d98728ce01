"""Outlines as arrays of points, (N, 2), in the caller's unit."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]
Pairs = Sequence[tuple[float, float]]

_STEPS = np.linspace(0.0, 1.0, 7)[:-1, None]
_SPLINE = (0.5 * (1 - _STEPS) ** 2, 0.5 + _STEPS * (1 - _STEPS), 0.5 * _STEPS**2)
_TURN = np.linspace(0.0, 2 * np.pi, 33)[:-1]
_CIRCLE = np.stack([np.cos(_TURN), np.sin(_TURN)], axis=1)


def ellipse(x: float, y: float, rx: float, ry: float | None = None) -> Points:
    """Returns an ellipse around (x, y); a circle if one radius is given."""
    return _CIRCLE * (rx, rx if ry is None else ry) + (x, y)


def polygon(corners: Pairs) -> Points:
    """Returns straight edges between corners."""
    return np.asarray(corners, dtype=np.float64)


def blob(controls: Pairs) -> Points:
    """Returns a closed quadratic B-spline: a smooth outline that stays inside its controls."""
    points = np.asarray(controls, dtype=np.float64)
    before, after = np.roll(points, 1, axis=0), np.roll(points, -1, axis=0)
    a, b, c = (weight[None] for weight in _SPLINE)
    return (before[:, None] * a + points[:, None] * b + after[:, None] * c).reshape(-1, 2)


def curve(controls: Pairs) -> Points:
    """Returns an open B-spline that starts and ends on its first and last control."""
    points = np.asarray(controls, dtype=np.float64)
    first, last = 2 * points[0] - points[1], 2 * points[-1] - points[-2]
    padded = np.vstack([first, points, last])
    a, b, c = (weight[None] for weight in _SPLINE)
    spline = padded[:-2, None] * a + padded[1:-1, None] * b + padded[2:, None] * c
    return np.vstack([spline.reshape(-1, 2), points[-1]])


def arc(x: float, y: float, half_width: float, depth: float) -> Points:
    """Returns a parabola between (x - w, y) and (x + w, y) that bends down by depth."""
    t = np.linspace(-1.0, 1.0, 9)
    return np.stack([x + half_width * t, y + depth * (1 - t**2)], axis=1)


def box(left: float, top: float, right: float, bottom: float, radius: float = 0.0) -> Points:
    """Returns a rectangle with round corners."""
    if radius <= 0:
        return polygon([(left, top), (right, top), (right, bottom), (left, bottom)])
    middles = ((right, bottom), (left, bottom), (left, top), (right, top))
    inwards = ((-1, -1), (1, -1), (1, 1), (-1, 1))
    return np.vstack(
        [
            (_CIRCLE[8 * corner : 8 * corner + 9] + inwards[corner]) * radius + middles[corner]
            for corner in range(3)
        ]
        + [(_CIRCLE[[*range(24, 32), 0]] + inwards[3]) * radius + middles[3]]
    )


def tube(controls: Pairs, start: float, end: float) -> Points:
    """Returns a limb along a curve, whose half width goes from `start` to `end`."""
    spine = curve(controls)
    along = np.gradient(spine, axis=0)
    normal = np.stack([-along[:, 1], along[:, 0]], axis=1)
    normal /= np.linalg.norm(normal, axis=1, keepdims=True) + 1e-9
    widths = np.linspace(start, end, len(spine))[:, None]
    return np.vstack([spine + normal * widths, (spine - normal * widths)[::-1]])
