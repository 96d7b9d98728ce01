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
    width = max(map(len, rows)) * (_CELL + _MARGIN) + _MARGIN
    height = len(rows) * (_CELL + _TEXT + _MARGIN) + _TEXT + _MARGIN
    sheet = Image.new("RGB", (width, height), _PAPER)
    pen = ImageDraw.Draw(sheet)
    pen.text((_MARGIN, _MARGIN), title, fill=_INK, font=ImageFont.load_default(44))
    for row, panels in enumerate(rows):
        top = _MARGIN + _TEXT + row * (_CELL + _TEXT + _MARGIN)
        first = (width - len(panels) * (_CELL + _MARGIN) + _MARGIN) // 2
        for column, panel in enumerate(panels):
            _draw(sheet, pen, panel, first + column * (_CELL + _MARGIN), top)
    return sheet


def _draw(sheet: Image.Image, pen: ImageDraw.ImageDraw, panel: Panel, left: int, top: int) -> None:
    with Image.open(panel.picture) as picture:
        picture.thumbnail((_CELL, _CELL), Image.Resampling.LANCZOS)
        sheet.paste(picture.convert("RGB"), (left + (_CELL - picture.width) // 2, top))
    text = "\n".join(textwrap.wrap(panel.text, 46)[:3])
    pen.text((left, top + _CELL + 12), text, fill=_INK, font=ImageFont.load_default(22))
