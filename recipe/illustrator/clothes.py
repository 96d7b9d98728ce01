"""Garments, with the arms in their sleeves."""

from collections.abc import Callable

from recipe.illustrator.attributes import Garment
from recipe.illustrator.bodies import draw_arm
from recipe.illustrator.figure import SHOULDER, Figure
from recipe.illustrator.palette import CLOTHS, RGB, WHITE, against, tone
from recipe.illustrator.shapes import Points, arc, blob, box, ellipse, polygon

_BLOUSE: RGB = (246, 240, 226)
_BRASS: RGB = (255, 214, 84)


def draw_clothes(figure: Figure) -> None:
    """Draws the garment over the body, with both arms."""
    colour = CLOTHS[figure.character.colour]
    if figure.character.garment is Garment.CLOAK:
        figure.pen.fill(_cape(figure), colour=tone(colour, -0.25))
    sleeve = _sleeve(figure, colour)
    draw_arm(figure, -1, sleeve)
    if not figure.is_profile:
        draw_arm(figure, 1, sleeve)
    _GARMENTS[figure.character.garment](figure, colour)
    if figure.is_profile:
        draw_arm(figure, 1, sleeve)


def _sleeve(figure: Figure, colour: RGB) -> RGB:
    match figure.character.garment:
        case Garment.DRESS:
            return figure.skin
        case Garment.OVERALLS | Garment.CLOAK:
            return _BLOUSE
        case Garment.SHIRT | Garment.SWEATER | Garment.COAT:
            return colour


def _torso(figure: Figure, hem: float, flare: float) -> Points:
    build = figure.build
    thin = 0.72 if figure.is_profile else 1.0
    wide, waist, y = build.shoulder * thin, build.waist * thin, SHOULDER
    end = build.hip + hem
    return blob(
        [
            *((-0.3, y - 0.16), (0, y - 0.06), (0.3, y - 0.16)),
            *((wide, y - 0.1), (wide * 1.05, y + 0.36), (waist + 0.06, (y + build.hip) / 2)),
            *((waist + flare, end - 0.05), (waist + flare, end + 0.06), (0, end + 0.1)),
            *((-waist - flare, end + 0.06), (-waist - flare, end - 0.05)),
            *((-waist - 0.06, (y + build.hip) / 2), (-wide * 1.05, y + 0.36), (-wide, y - 0.1)),
        ]
    )


def _dress(figure: Figure, colour: RGB) -> None:
    pen, build = figure.pen, figure.build
    pen.fill(_torso(figure, 0.3, 0.5), colour=colour)
    pen.line(arc(0, (SHOULDER + build.hip) / 2 + 0.1, build.waist * 0.86, 0.08), WHITE, 0.12)
    if not figure.is_averted:
        pen.line(arc(0, SHOULDER, 0.4, 0.3), against(colour, 0.7), 0.1)


def _shirt(figure: Figure, colour: RGB) -> None:
    pen, y = figure.pen, SHOULDER
    pen.fill(_torso(figure, 0.0, 0.06), colour=colour)
    if figure.is_averted:
        return
    x = figure.turn * 0.7
    for side in (-1, 1):
        collar = [(x, y + 0.2), (x + side * 0.46, y - 0.12), (x + side * 0.4, y + 0.3)]
        pen.fill(polygon(collar), colour=tone(colour, 0.55), outline=0.7)
    for row in range(3):
        pen.spot(ellipse(x, y + 0.42 + 0.26 * row, 0.06), colour=against(colour, 0.75))


def _sweater(figure: Figure, colour: RGB) -> None:
    pen, y, build = figure.pen, SHOULDER, figure.build
    pen.fill(_torso(figure, 0.04, 0.08), colour=colour)
    for row in (0.42, 0.68):
        pen.line(arc(0, y + row, build.waist * 0.86, 0.06), against(colour, 0.6), 0.11)
    pen.fill(box(-0.44, y - 0.22, 0.44, y + 0.1, 0.12), colour=tone(colour, -0.18))


