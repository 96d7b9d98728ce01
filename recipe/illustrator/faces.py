"""Eyes, brows, noses, mouths, glasses, beards and whiskers."""

from recipe.illustrator.attributes import Age, Expression, Gender, Species, View
from recipe.illustrator.figure import Figure
from recipe.illustrator.palette import HAIRS, INK, IRISES, RGB, WHITE, mix, tone
from recipe.illustrator.shapes import arc, blob, curve, ellipse, polygon

_EYE_X, _EYE_Y = 0.41, 0.10
_MOUTH_Y = 0.60
_MOUTH: RGB = (140, 26, 40)
_TONGUE: RGB = (238, 104, 110)


def draw_face(figure: Figure) -> None:
    """Draws the eyes, brows, nose, mouth and skin of a face that is not averted."""
    if figure.character.age is Age.CHILD:
        _cheeks(figure)
    if figure.character.age is Age.ELDER and not figure.character.is_animal:
        _wrinkles(figure)
    for side in (1,) if figure.is_profile else (-1, 1):
        _eye(figure, side)
        _brow(figure, side)
    if not figure.character.is_animal:
        _nose(figure)
        if figure.character.freckles:
            _freckles(figure)
    draw_mouth(figure)


def draw_glasses(figure: Figure) -> None:
    """Draws round black glasses, with the temple in profile."""
    pen, radius = figure.pen, 0.36
    for side in (1,) if figure.is_profile else (-1, 1):
        x = _eye_x(figure, side)
        rim = ellipse(x, _EYE_Y, radius * (0.8 if figure.is_profile else 1), radius)
        pen.spot(rim, colour=(214, 238, 255), opacity=0.22)
        pen.line(rim[[*range(len(rim)), 0]], INK, 0.085)
    if figure.is_profile:
        pen.line(polygon([(0.30, _EYE_Y), (-0.4, _EYE_Y - 0.04)]), INK, 0.085)
    else:
        pen.line(arc(figure.across(0), _EYE_Y, 0.09, -0.05), INK, 0.085)


def draw_beard(figure: Figure) -> None:
    """Draws a full beard with the mouth in it."""
    colour, jaw = HAIRS[figure.character.hair], figure.build.jaw
    shift = figure.turn * 0.6
    figure.pen.fill(
        blob(
            [
                *((-0.98, 0.16), (-0.66, 0.42), (shift - 0.3, 0.44), (shift, 0.36)),
                *((shift + 0.3, 0.44), (0.66 + shift * 0.4, 0.42), (0.98, 0.16)),
                *((0.92, jaw * 0.95), (shift * 0.6 + 0.34, jaw + 0.5)),
                *((shift * 0.6 - 0.34, jaw + 0.5), (-0.92, jaw * 0.95)),
            ]
        ),
        colour=colour,
    )
    draw_mouth(figure)


def draw_mouth(figure: Figure) -> None:
    """Draws the mouth of the expression."""
    pen = figure.pen
    x, y = figure.across(0.0) + (0.34 if figure.is_profile else 0), _MOUTH_Y
    width = 0.20 if figure.is_profile else 0.31
    if figure.character.is_animal:
        x += 0.06 * figure.is_profile
        y, width = y + 0.10, width * 0.82
    lip = mix(_MOUTH, INK, 0.3) if figure.character.gender is Gender.MALE else (196, 40, 66)
    match figure.character.expression:
        case Expression.SMILING:
            pen.line(arc(x, y - 0.04, width, 0.17), lip, 0.085)
        case Expression.LAUGHING:
            lower = arc(x, y - 0.12, width * 1.08, 0.46)
            pen.fill(lower, colour=_MOUTH, flat=True, outline=0.7)
            pen.spot(ellipse(x, y + 0.20, width * 0.5, 0.09), colour=_TONGUE)
            pen.spot(polygon(_teeth(x, y, width)), colour=WHITE)
        case Expression.SAD:
            pen.line(arc(x, y + 0.14, width * 0.9, -0.17), lip, 0.085)
        case Expression.SURPRISED:
            pen.fill(ellipse(x, y + 0.05, 0.14, 0.19), colour=_MOUTH, flat=True, outline=0.7)
        case Expression.ANGRY:
            zigzag = [(-1, 0.07), (-0.35, -0.02), (0.35, 0.07), (1, -0.02)]
            pen.line(polygon([(x + dx * width, y + dy) for dx, dy in zigzag]), lip, 0.09)


def _teeth(x: float, y: float, width: float) -> list[tuple[float, float]]:
    return [
        *((x - width * 0.96, y - 0.11), (x + width * 0.96, y - 0.11)),
        *((x + width * 0.84, y - 0.01), (x - width * 0.84, y - 0.01)),
    ]


