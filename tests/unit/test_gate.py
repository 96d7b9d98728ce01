"""The picture gate, on pictures of a few lines; `tests/recipe/test_gate.py` has drawings."""

from io import BytesIO

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from actors.engine.render import PictureBroken
from actors.finishing.forms import PictureRefused
from actors.finishing.gate import check_picture
from actors.finishing.quality import FLOOR, quality_of
from actors.testing.stored import draw_pictures
from imggen.v1.errors_pb2 import ErrorReason

Pixels = NDArray[np.uint8]


def png(image: Image.Image) -> bytes:
    buffer = BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


def noise(low: int, high: int, width: int = 256, height: int = 256) -> Pixels:
    return np.random.default_rng(3).integers(low, high, (height, width, 3), np.uint8)


@pytest.mark.parametrize(
    ("pixels", "fault"),
    [
        (np.zeros((256, 256, 3), np.uint8), "near black"),
        (noise(0, 20), "near black"),
        (np.full((256, 256, 3), 255, np.uint8), "of one colour"),
        (np.full((256, 256, 3), (200, 30, 40), np.uint8), "of one colour"),
        (noise(120, 130), "of one colour"),
        (noise(0, 256), "noise"),
        (noise(0, 256, 384, 320), "noise"),
        (noise(0, 256, 8, 8), "noise"),
    ],
)
def test_a_picture_that_shows_nothing_has_a_fault(pixels: Pixels, fault: str) -> None:
    assert quality_of(pixels).fault == fault


def test_large_noise_is_no_picture_either() -> None:
    assert quality_of(noise(0, 256, 1536, 1024)).fault is not None


def test_a_small_thing_on_a_plain_ground_is_a_picture() -> None:
    image = Image.new("RGB", (512, 512), "white")
    ImageDraw.Draw(image).ellipse((230, 230, 310, 310), fill="lightblue")
    assert quality_of(np.asarray(image)).fault is None


def test_a_light_in_the_dark_is_a_picture() -> None:
    image = Image.new("RGB", (512, 512), (2, 2, 8))
    ImageDraw.Draw(image).ellipse((300, 60, 370, 130), fill="lightyellow")
    check_picture(png(image))


def test_a_broken_picture_is_refused_with_its_size_and_fault() -> None:
    with pytest.raises(PictureBroken, match="the model's picture of 64x32 is of one col") as raised:
        check_picture(png(Image.new("RGB", (64, 32), "red")))
    assert raised.value.reason == ErrorReason.ERROR_REASON_PICTURE_BROKEN


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("kind", ["whole", "tiles", "rows", "one tile", "hole", "plain"])
def test_a_picture_in_pieces_is_below_the_floor(seed: int, kind: str) -> None:
    score = quality_of(damaged(scene(seed), kind)).score
    assert (score > FLOOR) is (kind == "whole")


def scene(seed: int) -> Pixels:
    """Returns a scene of 256x256: things of many colours in front of a sky and a hill."""
    chance = np.random.default_rng(seed)
    image = Image.linear_gradient("L").convert("RGB")
    draw = ImageDraw.Draw(image)
    draw.ellipse((-60, 150, 320, 400), fill=(90, 150, 70))
    for left, top, width, height in chance.integers((0, 20, 20, 20), (220, 220, 70, 70), (40, 4)):
        colour = tuple(chance.integers(20, 235, 3).tolist())
        draw.ellipse((left, top, left + width, top + height), fill=colour)
    return np.asarray(image)


def damaged(pixels: Pixels, kind: str) -> Pixels:
    """Returns a picture of 256x256 with damage that leaves its colours as they are."""
    made, chance = pixels.copy(), np.random.default_rng(5)
    match kind:
        case "tiles":
            parts = pixels.reshape(4, 64, 4, 64, 3).swapaxes(1, 2).reshape(16, 64, 64, 3)
            moved = parts[chance.permutation(16)].reshape(4, 4, 64, 64, 3)
            return np.ascontiguousarray(moved.swapaxes(1, 2).reshape(256, 256, 3))
        case "rows":
            return np.stack([np.roll(row, chance.integers(256), axis=0) for row in pixels])
        case "one tile":
            return np.tile(pixels[96:160, 96:160], (4, 4, 1))
        case "hole":
            made[64:192, 64:192] = 127
        case "plain":
            made[:] = pixels[96:160, 96:160].mean(axis=(0, 1)).astype(np.uint8)
    return made


def test_bytes_that_are_no_picture_are_refused_as_such() -> None:
    with pytest.raises(PictureRefused, match="are no picture"):
        check_picture(b"no picture")


def test_the_pictures_of_load_tests_are_pictures() -> None:
    for picture in draw_pictures(8, 256):
        check_picture(picture)
