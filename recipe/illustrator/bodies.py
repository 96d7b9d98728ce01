"""Legs, arms, necks and tails."""

from recipe.illustrator.attributes import Garment, Pose, Species
from recipe.illustrator.figure import NECK, SHOULDER, Figure
from recipe.illustrator.palette import RGB, SHOES, SOCKS, TROUSERS, WHITE, tone
from recipe.illustrator.shapes import Pairs, Points, blob, box, curve, ellipse, tube


def draw_legs(figure: Figure) -> None:
    """Draws legs in trousers, bare ones under a dress, and shoes."""
    build, pen = figure.build, figure.pen
    bare = figure.character.garment is Garment.DRESS
    for side in (-1, 1):
        x = side * (0.16 if figure.is_profile else 0.30)
        leg = box(x - 0.21, build.hip - 0.3, x + 0.21, build.foot - 0.08, 0.12)
        pen.fill(leg, colour=figure.skin if bare else TROUSERS)
        if bare:
            pen.fill(
                box(x - 0.22, build.foot - 0.34, x + 0.22, build.foot - 0.06, 0.06), colour=SOCKS
            )
        toe = 0.16 if figure.is_profile or figure.turn else 0.06 * side
        pen.fill(ellipse(x + toe, build.foot, 0.34, 0.17), colour=SHOES)


def draw_neck(figure: Figure) -> None:
    """Draws the neck, shaded by the head."""
    pen = figure.pen
    pen.fill(box(-0.24, NECK - 0.2, 0.24, SHOULDER + 0.2, 0.1), colour=tone(figure.skin, -0.12))


def draw_arm(figure: Figure, side: int, sleeve: RGB) -> None:
    """Draws one arm in its sleeve, posed; side 1 is the one that the character faces."""
    path = _arm(figure, side)
    hand = path[-1]
    figure.pen.fill(ellipse(hand[0], hand[1], 0.2), colour=figure.skin)
    figure.pen.fill(tube(path[:3], 0.25, 0.2), colour=sleeve)


def _arm(figure: Figure, side: int) -> Pairs:
    build, pose = figure.build, figure.character.pose
    width = build.shoulder * (0.35 if figure.is_profile else 0.92)
    raised = pose is Pose.CHEERING or (pose is Pose.WAVING and side == 1)
    x = side * width
    if not raised:
        low = build.hip - 0.22
        return [
            (x, SHOULDER + 0.12),
            (x + side * 0.22, (SHOULDER + low) / 2),
            (x + side * 0.2, low - 0.12),
            (x + side * 0.2, low),
        ]
    reach = 1.42 if not figure.is_profile else 1.3
    return [
        (x, SHOULDER + 0.14),
        (side * (width + 0.36), SHOULDER + 0.16),
        (side * reach, 0.62),
        (side * (reach + 0.04), 0.44),
    ]


def draw_tail(figure: Figure) -> None:
    """Draws an animal's tail, behind its body."""
    y = figure.build.hip
    shape = _tail(figure.character.species, y)
    if shape is None:
        return
    figure.pen.fill(shape, colour=figure.skin)
    if figure.character.species is Species.FOX:
        figure.pen.fill(
            blob([(-1.62, y - 0.9), (-1.34, y - 1.3), (-1.1, y - 0.86), (-1.36, y - 0.72)]),
            colour=WHITE,
            outline=0.6,
        )


def _tail(species: Species, y: float) -> Points | None:
    match species:
        case Species.FOX:
            return blob(
                [
                    *((-0.1, y + 0.05), (-0.9, y + 0.25), (-1.5, y - 0.2), (-1.7, y - 0.9)),
                    *((-1.32, y - 1.4), (-1.02, y - 0.8), (-0.8, y - 0.3), (-0.1, y - 0.3)),
                ]
            )
        case Species.CAT:
            path = [(-0.2, y), (-0.9, y + 0.1), (-1.2, y - 0.4), (-1.1, y - 0.95), (-1.4, y - 1.2)]
            return tube(path, 0.16, 0.13)
        case Species.RABBIT:
            return ellipse(-0.72, y - 0.1, 0.28)
        case Species.HUMAN | Species.BEAR:
            return None


def draw_scarf(figure: Figure) -> None:
    """Draws a red and white scarf around the neck."""
    pen, y = figure.pen, SHOULDER
    red: RGB = (214, 48, 56)
    x = -0.36 if not figure.is_averted else 0.36
    pen.fill(box(x - 0.17, y, x + 0.17, y + 0.86, 0.06), colour=red)
    for stripe in (0.44, 0.66):
        pen.spot(box(x - 0.15, y + stripe, x + 0.15, y + stripe + 0.1), colour=WHITE)
    pen.fill(
        blob(
            [
                *((-0.66, y - 0.14), (0, y + 0.02), (0.66, y - 0.14), (0.72, y + 0.16)),
                *((0, y + 0.4), (-0.72, y + 0.16)),
            ]
        ),
        colour=red,
    )
    pen.line(curve([(-0.5, y + 0.1), (0, y + 0.22), (0.5, y + 0.1)]), WHITE, 0.07)
