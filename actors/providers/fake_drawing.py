"""The fake provider's pictures: a sky, a ground, and a figure for each character."""

import hashlib
from collections.abc import Sequence
from io import BytesIO
from random import Random

from PIL import Image, ImageDraw, ImageFilter

from server.domain.characters import Description
from server.domain.models import Size

_PREVIEW_SIDE = 256
_HORIZON = 0.66


def draw(digest: bytes, looks: Sequence[Description], size: Size) -> Image.Image:
    """Draws a picture whose place is from the digest, and whose people are from their looks.

    A character has the same colours on every picture; `looks` are from left to right.
    """
    random = Random(digest)
    picture = Image.new("RGB", (size.width, size.height), _colour(random, 85))
    brush = ImageDraw.Draw(picture)
    horizon = round(size.height * _HORIZON)
    _draw_disc(brush, random.uniform(0.1, 0.9) * size.width, horizon * 0.3, size, random)
    brush.rectangle((0, horizon, size.width, size.height), fill=_colour(random, 35))
    for place, one in enumerate(looks):
        column = size.width / len(looks)
        _draw_figure(brush, one, (place + 0.5) * column, min(column, size.height * 0.7), size)
    return picture


def to_png(picture: Image.Image) -> bytes:
    """Returns a picture as a PNG."""
    buffer = BytesIO()
    picture.save(buffer, "PNG", compress_level=1)
    return buffer.getvalue()


def preview_of(picture: Image.Image, left: int) -> bytes:
    """Returns a small JPEG of a picture, the less sharp the more steps are left."""
    small = picture.copy()
    small.thumbnail((_PREVIEW_SIDE, _PREVIEW_SIDE))
    buffer = BytesIO()
    small.filter(ImageFilter.GaussianBlur(left)).save(buffer, "JPEG")
    return buffer.getvalue()


def _draw_disc(brush: ImageDraw.ImageDraw, x: float, y: float, size: Size, random: Random) -> None:
    radius = min(size.width, size.height) * 0.09
    brush.ellipse((x - radius, y - radius, x + radius, y + radius), fill=_colour(random, 60))


def _draw_figure(
    brush: ImageDraw.ImageDraw, looks: Description, x: float, wide: float, size: Size
) -> None:
    """Draws hair, a head and a body on the middle of a column."""
    random = Random(hashlib.sha256(repr(looks).encode()).digest())
    hair, skin, clothing = (_colour(random, lightness) for lightness in (30, 75, 50))
    head = wide * 0.16
    top = size.height * 0.92 - wide * 0.9
    middle = top + head
    brush.ellipse((x - head * 1.3, middle - head * 1.3, x + head * 1.3, middle + head), fill=hair)
    foot = size.height * 0.92
    brush.polygon(
        [(x, middle + head * 0.5), (x - head * 1.7, foot), (x + head * 1.7, foot)], fill=clothing
    )
    brush.ellipse((x - head, middle - head * 0.8, x + head, middle + head * 1.2), fill=skin)
    for eye in (-0.4, 0.4):
        dot = head * 0.12
        at = x + eye * head
        brush.ellipse((at - dot, middle - dot, at + dot, middle + dot), fill="black")


def _colour(random: Random, lightness: int) -> str:
    return f"hsl({random.randrange(360)}, 65%, {lightness}%)"
