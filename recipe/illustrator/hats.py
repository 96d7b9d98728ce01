"""Hats, each in one colour."""

from recipe.illustrator.attributes import Hat
from recipe.illustrator.figure import Figure
from recipe.illustrator.palette import RGB
from recipe.illustrator.shapes import arc, blob, ellipse, polygon

_STRAW: RGB = (244, 206, 110)
_BAND: RGB = (206, 52, 60)
_NIGHT: RGB = (74, 58, 160)
_GOLD: RGB = (255, 208, 56)
_CAP: RGB = (40, 168, 158)


def draw_hat(figure: Figure) -> None:
    """Draws the hat on the head, where the character has one."""
    match figure.character.hat:
        case Hat.NONE:
            return
        case Hat.STRAW_HAT:
            _straw_hat(figure)
        case Hat.WIZARD_HAT:
            _wizard_hat(figure)
        case Hat.CROWN:
            _crown(figure)
        case Hat.CAP:
            _cap(figure)


def _straw_hat(figure: Figure) -> None:
    pen = figure.pen
    pen.fill(ellipse(0, -0.72, 1.74, 0.30), colour=_STRAW)
    pen.fill(
        blob([(-1.0, -0.7), (-0.9, -1.62), (0.9, -1.62), (1.0, -0.7), (0, -0.62)]), colour=_STRAW
    )
    pen.line(arc(0, -0.92, 0.84, 0.1), _BAND, 0.17)


def _wizard_hat(figure: Figure) -> None:
    pen = figure.pen
    pen.fill(polygon([(-0.96, -0.74), (0.96, -0.74), (0.1, -1.98), (-0.1, -1.98)]), colour=_NIGHT)
    pen.fill(ellipse(0, -0.72, 1.56, 0.26), colour=_NIGHT)
    for x, y in ((-0.28, -1.12), (0.3, -1.2), (0.0, -1.58)):
        star = [(0, -0.15), (0.11, 0), (0, 0.15), (-0.11, 0)]
        pen.spot(polygon([(x + dx, y + dy) for dx, dy in star]), colour=_GOLD)


def _crown(figure: Figure) -> None:
    pen = figure.pen
    points = [
        *((-0.78, -0.8), (-0.92, -1.56), (-0.46, -1.16), (0.0, -1.68)),
        *((0.46, -1.16), (0.92, -1.56), (0.78, -0.8)),
    ]
    pen.fill(polygon(points), colour=_GOLD)
    for x in (-0.44, 0.0, 0.44):
        pen.spot(ellipse(x, -0.98, 0.1), colour=_BAND)


def _cap(figure: Figure) -> None:
    pen = figure.pen
    pen.fill(
        blob([(-1.12, -0.56), (-1.1, -1.4), (0, -1.62), (1.1, -1.4), (1.12, -0.56), (0, -0.62)]),
        colour=_CAP,
    )
    if figure.is_averted:
        return
    reach = 0.5 if figure.turn else 0.0
    peak = [(-0.8, -0.74), (0.8, -0.74), (1.0, -0.56), (0, -0.44), (-1.0, -0.56)]
    pen.fill(blob([(x + reach, y) for x, y in peak]), colour=(24, 116, 112))
