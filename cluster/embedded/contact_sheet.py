"""Contact sheets: pictures with their texts on one page, and a badge on those not checked."""

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
_FADED = (128, 92, 70)
_WARNING = (176, 32, 32)
_LOST = 72
_BADGE = 30
_MARK = "NOT CHECKED"
_CHECKED = 'imggen:pictureCheck="CHECKED"'
"""What the files of imggen say in their XMP of a picture that a classifier has looked at."""


@dataclass(frozen=True, slots=True)
class Panel:
    """A picture with a text below it, and below that what is not shown of it, or unsure."""

    text: str
    picture: Path
    lost: str = ""


def contact_sheet(title: str, rows: Sequence[Sequence[Panel]]) -> Image.Image:
    """Returns a sheet with a title and centred rows of panels, each 512 pixels wide."""
    pictures = [[_marked(panel.picture) for panel in panels] for panels in rows]
    heights = [max((picture.height for picture in row), default=0) for row in pictures]
    width = max(map(len, rows)) * (_CELL + _MARGIN) + _MARGIN
    below = [_TEXT + (_LOST if any(one.lost for one in row) else 0) for row in rows]
    height = sum(heights) + sum(below) + _TEXT + (len(rows) + 1) * _MARGIN
    sheet = Image.new("RGB", (width, height), _PAPER)
    pen = ImageDraw.Draw(sheet)
    pen.text((_MARGIN, _MARGIN), title, fill=_INK, font=ImageFont.load_default(44))
    top = _MARGIN + _TEXT
    for panels, row, tallest, texts in zip(rows, pictures, heights, below, strict=True):
        left = (width - len(panels) * (_CELL + _MARGIN) + _MARGIN) // 2
        for panel, picture in zip(panels, row, strict=True):
            sheet.paste(picture, (left + (_CELL - picture.width) // 2, top))
            _write(pen, panel, left, top + tallest + 12)
            left += _CELL + _MARGIN
        top += tallest + texts + _MARGIN
    return sheet


def _marked(path: Path) -> Image.Image:
    """Returns a small picture, with a badge below it unless its file says that it is checked."""
    with Image.open(path) as picture:
        is_checked = _CHECKED in _xmp(picture)
        picture.thumbnail((_CELL, _CELL), Image.Resampling.LANCZOS)
        small = picture.convert("RGB")
    return small if is_checked else _stamped(small)


def _xmp(picture: Image.Image) -> str:
    packet = picture.info.get("xmp", b"")
    return packet.decode(errors="replace") if isinstance(packet, bytes) else str(packet)


def _stamped(picture: Image.Image) -> Image.Image:
    """Returns a picture with a badge below it, which hides nothing of it."""
    stamped = Image.new("RGB", (picture.width, picture.height + _BADGE), _PAPER)
    stamped.paste(picture)
    pen, font = ImageDraw.Draw(stamped), ImageFont.load_default(18)
    left, top, right, bottom = pen.textbbox((0, 0), _MARK, font=font)
    pen.rectangle((0, picture.height, right - left + 20, stamped.height - 1), fill=_WARNING)
    middle = picture.height + (_BADGE - bottom + top) // 2
    pen.text((10 - left, middle - top), _MARK, fill="white", font=font)
    return stamped


def _write(pen: ImageDraw.ImageDraw, panel: Panel, left: int, top: int) -> None:
    lines = "\n".join(_lines(panel.text, 46, 3))
    pen.text((left, top), lines, fill=_INK, font=ImageFont.load_default(22))
    lost = "\n".join(_lines(panel.lost, 58, 3))
    pen.text((left, top + _TEXT), lost, fill=_FADED, font=ImageFont.load_default(17))


def _lines(text: str, width: int, most: int) -> list[str]:
    return textwrap.wrap(text, width, max_lines=most, placeholder=" \u2026")
