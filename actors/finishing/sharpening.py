"""Sharpening: edges that an enlargement has softened, without halos, noise and flat areas aside."""

import cv2
import numpy as np
from numpy.typing import NDArray

from actors.finishing.retouched import Pixels, Retouched

HALO = 2
"""The most levels by which a pixel leaves the range that its neighbours had before."""

_AMOUNT = 0.6
_FLAT, _EDGE = 6, 22
"""The range of levels around a pixel up to which it is left alone, and from which all is added.

It is measured after a blur, by which noise of 5 levels stays under the first.
"""
_SMALLEST, _LARGEST = 0.6, 1.6
"""The least and the most sigma of the blur, in pixels."""
_PER_PIXEL = 0.4
"""The sigma for one pixel of the model, as many pixels as it has become."""

_Plane = NDArray[np.uint8]


def sharpen(pixels: Pixels, enlarged: float) -> Retouched:
    """Returns a picture (H, W, 3 or 4) with sharper edges; its alpha stays as it is.

    `enlarged` is how many times as large it is as what the model drew: so wide are its edges. A
    larger form of it is resized from it, which widens edge and sharpening alike. Only lightness is
    sharpened, so no edge gets another hue.
    """
    sigma = min(max(_PER_PIXEL * enlarged, _SMALLEST), _LARGEST)
    colours = np.ascontiguousarray(pixels[..., :3])
    luma = np.asarray(cv2.cvtColor(colours, cv2.COLOR_RGB2GRAY), np.uint8)
    added = _added(luma, sigma)
    sharp = cv2.add(colours, cv2.merge((added, added, added)), dtype=cv2.CV_8U)
    if pixels.shape[2] > 3:
        sharp = np.dstack((sharp, pixels[..., 3]))
    return Retouched(np.asarray(sharp, np.uint8), f"edges, with a radius of {sigma:.1f} pixels")


def _added(luma: _Plane, sigma: float) -> NDArray[np.int16]:
    """Returns what is added to each pixel, in levels."""
    blurred = np.asarray(cv2.GaussianBlur(luma, (0, 0), sigma), np.uint8)
    detail = cv2.subtract(luma, blurred, dtype=cv2.CV_16S)
    added = cv2.multiply(detail, _weight(blurred), scale=_AMOUNT / 255, dtype=cv2.CV_16S)
    square = np.ones((3, 3), np.uint8)
    most = cv2.subtract(cv2.dilate(luma, square), luma).astype(np.int16) + HALO
    least = cv2.subtract(luma, cv2.erode(luma, square)).astype(np.int16) + HALO
    return np.asarray(cv2.max(cv2.min(added, most), -least), np.int16)


def _weight(blurred: _Plane) -> NDArray[np.int16]:
    """Returns how much of an edge is at each pixel, from 0 for none to 255."""
    square = np.ones((3, 3), np.uint8)
    reach = cv2.subtract(cv2.dilate(blurred, square), cv2.erode(blurred, square))
    ranges = np.arange(256, dtype=np.float32)
    table = np.clip((ranges - _FLAT) / (_EDGE - _FLAT), 0, 1) * 255
    return np.asarray(cv2.LUT(reach, np.rint(table).astype(np.uint8)), np.int16)
