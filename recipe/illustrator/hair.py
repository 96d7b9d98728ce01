"""A person's hair: the part behind the head, and the part over it."""

import math

from recipe.illustrator.attributes import HairStyle, View
from recipe.illustrator.figure import SHOULDER, Figure
from recipe.illustrator.palette import tone
from recipe.illustrator.shapes import Pairs, Points, blob, curve, ellipse, polygon

_TIE = (226, 54, 84)


def draw_back_hair(figure: Figure) -> None:
    """Draws the hair that the head and the body hide in part."""
    shapes = _behind(figure)
    if shapes:
        figure.pen.fill(*shapes, colour=figure.hair)
    if figure.character.hair_style is HairStyle.PONYTAIL and not figure.is_averted:
        figure.pen.fill(ellipse(-0.98, -0.62, 0.17), colour=_TIE, outline=0.7)


def draw_front_hair(figure: Figure) -> None:
    """Draws the hair over the forehead, or over the whole head where the face is averted."""
    if figure.character.hair_style is HairStyle.BRAIDED:
        _braids(figure)
    figure.pen.fill(*_over(figure), colour=figure.hair)
    _gloss(figure)
    if figure.is_averted and figure.character.hair_style is HairStyle.PONYTAIL:
        tail = [(-0.3, -0.5), (0.3, -0.5), (0.46, 0.6), (0.1, 1.5), (-0.1, 1.5), (-0.46, 0.6)]
        figure.pen.fill(blob(tail), colour=figure.hair)
        figure.pen.fill(ellipse(0, -0.36, 0.24, 0.15), colour=_TIE, outline=0.7)
    if figure.is_averted and figure.character.hair_style is HairStyle.BUN:
        figure.pen.fill(ellipse(0, -0.9, 0.46, 0.42), colour=figure.hair)


def _behind(figure: Figure) -> tuple[Points, ...]:
    back = -0.12 if figure.turn else 0.0
    match figure.character.hair_style:
        case HairStyle.LONG:
            low = SHOULDER + 0.72
            front = 0.5 if figure.is_profile else 1.0
            return (
                blob(
                    [
                        *((back - 1.1, -0.9), (back - 0.5, -1.42), (back + 0.5, -1.42)),
                        *((back + 1.1, -0.9), (1.32 * front, 0.5), (1.34 * front, low)),
                        *((0.5 * front, low + 0.1), (-0.5, low + 0.1)),
                        *((-1.34, low), (-1.32, 0.5)),
                    ]
                ),
            )
        case HairStyle.CURLY:
            turns = range(130, 411, 23)
            return tuple(
                ellipse(
                    back + 1.1 * math.cos(math.radians(turn)),
                    -0.02 + 1.02 * math.sin(math.radians(turn)),
                    0.38,
                )
                for turn in turns
            )
        case HairStyle.BUN if figure.character.view is not View.BACK:
            return (ellipse(back * 4, -1.34, 0.44, 0.40),)
        case HairStyle.PONYTAIL if figure.character.view is not View.BACK:
            tail: Pairs = [
                *((-0.7, -0.9), (-1.3, -0.9), (-1.84, -0.1), (-1.66, 1.0)),
                *((-1.34, 0.7), (-1.1, -0.1)),
            ]
            return (blob(tail),)
        case _:
            return ()


def _over(figure: Figure) -> tuple[Points, ...]:
    if figure.is_averted:
        return _whole_head(figure)
    match figure.character.hair_style:
        case HairStyle.CURLY:
            turns = range(196, 350, 22)
            crown = (ellipse(0, -0.86, 0.74, 0.36),)
            return crown + tuple(
                ellipse(
                    0.88 * math.cos(math.radians(turn)) - figure.turn * 0.2,
                    -0.2 + 0.78 * math.sin(math.radians(turn)),
                    0.31,
                )
                for turn in turns
            )
        case HairStyle.SPIKY:
            return (polygon(_spikes(figure)),)
        case _:
            return (_fringe(figure),)


