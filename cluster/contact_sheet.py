"""Contact sheets: pictures with their texts, on one page to look at."""

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
    """Is a picture with the text below it."""

    text: str
    picture: Path


def contact_sheet(title: str, panels: Sequence[Panel], columns: int) -> Image.Image:
    """Returns the panels in rows of `columns`, 512 pixels wide each, below a title."""
    rows = -(-len(panels) // columns)
    width = columns * (_CELL + _MARGIN) + _MARGIN
    sheet = Image.new("RGB", (width, rows * (_CELL + _TEXT + _MARGIN) + _TEXT + _MARGIN), _PAPER)
    pen = ImageDraw.Draw(sheet)
    pen.text((_MARGIN, _MARGIN), title, fill=_INK, font=ImageFont.load_default(44))
    for index, panel in enumerate(panels):
        row, column = divmod(index, columns)
        left = _MARGIN + column * (_CELL + _MARGIN)
        top = _MARGIN + _TEXT + row * (_CELL + _TEXT + _MARGIN)
        _draw(sheet, pen, panel, left, top)
    return sheet


def _draw(sheet: Image.Image, pen: ImageDraw.ImageDraw, panel: Panel, left: int, top: int) -> None:
    with Image.open(panel.picture) as picture:
        picture.thumbnail((_CELL, _CELL), Image.Resampling.LANCZOS)
        sheet.paste(picture.convert("RGB"), (left + (_CELL - picture.width) // 2, top))
    text = "\n".join(textwrap.wrap(panel.text, 46)[:3])
    pen.text((left, top + _CELL + 12), text, fill=_INK, font=ImageFont.load_default(22))
