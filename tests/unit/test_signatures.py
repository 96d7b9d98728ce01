"""Signatures: those that a model paints into a corner go, and all else in a corner stays."""

from collections.abc import Callable, Sequence
from random import Random

import cv2
import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from actors.finishing.retouched import Pixels
from actors.finishing.signatures import remove_signatures, signatures
from recipe.illustrator import Illustrator
from recipe.illustrator.sampling import PORTRAITS, sample_scene

SIDE = 512
BLADE = (30, 110, 40)


def ground() -> Pixels:
    """Returns a sky over a meadow, both smooth."""
    picture = np.empty((SIDE, SIDE, 3), np.uint8)
    picture[:300] = np.linspace((70, 120, 200), (200, 225, 245), 300)[:, None]
    picture[300:] = np.linspace((120, 180, 90), (90, 150, 70), SIDE - 300)[:, None]
    cv2.circle(picture, (256, 260), 90, (220, 90, 60), -1)
    return picture


def written(picture: Pixels, at: tuple[int, int], colour: Sequence[int], words: str) -> Pixels:
    image = Image.fromarray(picture)
    ImageDraw.Draw(image).text(at, words, tuple(colour), ImageFont.load_default(26))
    return np.array(image)


def scribbled(picture: Pixels, at: tuple[int, int], colour: Sequence[int]) -> Pixels:
    """Returns a picture with a name in one line of loops, as by a quick hand."""
    turns = np.linspace(0, 14 * np.pi, 400)
    x = at[0] + turns * 2.3 + 6 * np.sin(turns)
    y = at[1] + 9 * np.cos(turns) * np.linspace(1.2, 0.5, 400)
    line = np.stack((x, y), 1).round().astype(np.int32)
    return np.asarray(cv2.polylines(picture.copy(), [line], False, tuple(colour), 2, cv2.LINE_AA))


SIGNED: dict[str, Callable[[Pixels], Pixels]] = {
    "below, right": lambda p: written(p, (344, 466), (20, 40, 20), "M. Lindqvist"),
    "below, left": lambda p: written(p, (22, 466), (240, 245, 235), "shutterpix"),
    "above, right": lambda p: written(p, (368, 20), (250, 250, 250), "art by Noa"),
    "loops": lambda p: scribbled(p, (360, 480), (25, 30, 25)),
}


def moon(picture: Pixels) -> Pixels:
    cv2.circle(picture, (440, 60), 30, (250, 245, 215), -1)
    cv2.circle(picture, (452, 54), 27, picture[54, 380].tolist(), -1)
    return picture


def stars(picture: Pixels) -> Pixels:
    chance = Random(4)
    for _ in range(24):
        cv2.circle(
            picture, (chance.randrange(330, 505), chance.randrange(6, 90)), 2, (255,) * 3, -1
        )
    return picture


def grass(picture: Pixels) -> Pixels:
    """Draws a tuft of blades in a line, as long as a name and alone."""
    for at in range(370, 480, 7):
        cv2.line(picture, (at, 490), (at + at % 5 - 2, 470 - at % 7), BLADE, 2, cv2.LINE_AA)
    return picture


def fence(picture: Pixels) -> Pixels:
    for at in range(350, 500, 14):
        cv2.line(picture, (at, 450), (at, 495), (250, 250, 250), 3)
    for height in (462, 482):
        cv2.line(picture, (345, height), (505, height), (250, 250, 250), 3)
    return picture


def waves(picture: Pixels) -> Pixels:
    for row in range(445, 505, 10):
        x = np.arange(340, 500)
        line = np.stack((x, row + 3 * np.sin(x / 5)), 1).round().astype(np.int32)
        cv2.polylines(picture, [line], False, (240, 250, 255), 2, cv2.LINE_AA)
    return picture


