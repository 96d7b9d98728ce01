"""Contact sheets: pictures with their texts on one page."""

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

_CELL = 512
_MARGIN = 32
_TEXT = 96
_PAPER = (250, 247, 240)
_INK = (40, 36, 34)


@dataclass(frozen=True, slots=True)
class Panel:
    """A picture with a text below it."""

    text: str
    picture: Path


def contact_sheet(title: str, rows: Sequence[Sequence[Panel]]) -> Image.Image:
    """Returns a sheet with a title and centred rows of panels, each 512 pixels wide."""
    pictures = [[_small(panel.picture) for panel in panels] for panels in rows]
    heights = [max((picture.height for picture in row), default=0) for row in pictures]
    width = max(map(len, rows)) * (_CELL + _MARGIN) + _MARGIN
    height = sum(heights) + (len(rows) + 1) * (_TEXT + _MARGIN)
    sheet = Image.new("RGB", (width, height), _PAPER)
    pen = ImageDraw.Draw(sheet)
    pen.text((_MARGIN, _MARGIN), title, fill=_INK, font=ImageFont.load_default(44))
    top = _MARGIN + _TEXT
    for panels, row, tallest in zip(rows, pictures, heights, strict=True):
        left = (width - len(panels) * (_CELL + _MARGIN) + _MARGIN) // 2
        for panel, picture in zip(panels, row, strict=True):
            sheet.paste(picture, (left + (_CELL - picture.width) // 2, top))
            _write(pen, panel.text, left, top + tallest + 12)
            left += _CELL + _MARGIN
        top += tallest + _TEXT + _MARGIN
    return sheet


def _small(path: Path) -> Image.Image:
    with Image.open(path) as picture:
        picture.thumbnail((_CELL, _CELL), Image.Resampling.LANCZOS)
        return picture.convert("RGB")


def _write(pen: ImageDraw.ImageDraw, text: str, left: int, top: int) -> None:
    lines = "\n".join(textwrap.wrap(text, 46)[:3])
    pen.text((left, top), lines, fill=_INK, font=ImageFont.load_default(22))
