"""Grids: pictures below and beside each other, for inspection."""

from collections.abc import Sequence
from io import BytesIO
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

SHOWN = 24
"""The pictures of a row that a grid shows."""
Picture = NDArray[np.uint8]


def write_grid(
    file: Path, rows: Sequence[NDArray[np.uint8] | Sequence[Picture]], columns: int = 8
) -> None:
    """Writes rows of pictures, those of one column below each other."""
    count = min(SHOWN, len(rows[0]))
    lines = []
    for first in range(0, count, columns):
        for row in rows:
            shown = row[first : min(first + columns, count)]
            blank = np.full((columns - len(shown), *row[0].shape), 255, np.uint8)
            lines.append(np.hstack([*shown, *blank]))
    cv2.imwrite(str(file), cv2.cvtColor(np.vstack(lines), cv2.COLOR_RGB2BGR))


def beside(pictures: Sequence[Picture]) -> Picture:
    """Returns square pictures side by side in one of the first one's size."""
    whole = pictures[0].shape[0]
    side = whole // len(pictures)
    sheet = Image.new("RGB", (whole, whole), "white")
    for index, picture in enumerate(pictures):
        small = Image.fromarray(picture).resize((side, side), Image.Resampling.LANCZOS)
        sheet.paste(small, (index * side, (whole - side) // 2))
    return np.asarray(sheet)


def read_png(data: bytes) -> Picture:
    """Returns the pixels of a PNG, (H, W, 3)."""
    with Image.open(BytesIO(data)) as image:
        return np.asarray(image.convert("RGB"))


def write_png(picture: Picture) -> bytes:
    """Returns pixels, (H, W, 3), as a PNG."""
    data = BytesIO()
    Image.fromarray(picture).save(data, "PNG")
    return data.getvalue()
