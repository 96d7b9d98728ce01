"""The chart of a scaled day: what each policy costs, and how long pictures wait by it."""

from collections.abc import Sequence
from pathlib import Path

from PIL import Image, ImageDraw

from benchmarks.simulated.chart import GREY, GROUND, write
from benchmarks.simulated.scaled import ScaledDay

_WIDTH, _ROW, _TOP, _LEFT, _BAR = 1140, 64, 96, 268, 300
_COST, _WAIT = (36, 122, 84), (196, 92, 62)


def write_chart(file: Path, days: Sequence[ScaledDay], dollars_per_hour: float) -> None:
    """Writes a PNG: a row for each policy, with its cost, and the waiting of 95 % of pictures."""
    image = Image.new("RGB", (_WIDTH, _TOP + _ROW * len(days) + 24), GROUND)
    draw = ImageDraw.Draw(image)
    write(draw, (24, 20), "One day of stories by policy of scaling", 24)
    write(draw, (_LEFT, 64), "cost of GPUs", 16, GREY)
    write(draw, (_LEFT + 440, 64), "95 % of pictures wait at most", 16, GREY)
    dearest, longest = max(one.gpu_hours for one in days), max(one.waited(0.95) for one in days)
    for place, one in enumerate(days):
        top = _TOP + _ROW * place
        write(draw, (24, top + 12), one.policy, 18)
        cost, wait = f"${one.gpu_hours * dollars_per_hour:,.2f}", f"{one.waited(0.95):.0f} s"
        _bar(draw, (_LEFT, top), one.gpu_hours / dearest, cost, _COST)
        _bar(draw, (_LEFT + 440, top), one.waited(0.95) / max(longest, 1), wait, _WAIT)
    image.save(file, optimize=True)


def _bar(
    draw: ImageDraw.ImageDraw,
    place: tuple[int, int],
    share: float,
    text: str,
    color: tuple[int, int, int],
) -> None:
    left, top = place
    length = max(round(_BAR * share), 2)
    draw.rectangle((left, top + 8, left + length, top + 38), fill=color)
    write(draw, (left + length + 10, top + 13), text, 17)