def _fringe(figure: Figure) -> Points:
    """Returns a cap of hair with a parting; both move with the face."""
    part = figure.turn * 0.9
    side = 0.55 if figure.is_profile else 0.0
    low = 0.34 if figure.character.hair_style is HairStyle.SHORT else 0.18
    left: Pairs = [(-1.2, low), (-1.2, -0.9), (-0.5, -1.46), (0.5, -1.46), (1.2, -0.9)]
    right: Pairs = [(1.2 - side * 0.5, low * 0.4 - side * 0.8), (0.98, -0.1 - side * 0.6)]
    edge: Pairs = [
        *((0.9, -0.5), (part + 0.36, -0.36), (part + 0.1, -0.74), (part - 0.24, -0.36)),
        *((-0.74 + side, -0.34), (-0.92 + side * 1.2, -0.1), (-0.96 + side, low)),
    ]
    return blob([*left, *right, *edge])


def _whole_head(figure: Figure) -> tuple[Points, ...]:
    match figure.character.hair_style:
        case HairStyle.CURLY:
            cover = ellipse(0, -0.1, 1.06, 1.06)
            low = tuple(ellipse(x, 0.84, 0.34) for x in (-0.7, -0.24, 0.24, 0.7))
            return (cover, *low)
        case HairStyle.SPIKY:
            return (polygon(_spikes(figure)), ellipse(0, 0.0, 1.08, 0.96))
        case HairStyle.LONG:
            low_hem = SHOULDER + 0.72
            return (
                blob(
                    [
                        *((-1.16, -0.9), (-0.5, -1.46), (0.5, -1.46), (1.16, -0.9)),
                        *((1.32, 0.5), (1.3, low_hem), (0.5, low_hem + 0.16)),
                        *((-0.5, low_hem + 0.16), (-1.3, low_hem), (-1.32, 0.5)),
                    ]
                ),
            )
        case _:
            nape = [(1.1, 0.7), (0.5, 1.02), (-0.5, 1.02), (-1.1, 0.7)]
            top = [(-1.2, -0.2), (-1.16, -0.9), (-0.5, -1.46), (0.5, -1.46), (1.16, -0.9)]
            return (blob([*top, (1.2, -0.2), *nape]),)


def _spikes(figure: Figure) -> Pairs:
    points: list[tuple[float, float]] = [(-1.1, 0.1)]
    for step in range(7):
        tip, valley = math.radians(184 + step * 28), math.radians(198 + step * 28)
        points.append((1.42 * math.cos(tip), -0.1 + 1.42 * math.sin(tip)))
        points.append((1.08 * math.cos(valley), -0.1 + 1.04 * math.sin(valley)))
    points[-1] = (1.1, 0.1)
    shift = figure.turn * 0.8
    zigzag = [(0.9, -0.36), (0.6, -0.56), (0.3, -0.28), (0.0, -0.56), (-0.3, -0.28), (-0.6, -0.56)]
    return [*points, *((min(1.0, x + shift), y) for x, y in zigzag), (-0.92, -0.3)]


def _braids(figure: Figure) -> None:
    sides = (-1,) if figure.is_profile else (-1, 1)
    for side in sides:
        x = side * 1.08 if not figure.is_profile else -0.5
        beads = tuple(
            ellipse(x + side * 0.04 * bead, 0.42 + 0.30 * bead, 0.23, 0.22) for bead in range(5)
        )
        figure.pen.fill(*beads, colour=figure.hair)
        figure.pen.fill(ellipse(x + side * 0.18, 1.84, 0.16, 0.13), colour=_TIE, outline=0.7)


def _gloss(figure: Figure) -> None:
    strength = figure.pen.look.gloss
    if strength <= 0 or figure.character.hair_style is HairStyle.SPIKY:
        return
    sheen = curve([(-0.72, -0.78), (-0.36, -1.02), (0.12, -1.1)])
    figure.pen.line(sheen, tone(figure.hair, strength), 0.11)
