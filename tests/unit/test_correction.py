"""Colour correction: slight faults are put right, and what is meant stays."""

from collections.abc import Callable

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageOps

from actors.finishing.correction import MOST_CLIPPED, correct
from actors.finishing.retouched import Pixels
from tests.colour_difference import difference, difference_of_lab

CHART = (
    ("735244", "c29682", "627a9d", "576c43", "8580b1", "67bdaa"),
    ("d67e2c", "505ba6", "c15a63", "5e3c6c", "9dbc40", "e0a32e"),
    ("383d96", "469449", "af363c", "e7c71f", "bb5695", "0885a1"),
    ("f3f3f2", "c8c8c8", "a0a0a0", "7a7a79", "555555", "343434"),
)
"""The 24 patches of a ColorChecker, in sRGB."""
Floats = NDArray[np.float64]


def chart() -> Pixels:
    patches = np.array([[tuple(bytes.fromhex(one)) for one in row] for row in CHART], np.uint8)
    return patches.repeat(40, 0).repeat(40, 1)


def drawing() -> Pixels:
    """Returns a small landscape with several hues, from near black to near white."""
    picture = np.empty((256, 256, 3), np.uint8)
    picture[:160] = np.linspace((90, 150, 230), (190, 220, 250), 160)[:, None]
    picture[160:] = (96, 170, 70)
    cv2.circle(picture, (200, 50), 26, (250, 215, 70), -1)
    cv2.rectangle(picture, (40, 90), (120, 190), (200, 60, 50), -1)
    cv2.rectangle(picture, (60, 120), (90, 150), (243, 243, 243), -1)
    cv2.rectangle(picture, (95, 150), (115, 190), (3, 3, 3), -1)
    cv2.rectangle(picture, (150, 140), (200, 200), (128, 128, 128), -1)
    return picture


def changed(picture: Pixels, change: Callable[[Floats], Floats]) -> Pixels:
    return np.rint(np.clip(change(picture.astype(np.float64)), 0, 255)).astype(np.uint8)


def night() -> Pixels:
    return changed(drawing(), lambda p: p * (0.18, 0.2, 0.38))


def fog() -> Pixels:
    return changed(drawing(), lambda p: 0.3 * p + 0.7 * 222)


def sepia() -> Pixels:
    return changed(drawing(), lambda p: p.mean(axis=2, keepdims=True) * (1.08, 0.94, 0.74))


def one_hue() -> Pixels:
    return changed(drawing(), lambda p: p.mean(axis=2, keepdims=True) * (0.55, 0.8, 1.0))


def cream() -> Pixels:
    """Returns grey figures on cream paper, where only the paper is tinted."""
    picture = np.full((256, 256, 3), (250, 240, 218), np.uint8)
    for at, level in enumerate((40, 90, 140, 190)):
        cv2.circle(picture, (40 + 56 * at, 128), 22, (level, level, level), -1)
    return picture


MEANT = [night, fog, sepia, one_hue, cream]


def clipped(pixels: Pixels) -> float:
    return float(((pixels == 0) | (pixels == 255)).any(axis=2).mean())


def naive(pixels: Pixels) -> Pixels:
    """Returns a picture corrected as many programs do: each channel is stretched by itself."""
    return np.asarray(ImageOps.autocontrast(Image.fromarray(pixels), cutoff=1))


def test_the_measure_of_colours_is_that_of_its_authors() -> None:
    # The first, the seventh and the last three of the pairs that the authors publish.
    ones = (
        (50, 2.6772, -79.7751),
        (50, 0, 0),
        (90.9257, -0.5406, -0.9208),
        (6.7747, -0.2908, -2.4247),
        (2.0776, 0.0795, -1.135),
    )
    others = (
        (50, 0, -82.7485),
        (50, -1, 2),
        (88.6381, -0.8985, -0.7239),
        (5.8714, -0.0985, -2.2286),
        (0.9033, -0.0636, -0.5514),
    )
    found = difference_of_lab(np.array(ones, np.float64), np.array(others, np.float64))
    assert found == pytest.approx((2.0425, 2.3669, 1.5381, 0.6377, 0.9082), abs=1e-4)


def test_a_drawn_colour_chart_stays_as_it_is() -> None:
    assert correct(chart()).said == ""
    assert (correct(chart()).pixels == chart()).all()
    assert difference(naive(chart()), chart()).mean() > 2


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(lambda p: p * (1.03, 1.0, 0.95), id="warm"),
        pytest.param(lambda p: p * (0.96, 1.0, 1.03), id="cold"),
        pytest.param(lambda p: p * (0.97, 1.0, 0.97), id="green"),
        pytest.param(lambda p: p * 0.945, id="greyish white"),
    ],
)
def test_a_chart_with_a_fault_comes_out_right(fault: Callable[[Floats], Floats]) -> None:
    faulty = changed(chart(), fault)
    found = correct(faulty)
    assert found.said
    after, before = (difference(each, chart()).mean() for each in (found.pixels, faulty))
    assert after <= 2
    assert after < before * 0.6


def test_a_greyish_black_becomes_black() -> None:
    faulty = changed(drawing(), lambda p: 12 + p * (243 / 255))
    found = correct(faulty)
    assert "black from" in found.said
    assert difference(found.pixels, drawing()).mean() < difference(faulty, drawing()).mean() * 0.6


@pytest.mark.parametrize("picture", MEANT)
def test_what_is_meant_is_not_corrected_away(picture: Callable[[], Pixels]) -> None:
    drawn = picture()
    assert difference(correct(drawn).pixels, drawn).mean() < 0.5
    # The naive correction takes the mood away.
    assert difference(naive(drawn), drawn).mean() > 3


def test_few_pixels_are_clipped() -> None:
    # A greyish white of which much is a little lighter, and a cast that pushes one channel up.
    picture = changed(drawing(), lambda p: p * 0.93)
    picture[:20] = (251, 250, 249)
    for faulty in (picture, changed(chart(), lambda p: p * (1.03, 1.0, 0.95))):
        assert clipped(correct(faulty).pixels) <= clipped(faulty) + MOST_CLIPPED
    assert clipped(naive(picture)) > clipped(picture) + MOST_CLIPPED


def test_a_picture_of_another_size_is_corrected_alike() -> None:
    faulty = changed(chart(), lambda p: p * (1.03, 1.0, 0.95))
    large = correct(faulty.repeat(5, 0).repeat(5, 1)).pixels
    assert np.abs(large[::5, ::5].astype(int) - correct(faulty).pixels).max() <= 1


def test_pictures_of_one_pixel_and_of_one_colour_pass() -> None:
    for size in ((1, 1), (1, 900), (64, 64)):
        pixels = np.full((*size, 3), 200, np.uint8)
        assert (correct(pixels).pixels == pixels).all()
