"""Skulls, ears and muzzles."""

from recipe.illustrator.attributes import Species
from recipe.illustrator.figure import Figure
from recipe.illustrator.palette import FURS, INK, RGB, WHITE, tone
from recipe.illustrator.shapes import Pairs, blob, box, ellipse, polygon

_PINK: RGB = (252, 158, 172)


def draw_skull(figure: Figure) -> None:
    """Draws the bare head of a person with its ears, or of an animal with its muzzle."""
    if figure.character.is_animal:
        _animal(figure)
    else:
        _human(figure)


def _human(figure: Figure) -> None:
    pen, jaw = figure.pen, figure.build.jaw
    if not figure.is_profile:
        for side in (-1, 1):
            if side == 1 and figure.turn:
                continue
            pen.fill(ellipse(side * 1.0, 0.14, 0.17, 0.22), colour=tone(figure.skin, -0.08))
    chin = 0.16 if figure.turn else 0.0
    skull: Pairs = [
        *((-0.84, -1.1), (0.84, -1.1), (1.14, -0.1), (0.98, 0.78)),
        *((chin + 0.34, jaw + 0.16), (chin - 0.34, jaw + 0.16), (-0.98, 0.78), (-1.14, -0.1)),
    ]
    shapes = [blob(skull)]
    if figure.is_profile:
        shapes.append(blob([(0.72, 0.02), (1.0, 0.1), (1.32, 0.38), (1.02, 0.52), (0.7, 0.5)]))
    pen.fill(*shapes, colour=figure.skin)
    if figure.is_profile:
        pen.fill(ellipse(-0.16, 0.18, 0.16, 0.22), colour=tone(figure.skin, -0.1), outline=0.7)


def _animal(figure: Figure) -> None:
    pen = figure.pen
    pen.fill(
        blob(
            [
                *((-0.8, -1.06), (0.8, -1.06), (1.16, -0.1), (1.18, 0.66)),
                *((0.44, 1.14), (-0.44, 1.14), (-1.18, 0.66), (-1.16, -0.1)),
            ]
        ),
        colour=figure.skin,
    )
    if figure.is_averted:
        return
    if figure.character.species is Species.FOX:
        _fox_cheeks(figure)
    if figure.character.species is Species.CAT:
        _stripes(figure)
    _muzzle(figure)


def _fox_cheeks(figure: Figure) -> None:
    sides = (1,) if figure.is_profile else (-1, 1)
    for side in sides:
        cheek = [(0.1, 1.02), (0.62, 0.92), (1.06, 0.6), (0.84, 0.3), (0.3, 0.5)]
        placed = [(figure.across(side * x) - 0.06 * figure.turn, y) for x, y in cheek]
        figure.pen.spot(blob(placed), colour=WHITE)


def _stripes(figure: Figure) -> None:
    colour = tone(figure.skin, -0.42)
    for x, low in ((-0.2, -0.5), (0.0, -0.4), (0.2, -0.5)):
        at = figure.across(x) * 0.9
        figure.pen.line(polygon([(at, -0.82), (at, low)]), colour, 0.09)


def _muzzle(figure: Figure) -> None:
    pen, species = figure.pen, figure.character.species
    pale = tone(FURS[figure.character.fur], 0.62)
    x = figure.across(0.0) + (0.40 if figure.is_profile else 0.04 * bool(figure.turn))
    wide = {Species.BEAR: 0.46, Species.FOX: 0.34}.get(species, 0.38)
    pen.fill(ellipse(x, 0.60, wide, 0.36), colour=pale, outline=0.6)
    tip = x + (0.2 if figure.is_profile else 0.08 * bool(figure.turn))
    if species is Species.RABBIT:
        pen.spot(ellipse(tip, 0.38, 0.12, 0.08), colour=(236, 96, 124))
        pen.fill(box(x - 0.1, 0.80, x + 0.1, 1.0, 0.03), colour=WHITE, outline=0.6, flat=True)
    elif species is Species.CAT:
        nose = [(tip - 0.12, 0.36), (tip + 0.12, 0.36), (tip, 0.48)]
        pen.spot(polygon(nose), colour=(236, 96, 124))
    else:
        size = 0.19 if species is Species.BEAR else 0.14
        pen.spot(ellipse(tip, 0.39, size, size * 0.72), colour=INK)
        pen.spot(ellipse(tip - 0.05, 0.35, 0.05, 0.03), colour=WHITE)


def draw_animal_ears(figure: Figure) -> None:
    """Draws an animal's ears, behind its head."""
    pen, species, averted = figure.pen, figure.character.species, figure.is_averted
    inner = tone(figure.skin, -0.25) if averted else _PINK
    for side in (-1, 1):
        shift = -0.12 if figure.turn else 0.0
        outer, inside = _EARS[species]
        pen.fill(blob([(side * x + shift, y) for x, y in outer]), colour=_ear(figure))
        if not averted:
            pen.spot(blob([(side * x + shift, y) for x, y in inside]), colour=inner)


def _ear(figure: Figure) -> RGB:
    return tone(figure.skin, -0.12)


_EARS: dict[Species, tuple[Pairs, Pairs]] = {
    Species.FOX: (
        [(0.2, -0.8), (0.62, -1.5), (0.9, -1.98), (1.12, -1.98), (1.2, -1.3), (1.12, -0.4)],
        [(0.46, -0.9), (0.8, -1.5), (0.98, -1.7), (1.08, -1.2), (1.0, -0.7)],
    ),
    Species.CAT: (
        [(0.14, -0.8), (0.5, -1.36), (0.82, -1.76), (1.06, -1.76), (1.14, -1.2), (1.1, -0.4)],
        [(0.4, -0.9), (0.7, -1.3), (0.92, -1.54), (1.02, -1.1), (0.96, -0.7)],
    ),
    Species.BEAR: (
        [(0.4, -0.9), (0.42, -1.4), (0.8, -1.5), (1.22, -1.32), (1.26, -0.9), (0.98, -0.5)],
        [(0.6, -0.9), (0.62, -1.18), (0.84, -1.26), (1.06, -1.14), (1.06, -0.9)],
    ),
    Species.RABBIT: (
        [(0.22, -0.7), (0.26, -1.6), (0.4, -2.3), (0.76, -2.3), (0.86, -1.6), (0.7, -0.7)],
        [(0.4, -0.9), (0.42, -1.6), (0.5, -2.06), (0.66, -2.06), (0.7, -1.6), (0.6, -0.9)],
    ),
}
