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
Colour = int | str | tuple[int, int, int]
Area = tuple[str, tuple[int, int, int, int], Colour]


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


def drawn(ground: str | tuple[int, int, int], *areas: Area) -> Image.Image:
    """Returns a drawing of 512x512: rectangles and ellipses of one colour, soft at their edges."""
    image = Image.new("RGB", (1024, 1024), ground)
    draw = ImageDraw.Draw(image)
    for kind, box, colour in areas:
        shape = draw.rectangle if kind == "box" else draw.ellipse
        shape([2 * each for each in box], fill=colour)
    return image.resize((512, 512), Image.Resampling.BOX)


def textured(seed: int = 5) -> Image.Image:
    """Returns a picture of 512x512 as of leaves and stones: no two pixels are alike."""
    chance, made = np.random.default_rng(seed), np.zeros((512, 512, 3))
    for side, weight in ((4, 0.5), (12, 0.25), (40, 0.15), (128, 0.1)):
        small = Image.fromarray(chance.integers(0, 256, (side, side, 3), np.uint8))
        made += weight * np.asarray(small.resize((512, 512), Image.Resampling.BICUBIC))
    return Image.fromarray(made.clip(0, 255).astype(np.uint8))


def on_page(page: str, box: tuple[int, int], at: tuple[int, int]) -> Image.Image:
    """Returns a textured picture on a page of one colour, where its text will be."""
    image = Image.new("RGB", (512, 512), page)
    image.paste(textured().resize(box), at)
    return image


def lines_on_paper() -> Image.Image:
    image = Image.new("RGB", (512, 512), (252, 252, 250))
    draw = ImageDraw.Draw(image)
    draw.ellipse((180, 150, 330, 300), outline=(120, 120, 120))
    for end in ((255, 420), (210, 490), (300, 490)):
        draw.line(((255, 300), end), fill=(120, 120, 120))
    return image


def stars() -> Image.Image:
    moon: Area = ("disc", (400, 50, 440, 90), (250, 250, 210))
    image = drawn((4, 6, 18), moon)
    for left, top in np.random.default_rng(2).integers(0, 512, (120, 2)).tolist():
        image.putpixel((left, top), (255, 255, 220))
    return image