def _coat(figure: Figure, colour: RGB) -> None:
    pen, y, build = figure.pen, SHOULDER, figure.build
    pen.fill(_torso(figure, 0.46, 0.2), colour=colour)
    if figure.is_averted:
        pen.line(polygon([(0, build.hip - 0.2), (0, build.hip + 0.5)]), tone(colour, -0.5), 0.05)
        return
    x = figure.turn * 0.7
    pen.spot(polygon([(x - 0.3, y - 0.1), (x + 0.3, y - 0.1), (x, y + 0.62)]), colour=_BLOUSE)
    for side in (-1, 1):
        lapel = [(x + side * 0.3, y - 0.14), (x + side * 0.58, y + 0.2), (x, y + 0.7)]
        pen.fill(polygon(lapel), colour=tone(colour, -0.32), outline=0.6)
    pen.line(polygon([(x, y + 0.7), (x, build.hip + 0.5)]), tone(colour, -0.5), 0.05)
    for row in (0.1, 0.4):
        pen.spot(ellipse(x + 0.2, y + 0.72 + row, 0.07), colour=_BRASS)


def _overalls(figure: Figure, colour: RGB) -> None:
    pen, y, build = figure.pen, SHOULDER, figure.build
    pen.fill(_torso(figure, -0.2, 0.0), colour=_BLOUSE)
    width = build.waist * (0.72 if figure.is_profile else 1.0)
    bib = box(-width * 0.62, y + 0.34, width * 0.62, build.hip, 0.08)
    trousers = box(-width - 0.04, (y + build.hip) / 2 + 0.1, width + 0.04, build.hip + 0.1, 0.12)
    for side in (-1, 1):
        x = side * width * 0.5
        pen.line(polygon([(x * 0.9, y - 0.08), (x, y + 0.4)]), tone(colour, -0.15), 0.15)
    pen.fill(bib, trousers, colour=colour)
    if not figure.is_averted:
        for side in (-1, 1):
            pen.spot(ellipse(side * width * 0.48, y + 0.44, 0.08), colour=_BRASS)


def _cloak(figure: Figure, colour: RGB) -> None:
    pen, y = figure.pen, SHOULDER
    if figure.is_averted:
        pen.fill(_cape(figure), colour=colour)
        return
    pen.fill(_torso(figure, 0.0, 0.04), colour=_BLOUSE)
    low, wide = figure.build.hip + 0.5, figure.build.shoulder
    for side in (-1, 1):
        half = [
            *(
                (side * 0.05, y - 0.14),
                (side * wide * 0.9, y - 0.12),
                (side * (wide + 0.3), y + 0.5),
            ),
            *((side * (wide + 0.44), low), (side * 0.42, low + 0.06), (side * 0.34, y + 0.5)),
        ]
        pen.fill(blob(half), colour=colour)
    pen.fill(ellipse(figure.turn * 0.5, y + 0.1, 0.13), colour=_BRASS, outline=0.6)


def _cape(figure: Figure) -> Points:
    y, low, wide = SHOULDER, figure.build.hip + 0.55, figure.build.shoulder
    return blob(
        [
            *((-0.3, y - 0.2), (0.3, y - 0.2), (wide, y - 0.1), (wide + 0.4, low - 0.2)),
            *((wide + 0.44, low), (0, low + 0.16), (-wide - 0.44, low)),
            *((-wide - 0.4, low - 0.2), (-wide, y - 0.1)),
        ]
    )


_GARMENTS: dict[Garment, Callable[[Figure, RGB], None]] = {
    Garment.DRESS: _dress,
    Garment.SHIRT: _shirt,
    Garment.SWEATER: _sweater,
    Garment.COAT: _coat,
    Garment.OVERALLS: _overalls,
    Garment.CLOAK: _cloak,
}
