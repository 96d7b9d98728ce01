"""How different colours look: CIEDE2000, by Sharma, Wu and Dalal (2005)."""

import cv2
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def difference(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> Floats:
    """Returns the differences of colours of sRGB, (H, W, 3), by pixel."""
    return difference_of_lab(_lab(one), _lab(other))


def difference_of_lab(one: Floats, other: Floats) -> Floats:
    """Returns the differences of colours of CIELAB, (..., 3)."""
    mean_chroma = (_chroma(one) + _chroma(other)) / 2
    more = 1 + 0.5 * (1 - np.sqrt(mean_chroma**7 / (mean_chroma**7 + 25.0**7)))
    (light, chroma, hue), (light2, chroma2, hue2) = _polar(one, more), _polar(other, more)
    turn = (hue2 - hue + 180) % 360 - 180
    turn = np.where(chroma * chroma2 == 0, 0, turn)
    by_light, by_chroma = light2 - light, chroma2 - chroma
    by_hue = 2 * np.sqrt(chroma * chroma2) * np.sin(np.radians(turn / 2))
    light, chroma = (light + light2) / 2, (chroma + chroma2) / 2
    hue = np.where(chroma == 0, hue + hue2, (hue + turn / 2) % 360)
    weight = (
        1
        - 0.17 * np.cos(np.radians(hue - 30))
        + 0.24 * np.cos(np.radians(2 * hue))
        + 0.32 * np.cos(np.radians(3 * hue + 6))
        - 0.20 * np.cos(np.radians(4 * hue - 63))
    )
    by_light = by_light / (1 + 0.015 * (light - 50) ** 2 / np.sqrt(20 + (light - 50) ** 2))
    by_chroma = by_chroma / (1 + 0.045 * chroma)
    by_hue = by_hue / (1 + 0.015 * chroma * weight)
    blue = np.radians(60 * np.exp(-(((hue - 275) / 25) ** 2)))
    turned = -2 * np.sqrt(chroma**7 / (chroma**7 + 25.0**7)) * np.sin(blue)
    found: Floats = np.sqrt(by_light**2 + by_chroma**2 + by_hue**2 + turned * by_chroma * by_hue)
    return found


def _lab(pixels: NDArray[np.uint8]) -> Floats:
    return np.asarray(cv2.cvtColor(pixels.astype(np.float32) / 255, cv2.COLOR_RGB2LAB), np.float64)


def _chroma(lab: Floats) -> Floats:
    return np.hypot(lab[..., 1], lab[..., 2])


def _polar(lab: Floats, more: Floats) -> tuple[Floats, Floats, Floats]:
    a, b = lab[..., 1] * more, lab[..., 2]
    return lab[..., 0], np.hypot(a, b), np.degrees(np.arctan2(b, a)) % 360