def room() -> Image.Image:
    """Returns an empty room, most of whose edges go across and down."""
    image = Image.new("RGB", (512, 512), (240, 235, 220))
    draw = ImageDraw.Draw(image)
    for at in range(0, 512, 64):
        draw.line((at, 256, at, 512), fill=(150, 150, 150), width=2)
        draw.line((0, 256 + at // 2, 512, 256 + at // 2), fill=(150, 150, 150), width=2)
    draw.rectangle((300, 150, 420, 400), fill=(200, 60, 60))
    return image


def boxes(side: int, every: int, colour: Colour) -> list[Area]:
    """Returns rectangles all over 512x512, every second of a line, as on a chessboard."""
    return [
        ("box", (x + y % (2 * every), y, x + y % (2 * every) + side - 1, y + side - 1), colour)
        for y in range(0, 512, every)
        for x in range(0, 512, 2 * every)
    ]


def painted(image: Image.Image) -> Image.Image:
    """Returns a drawing with a little grain, as models paint it: no area is of one colour."""
    grain = np.random.default_rng(7).normal(0, 2, (image.height, image.width, 3))
    return Image.fromarray((np.asarray(image) + grain).clip(0, 255).astype(np.uint8))


def night() -> Image.Image:
    """Returns black hills and a tree before an evening sky, most of which they cover."""
    sky = np.zeros((512, 512, 3), np.uint8)
    sky[:] = np.linspace((20, 25, 70), (120, 70, 60), 512)[:, None]
    image = Image.fromarray(sky)
    draw = ImageDraw.Draw(image)
    draw.polygon(
        [(0, 200), (120, 110), (260, 190), (400, 120), (512, 180), (512, 512), (0, 512)], 0
    )
    draw.ellipse((290, 30, 420, 160), fill=0)
    return image


def fabric() -> Image.Image:
    """Returns leaves and berries, eight times across and down."""
    places = [(x, y) for x in range(0, 512, 64) for y in range(0, 512, 64)]
    leaves: list[Area] = [("disc", (x + 6, y + 10, x + 46, y + 26), "#5a9650") for x, y in places]
    berries: list[Area] = [("disc", (x + 38, y + 40, x + 54, y + 56), "#c83c3c") for x, y in places]
    return drawn((235, 240, 225), *leaves, *berries)


def pixel_art() -> Image.Image:
    """Returns a house under a dithered sky, in 32x32 squares."""
    squares = np.full((32, 32, 3), (120, 190, 250), np.uint8)
    squares[:12:2, ::2] = squares[1:12:2, 1::2] = (90, 150, 230)
    squares[24:] = (90, 170, 70)
    squares[14:26, 8:22] = (220, 60, 60)
    squares[18:22, 11:14] = squares[18:22, 16:19] = (255, 230, 90)
    return Image.fromarray(squares).resize((512, 512), Image.Resampling.NEAREST)


def comic(gutter: str) -> Image.Image:
    image = Image.new("RGB", (512, 512), gutter)
    for number, at in enumerate(((8, 8), (260, 8), (8, 260), (260, 260))):
        image.paste(textured(20 + number).resize((244, 244)), at)
    return image


def window() -> Image.Image:
    """Returns a view through a window with a cross."""
    image = textured()
    image.paste((245, 243, 238), (246, 0, 266, 512))
    image.paste((245, 243, 238), (0, 246, 512, 266))
    return painted(image)


def planks() -> Image.Image:
    """Returns boards with grain in them: lines that go down a little, each by its own slope."""
    image, chance = Image.new("RGB", (1024, 1024), (170, 120, 70)), np.random.default_rng(15)
    draw = ImageDraw.Draw(image)
    for top, by in zip(range(8, 1024, 17), chance.integers(-6, 6, 60).tolist(), strict=True):
        draw.line((0, top, 1024, top + by), fill=(150, 100, 55), width=2)
    for top in range(97, 1024, 100):
        draw.line((0, top, 1024, top), fill=(70, 45, 25), width=6)
    return image.resize((512, 512), Image.Resampling.BOX)


def fence() -> Image.Image:
    posts: list[Area] = [("box", (x, 200, x + 20, 420), (250, 250, 250)) for x in range(0, 512, 32)]
    field: Area = ("box", (0, 300, 512, 512), (90, 160, 80))
    return drawn((140, 200, 240), field, *posts)


ART = {
    "a flag": lambda: drawn(
        "white",
        ("box", (0, 0, 512, 170), (0, 85, 164)),
        ("box", (0, 342, 512, 512), (239, 65, 53)),
    ),
    "a beach": lambda: drawn(
        (120, 200, 240),
        ("box", (0, 260, 512, 360), (30, 120, 200)),
        ("box", (0, 360, 512, 512), (240, 220, 160)),
        ("disc", (380, 40, 460, 120), (255, 230, 90)),
    ),
    "room for text below": lambda: on_page("white", (512, 300), (0, 0)),
    "room for text above": lambda: on_page("#fffaf0", (512, 340), (0, 172)),
    "a page beside": lambda: on_page("#fffaf0", (300, 512), (0, 0)),
    "bars as of a film": lambda: on_page("black", (512, 384), (0, 64)),
    "a poster of pure colours": lambda: drawn(
        (255, 0, 0),
        ("disc", (100, 100, 400, 400), (255, 255, 0)),
        ("disc", (170, 180, 210, 220), 0),
    ),
    "shadows in black on white": lambda: drawn(
        "white", ("box", (0, 400, 512, 512), 0), ("disc", (200, 220, 300, 420), 0)
    ),
    "thin lines on paper": lines_on_paper,
    "stars": stars,
    "a room": room,
    "a fence": fence,
    "black hills at night": night,
    "a chessboard": lambda: drawn((230, 200, 150), *boxes(64, 64, (120, 70, 40))),
    "a chessboard in black and white": lambda: drawn("white", *boxes(64, 64, 0)),
    "a fabric": fabric,
    "a fabric, painted": lambda: painted(fabric()),
    "pixel art": pixel_art,
    "a comic": lambda: comic("white"),
    "a comic on black": lambda: comic("black"),
    "a window with a cross": window,
    "a flag with a cross": lambda: drawn(
        (0, 106, 167),
        ("box", (160, 0, 219, 512), (254, 204, 0)),
        ("box", (0, 226, 512, 285), (254, 204, 0)),
    ),
    "pale stripes": lambda: drawn(
        (250, 240, 220), *(("box", (x, 0, x + 15, 512), "#aac8b4") for x in range(0, 512, 32))
    ),
    "planks": planks,
}


@pytest.mark.parametrize("name", ART)
def test_plain_art_is_whole(name: str) -> None:
    quality = quality_of(np.asarray(ART[name]().convert("RGB")))
    assert quality.fault is None, quality


def test_a_picture_that_ends_in_grey_or_in_a_hole_is_not_taken_for_art() -> None:
    for colour, box in (("#303030", (0, 300, 512, 512)), ("white", (100, 100, 340, 340))):
        image = textured()
        image.paste(colour, box)
        assert quality_of(np.asarray(image)).fault == "cut off"


def test_a_broken_picture_is_refused_with_its_size_and_fault() -> None:
    with pytest.raises(PictureBroken, match="the model's picture of 64x32 is of one col") as raised:
        check_picture(png(Image.new("RGB", (64, 32), "red")))
    assert raised.value.reason == ErrorReason.ERROR_REASON_PICTURE_BROKEN


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("kind", ["whole", "tiles", "rows", "one tile", "hole", "plain", "stride"])
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
        case "stride":
            return np.stack([np.roll(row, 24 * at, axis=0) for at, row in enumerate(pixels)])
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