def face(picture: Pixels) -> Pixels:
    """Draws a small face with glasses, whose strokes are as those of letters."""
    cv2.circle(picture, (445, 455), 42, (235, 190, 160), -1)
    for x in (428, 462):
        cv2.circle(picture, (x, 448), 12, (30, 20, 20), 2, cv2.LINE_AA)
        cv2.circle(picture, (x, 448), 4, (40, 90, 160), -1)
    cv2.line(picture, (440, 448), (450, 448), (30, 20, 20), 2)
    cv2.ellipse(picture, (445, 470), (14, 8), 0, 0, 180, (160, 40, 50), 2, cv2.LINE_AA)
    return picture


def sparkle(picture: Pixels) -> Pixels:
    """Draws the star of four points by which a provider says that a picture is generated."""
    star = np.array(
        (
            (460, 446),
            (466, 464),
            (484, 470),
            (466, 476),
            (460, 494),
            (454, 476),
            (436, 470),
            (454, 464),
        )
    )
    cv2.fillPoly(picture, [star.astype(np.int32)], (250, 250, 250))
    return picture


def label(picture: Pixels) -> Pixels:
    """Draws the two letters by which a picture is marked as generated."""
    return written(picture, (460, 466), (250, 250, 250), "AI")


LEFT = [moon, stars, grass, fence, waves, face, sparkle, label]


def naive(pixels: Pixels) -> Pixels:
    """Returns a picture with every thin stroke in its corners painted over."""
    luma = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
    square = np.ones((9, 9), np.uint8)
    hats = [cv2.morphologyEx(luma, way, square) for way in (cv2.MORPH_TOPHAT, cv2.MORPH_BLACKHAT)]
    mask = ((hats[0] > 24) | (hats[1] > 24)).astype(np.uint8)
    mask[100:412] = 0
    mask[:, 215:297] = 0
    return np.asarray(cv2.inpaint(pixels, cv2.dilate(mask, square), 5, cv2.INPAINT_TELEA))


def apart(one: Pixels, other: Pixels) -> int:
    return int(np.abs(one.astype(int) - other).max())


@pytest.mark.parametrize("sign", SIGNED.values(), ids=SIGNED)
@pytest.mark.parametrize("times", [0.5, 1, 2])
def test_a_signature_goes_and_its_ground_stays(
    sign: Callable[[Pixels], Pixels], times: float
) -> None:
    size = (round(SIDE * times), round(SIDE * times))
    plain, signed = (
        np.asarray(cv2.resize(one, size, interpolation=cv2.INTER_AREA), np.uint8)
        for one in (ground(), sign(ground()))
    )
    found = remove_signatures(signed)
    assert found.said.startswith("painted over: ")
    assert apart(signed, plain) > 80
    assert apart(found.pixels, plain) < 16


@pytest.mark.parametrize("draw", LEFT)
def test_other_detail_of_a_corner_stays(draw: Callable[[Pixels], Pixels]) -> None:
    picture = draw(ground())
    found = remove_signatures(picture)
    assert (found.said, apart(found.pixels, picture)) == ("", 0)


@pytest.mark.parametrize("draw", [stars, grass, fence, waves, face])
def test_the_naive_removal_paints_over_other_detail(draw: Callable[[Pixels], Pixels]) -> None:
    picture = draw(ground())
    assert apart(naive(picture), picture) > 60


def test_faces_in_the_corners_of_drawings_stay() -> None:
    chance, illustrator = Random(11), Illustrator()
    for _ in range(6):
        drawn = illustrator.draw(sample_scene(chance, PORTRAITS)).image
        side = drawn.shape[0]
        # The face, whole, in each corner of a larger plain picture, and small.
        figure = cv2.resize(drawn, (side // 2, side // 2), interpolation=cv2.INTER_AREA)
        for top in (0, side + side // 2):
            for left in (0, side + side // 2):
                page = np.full((2 * side, 2 * side, 3), drawn[2, 2], np.uint8)
                page[top : top + side // 2, left : left + side // 2] = figure
                assert not list(signatures(page))


def test_all_sides_and_sizes_pass() -> None:
    for shape in ((1, 1), (3, 700), (700, 3), (40, 40)):
        pixels = np.full((*shape, 3), 120, np.uint8)
        assert not remove_signatures(pixels).said
