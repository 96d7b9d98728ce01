"""Background removal: the ground goes, and the figure stays whole, without a rim."""

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from actors.finishing.background import GRABCUT, SMOOTH, remove_background
from actors.finishing.retouched import Pixels

SIDE = 512
RED = np.array((220, 30, 40), np.float32)
WHITE = (255, 255, 255)
GAP = ((196, 330), (316, 330))
"""The middles of the gaps under the arms, x and y."""


def figure(ground: Pixels, dress: tuple[int, int, int], line: tuple[int, int, int]) -> Pixels:
    """Returns a figure with a head, a dress and arms akimbo, drawn large and then made smaller."""
    picture = cv2.resize(ground, (SIDE * 4, SIDE * 4), interpolation=cv2.INTER_LINEAR)

    def points(*pairs: tuple[int, int]) -> NDArray[np.int32]:
        return np.array(pairs, np.int32) * 4

    body = points((226, 230), (286, 230), (300, 330), (350, 500), (162, 500), (212, 330))
    cv2.fillPoly(picture, [body], dress)
    cv2.polylines(picture, [body], True, line, 10, cv2.LINE_AA)
    for side in (-1, 1):
        arm = points((256 + side * 32, 240), (256 + side * 96, 310), (256 + side * 44, 386))
        for colour, width in ((line, 88), ((235, 190, 160), 72)):
            cv2.polylines(picture, [arm], False, colour, width, cv2.LINE_AA)
    cv2.circle(picture, (1024, 600), 330, (235, 190, 160), -1, cv2.LINE_AA)
    cv2.circle(picture, (1024, 600), 330, line, 10, cv2.LINE_AA)
    for x in (920, 1128):
        cv2.circle(picture, (x, 580), 70, WHITE, -1, cv2.LINE_AA)
        cv2.circle(picture, (x, 580), 30, (60, 40, 30), -1, cv2.LINE_AA)
    return np.asarray(cv2.resize(picture, (SIDE, SIDE), interpolation=cv2.INTER_AREA), np.uint8)


def plain(colour: tuple[int, int, int]) -> Pixels:
    return np.full((SIDE, SIDE, 3), colour, np.uint8)


def shaded() -> Pixels:
    """Returns a ground that gets darker to its edges."""
    y, x = np.mgrid[0:SIDE, 0:SIDE] / SIDE - 0.5
    shade = 1 - 0.3 * (x * x + y * y)
    return np.asarray(np.rint(np.array((250, 240, 205)) * shade[..., None]), np.uint8)


def forest() -> Pixels:
    chance = np.random.default_rng(2)
    coarse = chance.integers(0, 60, (32, 32, 3)) + np.array((20, 90, 30))
    return np.asarray(cv2.resize(coarse.astype(np.uint8), (SIDE, SIDE)), np.uint8)


def naive(pixels: Pixels) -> Pixels:
    """Returns a picture without all that has the colour of its first pixel, everywhere."""
    apart = np.abs(pixels.astype(int) - pixels[0, 0]).max(axis=2)
    return np.dstack((pixels, np.where(apart < 24, 0, 255).astype(np.uint8)))


def alpha_at(pixels: Pixels, x: int, y: int) -> int:
    return int(pixels[y, x, 3])


def on(ground: NDArray[np.float32], pixels: Pixels) -> NDArray[np.float32]:
    share = pixels[..., 3:].astype(np.float32) / 255
    return np.asarray(pixels[..., :3] * share + ground * (1 - share), np.float32)


@pytest.mark.parametrize("ground", [plain((90, 150, 220)), shaded()], ids=["plain", "shaded"])
def test_the_ground_and_the_gaps_under_the_arms_become_transparent(ground: Pixels) -> None:
    found = remove_background(figure(ground, (70, 60, 140), (40, 20, 30)))
    assert found.said == f"by {SMOOTH}"
    assert [alpha_at(found.pixels, *at) for at in ((5, 5), (500, 250), (10, 500), *GAP)] == [0] * 5
    assert [alpha_at(found.pixels, *at) for at in ((256, 150), (256, 400), (230, 145))] == [255] * 3
    # A shaded ground differs from its first pixel: the naive removal leaves some of it.
    if ground[250, 500].tolist() != ground[0, 0].tolist():
        assert alpha_at(naive(figure(ground, (70, 60, 140), (40, 20, 30))), 150, 250) == 255