def _eye_x(figure: Figure, side: int) -> float:
    return figure.across(side * _EYE_X)


def _eye(figure: Figure, side: int) -> None:
    pen, gaze = figure.pen, 0.05 if figure.turn else 0.0
    size = figure.build.eye * figure.pen.look.eye
    wide = 1.16 if figure.character.expression is Expression.SURPRISED else 1.0
    narrow = 0.74 if figure.is_profile or (side == 1 and figure.turn) else 1.0
    x, y = _eye_x(figure, side), _EYE_Y
    w, h = 0.215 * size * narrow, 0.27 * size * wide
    iris = IRISES[figure.character.eyes]
    pen.fill(ellipse(x, y, w * 1.1, h), colour=WHITE, flat=True, outline=0.8)
    if not pen.look.outline:
        pen.line(ellipse(x, y, w * 1.1, h), INK, 0.03)
    pen.spot(ellipse(x + gaze, y + h * 0.06, w * 0.84, h * 0.84), colour=iris)
    pen.spot(ellipse(x + gaze, y + h * 0.10, w * 0.42, h * 0.46), colour=INK)
    pen.spot(ellipse(x + gaze - w * 0.28, y - h * 0.34, w * 0.30, h * 0.26), colour=WHITE)
    if figure.character.gender is Gender.FEMALE:
        lid = ellipse(x, y, w * 1.14, h * 1.04)[17:32]
        pen.line(lid, INK, 0.075)
        lash = x + side * w * 1.0
        pen.line(polygon([(lash, y - h * 0.4), (lash + side * 0.13, y - h * 0.7)]), INK, 0.06)


def _brow(figure: Figure, side: int) -> None:
    expression = figure.character.expression
    slope = {Expression.ANGRY: 0.13, Expression.SAD: -0.12}.get(expression, 0.0)
    lift = {Expression.SURPRISED: 0.50, Expression.ANGRY: 0.33}.get(expression, 0.40)
    x, y = _eye_x(figure, side), _EYE_Y - lift
    width = 0.07 if figure.character.gender is Gender.FEMALE else 0.125
    colour = figure.hair
    if figure.character.is_animal:
        width = min(width, 0.09)
    else:
        colour = tone(colour, -0.35)
    # The inner end is the one towards the nose: low when angry, high when sad.
    inner, outer = (x - side * 0.2, y + slope), (x + side * 0.2, y - slope)
    bend = (x, y - (0.06 if not slope else 0.0))
    figure.pen.line(curve([inner, bend, outer]), colour, width)


def _cheeks(figure: Figure) -> None:
    blush = mix(figure.skin, (255, 92, 104), 0.55)
    for side in (1,) if figure.is_profile else (-1, 1):
        spot = ellipse(figure.across(side * 0.62) - 0.03 * side, 0.44, 0.17, 0.11)
        figure.pen.spot(spot, colour=blush, opacity=0.55)


def _nose(figure: Figure) -> None:
    if figure.character.view is View.SIDE:
        return
    x = figure.across(0.0) + (0.1 if figure.turn else 0)
    shadow = tone(figure.skin, -0.3)
    figure.pen.line(curve([(x - 0.07, 0.36), (x + 0.02, 0.42), (x + 0.09, 0.34)]), shadow, 0.06)


def _freckles(figure: Figure) -> None:
    colour = mix(figure.skin, (150, 62, 20), 0.75)
    for side in (1,) if figure.is_profile else (-1, 1):
        for dx, dy in ((-0.13, 0.0), (0.0, 0.05), (0.13, 0.0)):
            x = figure.across(side * 0.44) + dx
            figure.pen.spot(ellipse(x, 0.40 + dy, 0.042), colour=colour)


def _wrinkles(figure: Figure) -> None:
    colour = tone(figure.skin, -0.34)
    for side in (1,) if figure.is_profile else (-1, 1):
        x = figure.across(side * 0.41)
        figure.pen.line(arc(x, 0.40, 0.16, 0.06), colour, 0.045)
        fold = figure.across(side * 0.38)
        figure.pen.line(
            curve([(fold - side * 0.06, 0.46), (fold + side * 0.05, 0.58), (fold, 0.74)]),
            colour,
            0.045,
        )
    figure.pen.line(arc(figure.across(0), -0.42, 0.3, -0.04), colour, 0.045)


def draw_whiskers(figure: Figure) -> None:
    """Draws a cat's whiskers."""
    if figure.character.species is not Species.CAT:
        return
    for side in (1,) if figure.is_profile else (-1, 1):
        for rise in (-0.06, 0.08):
            start = (figure.across(side * 0.5), 0.52 + rise * 0.6)
            end = (figure.across(side * 1.02), 0.5 + rise * 1.6)
            figure.pen.line(polygon([start, end]), INK, 0.04)
