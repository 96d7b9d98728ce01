"""Sharpening: soft edges become sharper, and nothing else changes."""

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from actors.finishing.retouched import Pixels
from actors.finishing.sharpening import HALO, sharpen

SQUARE = np.ones((3, 3), np.uint8)


def figures(side: int = 64) -> Pixels:
    picture = np.full((side, side, 3), (230, 225, 210), np.uint8)
    cv2.circle(picture, (side // 2, side // 2), side // 4, (60, 70, 140), -1)
    cv2.line(picture, (4, 6), (side - 6, 12), (30, 20, 25), 2)
    return picture


def enlarged(times: int = 4) -> Pixels:
    """Returns a drawing with the soft edges of an enlargement."""
    small = figures()
    size = (small.shape[1] * times, small.shape[0] * times)
    return np.asarray(cv2.resize(small, size, interpolation=cv2.INTER_CUBIC), np.uint8)


def naive(pixels: Pixels) -> Pixels:
    """Returns a picture sharpened by an unsharp mask alone."""
    given = pixels.astype(np.float32)
    found = given + 1.5 * (given - cv2.GaussianBlur(given, (0, 0), 2))
    return np.clip(found, 0, 255).astype(np.uint8)


def luma(pixels: Pixels) -> NDArray[np.int16]:
    return cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY).astype(np.int16)


def halo(sharp: Pixels, before: Pixels) -> int:
    """Returns by how many levels of lightness a pixel leaves its neighbours' range at most."""
    given = luma(before)
    above = luma(sharp) - cv2.dilate(given, SQUARE)
    below = cv2.erode(given, SQUARE) - luma(sharp)
    return int(max(above.max(), below.max()))


def steepness(pixels: Pixels) -> float:
    return float(np.abs(np.diff(luma(pixels), axis=1)).max(axis=1).mean())


def test_soft_edges_become_sharper() -> None:
    before = enlarged()
    sharp = sharpen(before, 4)
    assert steepness(sharp.pixels) > 1.1 * steepness(before)
    assert "1.6" in sharp.said


def test_no_halo_is_above_the_bound() -> None:
    before = enlarged()
    # A level more for rounding to 8 bits of lightness.
    assert halo(sharpen(before, 4).pixels, before) <= HALO + 1
    assert halo(naive(before), before) > 10


def test_noise_and_flat_areas_stay_as_they_are() -> None:
    chance = np.random.default_rng(3)
    grain = chance.normal(128, 5, (128, 128, 1)).repeat(3, 2)
    noisy = np.clip(grain, 0, 255).astype(np.uint8)
    apart = np.abs(sharpen(noisy, 4).pixels.astype(int) - noisy)
    assert apart.mean() < 0.05
    flat = np.full((64, 64, 3), (200, 30, 90), np.uint8)
    ramp = np.linspace(0, 255, 256).astype(np.uint8)[None, :, None].repeat(64, 0).repeat(3, 2)
    for still in (flat, ramp):
        assert (sharpen(still, 4).pixels == still).all()
    assert np.abs(naive(noisy).astype(int) - noisy).mean() > 3


def test_colours_keep_their_hue_and_the_alpha_stays() -> None:
    before = np.dstack((enlarged(), np.full((256, 256), 9, np.uint8)))
    sharp = sharpen(before, 2).pixels
    assert (sharp[..., 3] == 9).all()
    added = sharp[..., :3].astype(int) - before[..., :3]
    inside = ((sharp[..., :3] > 0) & (sharp[..., :3] < 255)).all(axis=2)
    assert (np.ptp(added, axis=2)[inside] == 0).all()


@pytest.mark.parametrize("times", [1, 2, 4, 8])
def test_the_radius_fits_the_enlargement(times: int) -> None:
    sigma = min(max(0.4 * times, 0.6), 1.6)
    assert f"{sigma:.1f} pixels" in sharpen(enlarged(), times).said