@pytest.mark.parametrize("line", [(120, 110, 110), (226, 224, 222)], ids=["drawn", "faint"])
def test_a_white_dress_on_white_stays_opaque(line: tuple[int, int, int]) -> None:
    drawn = figure(plain(WHITE), (252, 252, 250), line)
    found = remove_background(drawn)
    dress, eye = (256, 430), (222, 150)
    assert [alpha_at(found.pixels, *at) for at in (dress, eye, (190, 470))] == [255] * 3
    assert [alpha_at(found.pixels, *at) for at in ((5, 5), (60, 400), *GAP)] == [0] * 4
    assert alpha_at(naive(drawn), *dress) == 0


def test_no_dark_rim_is_left_on_red() -> None:
    bright = figure(plain((12, 14, 20)), (250, 240, 200), (250, 240, 200))
    found = remove_background(bright)
    for removed, dark in ((found.pixels, False), (naive(bright), True)):
        light = on(RED, removed) @ np.array((0.299, 0.587, 0.114), np.float32)
        rim = float(light[:, 20:200].min())  # red itself is 88
        assert (rim < 70) is dark


def test_stains_of_the_ground_go_and_a_balloon_stays() -> None:
    cream, stain = (246, 234, 210), (224, 214, 196)
    ground = plain(cream)
    ground[300:306, 40:90] = stain  # apart from the figure
    ground[120:170, 165:180] = stain  # beside its head
    drawn = figure(ground, (70, 60, 140), (40, 20, 30))
    cv2.circle(drawn, (440, 90), 24, (220, 40, 60), -1, cv2.LINE_AA)
    found = remove_background(drawn)
    assert found.said == f"by {SMOOTH}"
    assert [alpha_at(found.pixels, *at) for at in ((65, 303), (168, 150), (5, 5))] == [0] * 3
    assert [alpha_at(found.pixels, *at) for at in ((440, 90), (256, 150), (256, 400))] == [255] * 3


def test_ears_that_reach_the_upper_edge_are_whole() -> None:
    drawn = figure(forest(), (230, 60, 140), (60, 20, 60))
    for x in (200, 312):
        cv2.fillConvexPoly(drawn, np.array(((x - 34, 90), (x, 2), (x + 34, 90))), (235, 190, 160))
    found = remove_background(drawn)
    assert found.said == f"by {GRABCUT}"
    assert [alpha_at(found.pixels, x, 12) for x in (200, 312)] == [255] * 2
    assert alpha_at(found.pixels, 256, 12) == alpha_at(found.pixels, 8, 8) == 0


def test_a_ground_with_texture_is_told_by_grabcut() -> None:
    drawn = figure(forest(), (230, 60, 140), (60, 20, 60))
    found = remove_background(drawn)
    assert found.said == f"by {GRABCUT}"
    assert alpha_at(found.pixels, 8, 8) == alpha_at(found.pixels, 500, 60) == 0
    assert alpha_at(found.pixels, 256, 430) == alpha_at(found.pixels, 256, 200) == 255
    assert alpha_at(naive(drawn), 500, 60) == 255


def test_a_picture_without_a_figure_stays() -> None:
    found = remove_background(plain((90, 150, 220)))
    assert (found.said, found.pixels.shape) == ("", (SIDE, SIDE, 3))
    assert found.left == "no figure can be told from its background"


@pytest.mark.parametrize("shape", [(1, 1), (2, 90), (90, 2), (30, 30)])
def test_small_pictures_pass(shape: tuple[int, int]) -> None:
    remove_background(np.full((*shape, 3), 9, np.uint8))
