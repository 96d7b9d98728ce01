"""Pictures that the server draws: a landscape with a figure, seeded by the prompt."""

import hashlib
import io
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from random import Random

from PIL import Image, ImageDraw, ImageFont

_Colour = tuple[int, int, int]

_SKINS: tuple[_Colour, ...] = ((243, 207, 179), (224, 172, 125), (168, 113, 76), (104, 68, 48))


class PictureFault(StrEnum):
    """The way in which a picture is not what was asked for."""

    NOT_BASE64 = "not_base64"
    NO_PICTURE = "no_picture"  # base64 of something else
    WRONG_SIZE = "wrong_size"
    WRONG_FORMAT = "wrong_format"
    TRUNCATED = "truncated"


@dataclass(frozen=True, slots=True)
class Drawing:
    """What is drawn; `references` are the encoded pictures of the request, in order."""

    prompt: str
    size: tuple[int, int]
    caption: str
    references: Sequence[bytes] = ()
    index: int = 0
    transparent: bool = False


def drawn(drawing: Drawing, format: str, *, compression: int = 100) -> bytes:
    """Returns the encoded picture; equal drawings give equal bytes."""
    return encoded(draw(drawing), format, compression)


def unfinished(drawing: Drawing, format: str, share: float) -> bytes:
    """Returns the encoded picture as it looks when `share` of it, 0 to 1, is done."""
    blocks = draw(drawing).reduce(max(2, round(max(drawing.size) / 32 * (1 - share))))
    return encoded(blocks.resize(drawing.size, Image.Resampling.NEAREST), format, 100)


def spoiled(drawing: Drawing, format: str, fault: PictureFault) -> bytes:
    """Returns bytes in place of the picture; NOT_BASE64 is up to the answer itself."""
    if fault is PictureFault.NO_PICTURE:
        return b"this is not a picture"
    if fault is PictureFault.WRONG_SIZE:
        smaller = draw(drawing).resize((drawing.size[0] // 2, drawing.size[1] // 2))
        return encoded(smaller, format, 100)
    if fault is PictureFault.WRONG_FORMAT:
        return drawn(drawing, "webp" if format == "png" else "png")
    whole = drawn(drawing, format)
    return whole[: len(whole) * 6 // 10] if fault is PictureFault.TRUNCATED else whole


def encoded(picture: Image.Image, format: str, compression: int) -> bytes:
    """Encodes a picture as png, jpeg or webp."""
    file = io.BytesIO()
    if format == "png":
        picture.save(file, "PNG", compress_level=1)
    elif format == "jpeg":
        picture.convert("RGB").save(file, "JPEG", quality=max(1, min(95, compression)))
    else:
        picture.save(file, "WEBP", quality=compression, method=0)
    return file.getvalue()


def draw(drawing: Drawing) -> Image.Image:
    """Draws the landscape, the figure, the references at the top and the caption below."""
    dice = Random(_seed(drawing))
    width, height = drawing.size
    picture = _sky(dice, width, height)
    if drawing.transparent:
        picture = Image.new("RGBA", (width, height), (0, 0, 0, 0))
    pen = ImageDraw.Draw(picture)
    _hills(pen, dice, width, height)
    _figure(pen, dice, width, height)
    _paste(picture, drawing.references)
    _caption(pen, drawing.caption, width, height)
    return picture


def _seed(drawing: Drawing) -> int:
    digest = hashlib.sha256(f"{drawing.index} {drawing.prompt}".encode()).digest()
    return int.from_bytes(digest[:8], "big")


def _sky(dice: Random, width: int, height: int) -> Image.Image:
    """Returns a sky that grows brighter downwards, with a sun."""
    top = _colour(dice, (30, 120), (70, 160), (150, 230))
    column = Image.new("RGB", (1, 64))
    for row in range(64):
        column.putpixel((0, row), _mixed(top, (235, 235, 225), row / 63))
    sky = column.resize((width, height))
    radius = min(width, height) // 10
    x, y = dice.randint(width // 2, width - radius), dice.randint(height // 6, height // 3)
    ImageDraw.Draw(sky).ellipse((x - radius, y - radius, x + radius, y + radius), (255, 236, 150))
    return sky


def _hills(pen: ImageDraw.ImageDraw, dice: Random, width: int, height: int) -> None:
    for layer in range(3):
        ground = _colour(dice, (40, 110), (110 - 20 * layer, 190 - 30 * layer), (40, 100))
        level = height * (55 + 12 * layer) // 100
        swing = height // 10
        points = [(width * step // 8, level + dice.randint(-swing, swing)) for step in range(9)]
        pen.polygon([(0, height), *points, (width, height)], ground)


def _figure(pen: ImageDraw.ImageDraw, dice: Random, width: int, height: int) -> None:
    """Draws somebody in a coat, with hair, arms and legs."""
    tall = height // 3
    x, ground = dice.randint(width // 4, width * 3 // 4), height * 86 // 100
    head, thick = tall // 5, max(4, tall // 20)
    hips, neck = ground - tall // 3, ground - tall + head
    coat = _colour(dice, (150, 230), (40, 120), (40, 160))
    skin, dark = dice.choice(_SKINS), (40, 36, 48)
    for side in (-1, 1):
        foot, hand = x + side * head // 2, x + side * head * 3 // 2
        pen.line((x + side * head // 4, hips, foot, ground), dark, thick)
        pen.line((x, neck + head // 2, hand, neck + head * 3 // 2), coat, thick)
    pen.polygon([(x, neck), (x - head, hips), (x + head, hips)], coat)
    pen.ellipse((x - head // 2, neck - head, x + head // 2, neck), skin)
    pen.pieslice((x - head // 2, neck - head, x + head // 2, neck), 180, 360, dark)


def _paste(picture: Image.Image, references: Sequence[bytes]) -> None:
    """Pastes the pictures of the request in a row along the top, from left to right."""
    edge = picture.width // max(6, len(references))
    for place, reference in enumerate(references):
        with Image.open(io.BytesIO(reference)) as opened:
            small = opened.convert("RGB")
        small.thumbnail((edge - 8, edge - 8))
        picture.paste(small, (place * edge + 4, 4))


def _caption(pen: ImageDraw.ImageDraw, caption: str, width: int, height: int) -> None:
    band = max(24, height // 24)
    pen.rectangle((0, height - band, width, height), (32, 32, 40))
    font = ImageFont.load_default(band * 0.5)
    pen.text((band // 3, height - band * 0.8), f"WIRE STAND-IN  {caption}", (240, 240, 240), font)


def _colour(
    dice: Random, red: tuple[int, int], green: tuple[int, int], blue: tuple[int, int]
) -> _Colour:
    return dice.randint(*red), dice.randint(*green), dice.randint(*blue)


def _mixed(one: _Colour, other: _Colour, share: float) -> _Colour:
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(one, other, strict=True))
    return red, green, blue
