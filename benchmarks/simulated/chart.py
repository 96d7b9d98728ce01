"""The chart of a simulated day: what each policy costs, and what it meets."""

from collections.abc import Sequence
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from benchmarks.simulated.ends import Result

_WIDTH, _ROW, _TOP, _LEFT, _BAR = 1140, 64, 96, 256, 340
_INK, GREY, _GOOD, _BAD = (30, 30, 34), (120, 120, 126), (36, 122, 84), (196, 92, 62)
GROUND, _TRACK = (255, 255, 255), (236, 236, 238)


def write_chart(file: Path, results: Sequence[Result], enough: float) -> None:
    """Writes a PNG: a row for each policy, with its cost, and its deadlines and floors met."""
    image = Image.new("RGB", (_WIDTH, _TOP + _ROW * len(results) + 48), GROUND)
    draw = ImageDraw.Draw(image)
    write(draw, (24, 20), "One day of pictures by policy of routing", 24)
    write(draw, (_LEFT, 64), "paid to providers", 16, GREY)
    write(draw, (_LEFT + 500, 64), "deadlines met", 16, GREY)
    write(draw, (_LEFT + 690, 64), "floors met", 16, GREY)
    dearest = max(result.micros for result in results) or 1
    for place, result in enumerate(results):
        top = _TOP + _ROW * place
        color = _GOOD if result.good_enough(enough) else GREY
        write(draw, (24, top + 12), result.policy, 18)
        length = round(_BAR * result.micros / dearest)
        draw.rectangle((_LEFT, top + 8, _LEFT + max(length, 2), top + 38), fill=color)
        write(draw, (_LEFT + length + 10, top + 13), f"${result.micros / 1e6:,.2f}", 17)
        for left, share in ((500, result.deadlines), (690, result.floors)):
            _share(draw, (_LEFT + left, top), share, _GOOD if share >= enough else _BAD)
    foot = f"Green: at least {enough:.0%} of deadlines and floors are met."
    write(draw, (24, _TOP + _ROW * len(results) + 10), foot, 16, GREY)
    image.save(file, optimize=True)


def _share(
    draw: ImageDraw.ImageDraw, place: tuple[int, int], share: float, color: tuple[int, int, int]
) -> None:
    left, top = place
    draw.rectangle((left, top + 28, left + 150, top + 38), fill=_TRACK)
    draw.rectangle((left, top + 28, left + max(round(150 * share), 2), top + 38), fill=color)
    write(draw, (left, top + 5), f"{share:.1%}", 16, color)


def write(
    draw: ImageDraw.ImageDraw,
    place: tuple[int, int],
    text: str,
    size: int,
    color: tuple[int, int, int] = _INK,
) -> None:
    """Writes a line of text."""
    draw.text(place, text, fill=color, font=ImageFont.load_default(size))
