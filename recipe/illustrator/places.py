"""Backgrounds: one for each place, time and weather, drawn in the look of the style."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import cast

import cv2
import numpy as np

from recipe.illustrator.attributes import Place, Style, Time, Weather
from recipe.illustrator.canvas import SIZE, Canvas, Pen
from recipe.illustrator.looks import Image, Look
from recipe.illustrator.palette import INK, RGB, WHITE, mix, tone
from recipe.illustrator.shapes import (
    Points,
    blob,
    box,
    curve,
    ellipse,
    polygon,
    tube,
)

_HORIZON = 172
_STARS = [(18, 22), (58, 46), (92, 16), (128, 38), (166, 14), (22, 84), (236, 74), (196, 92)]


@dataclass(frozen=True, slots=True)
class Light:
    """The light of a time and a weather: the sky's two colours, and the effect on things."""

    time: Time
    weather: Weather

    @property
    def sky(self) -> tuple[RGB, RGB]:
        """The sky's colours at the top and at the horizon."""
        if self.weather is Weather.RAIN:
            top, low = self._clear
            return mix(top, (96, 108, 124), 0.72), mix(low, (96, 108, 124), 0.72)
        return self._clear

    @property
    def _clear(self) -> tuple[RGB, RGB]:
        match self.time:
            case Time.DAY:
                return (88, 178, 248), (206, 236, 252)
            case Time.SUNSET:
                return (128, 74, 160), (255, 158, 84)
            case Time.NIGHT:
                return (12, 16, 56), (54, 62, 132)

    def on(self, colour: RGB) -> RGB:
        """Returns a colour in this light."""
        if self.weather is Weather.RAIN:
            colour = mix(colour, (96, 106, 120), 0.35)
        match self.time:
            case Time.DAY:
                return colour
            case Time.SUNSET:
                return mix(colour, (226, 96, 58), 0.30)
            case Time.NIGHT:
                return mix(mix(colour, (30, 36, 100), 0.52), (0, 0, 0), 0.12)


def paint_background(
    place: Place, time: Time, weather: Weather, look: Look, detail: int = 1
) -> Image:
    """Returns the background, (256, 256, 3) in single detail, with the look's blur."""
    canvas = Canvas(detail=detail)
    # Hard shadows over whole hills would look like separate objects.
    flat = replace(look, stops=()) if look.style is Style.ANIME else look
    pen, light = Pen.on(canvas, flat), Light(time, weather)
    if place not in {Place.PLAIN, Place.BEDROOM, Place.SPACE}:
        _sky(canvas, light)
        _heavens(pen, light)
    _PLACES[place](pen, light)
    picture = canvas.finished()
    if look.blur:
        picture = cast(Image, cv2.GaussianBlur(picture, (0, 0), look.blur * detail))
    return picture


def paint_rain(canvas: Canvas) -> None:
    """Draws rain over the whole picture."""
    drops, colour = canvas.pixels.copy(), (226, 238, 252)
    for row in range(7):
        for column in range(8):
            x, y = column * 36 + (row % 3) * 12 - 8, row * 40 - 6
            fall = np.array([(x, y), (x - 5, y + 20)]) * (2 * canvas.detail)
            cv2.line(
                drops, fall[0].tolist(), fall[1].tolist(), colour, 3 * canvas.detail, cv2.LINE_AA
            )
    cv2.addWeighted(drops, 0.75, canvas.pixels, 0.25, 0, canvas.pixels)


def _sky(canvas: Canvas, light: Light) -> None:
    _gradient(canvas, *light.sky)


def _gradient(canvas: Canvas, top: RGB, low: RGB) -> None:
    height = canvas.pixels.shape[0]
    share = np.clip(np.arange(height) / (_HORIZON * height / SIZE), 0, 1)[:, None]
    rows = np.array(top) * (1 - share) + np.array(low) * share
    canvas.pixels[:] = rows[:, None].astype(np.uint8)


def _heavens(pen: Pen, light: Light) -> None:
    """Draws sun and clouds, a low sun, or moon and stars; clouds alone when it rains."""
    if light.weather is Weather.RAIN:
        cloud = light.on((150, 160, 176))
        for x in (40, 128, 216):
            pen.fill(*_cloud(x, 30, 1.5), colour=cloud, outline=0.5)
        return
    match light.time:
        case Time.DAY:
            pen.fill(ellipse(214, 38, 19), colour=(255, 224, 84), outline=0.5)
            for x, y in ((54, 40), (136, 24)):
                pen.fill(*_cloud(x, y, 1.0), colour=WHITE, outline=0.5)
        case Time.SUNSET:
            pen.spot(ellipse(214, 112, 34), colour=(255, 196, 110), opacity=0.5)
            pen.spot(ellipse(214, 112, 23), colour=(255, 238, 150))
        case Time.NIGHT:
            _stars(pen)
            pen.fill(ellipse(214, 40, 18), colour=(252, 246, 208), outline=0.5)


def _cloud(x: float, y: float, size: float) -> tuple[Points, ...]:
    puffs = ((-20, 5, 15, 10), (0, 0, 20, 14), (20, 5, 15, 10))
    return tuple(ellipse(x + dx * size, y + dy, rx * size, ry) for dx, dy, rx, ry in puffs)


def _stars(pen: Pen) -> None:
    for x, y in _STARS:
        pen.spot(ellipse(x, y, 1.9), colour=(255, 250, 214))


def _hill(height: float, bump: float) -> Points:
    left, right = _HORIZON - height - bump, _HORIZON - height + bump
    return blob(
        [(-60, left + 8), (50, left - 6), (190, right), (316, left), (330, 330), (-70, 330)]
    )


def _plain(pen: Pen, _light: Light) -> None:
    base: RGB = (240, 226, 196)
    _gradient(pen.canvas, tone(base, 0.35), base)


def _forest(pen: Pen, light: Light) -> None:
    far, near = light.on((58, 132, 76)), light.on((36, 106, 54))
    pen.fill(_hill(34, 0), colour=light.on((90, 156, 96)), outline=0.4)
    for x, size, leaf in ((64, 0.82, far), (192, 0.82, far), (18, 1.15, near), (238, 1.15, near)):
        _fir(pen, light, x, _HORIZON + 8, size, leaf)
    pen.fill(_hill(-6, 4), colour=light.on((104, 172, 70)), outline=0.6)


def _fir(pen: Pen, light: Light, x: float, y: float, size: float, leaf: RGB) -> None:
    pen.fill(
        box(x - 6 * size, y - 40 * size, x + 6 * size, y + 12, 2), colour=light.on((112, 72, 42))
    )
    layers = ((40, 20, 66), (33, 52, 100), (24, 84, 134))
    pen.fill(
        *(
            polygon(
                [
                    (x - w * size, y - low * size),
                    (x + w * size, y - low * size),
                    (x, y - top * size),
                ]
            )
            for w, low, top in layers
        ),
        colour=leaf,
        outline=0.7,
    )


def _beach(pen: Pen, light: Light) -> None:
    pen.fill(box(-20, _HORIZON - 44, 276, 300), colour=light.on((34, 140, 206)), outline=0.4)
    for y in (_HORIZON - 30, _HORIZON - 14):
        wave = curve([(-10, y), (50, y - 5), (110, y + 4), (180, y - 4), (270, y)])
        pen.line(wave, light.on((190, 232, 248)), 3)
    pen.fill(_hill(-12, 5), colour=light.on((250, 222, 146)), outline=0.6)
    trunk = tube([(30, 214), (32, 160), (42, 104), (50, 84)], 6, 4.5)
    pen.fill(trunk, colour=light.on((150, 100, 56)), outline=0.7)
    leaf = light.on((42, 158, 72))
    for dx, dy in ((-40, 20), (-36, -10), (4, -38), (42, -12), (42, 20)):
        across = (-dy * 0.34, dx * 0.34)
        tip = (50 + dx * 1.25, 84 + dy * 1.25 + 8)
        sides = [
            (50 + dx * 0.5 + sign * across[0], 80 + dy * 0.5 + sign * across[1]) for sign in (1, -1)
        ]
        pen.fill(blob([(50, 84), (50, 84), sides[0], tip, tip, sides[1]]), colour=leaf, outline=0.5)


def _castle(pen: Pen, light: Light) -> None:
    pen.fill(_hill(16, 3), colour=light.on((132, 190, 96)), outline=0.4)
    stone, roof, window = light.on((196, 192, 208)), light.on((214, 66, 82)), light.on((74, 68, 96))
    if light.time is not Time.DAY:
        window = (255, 220, 110)
    pen.fill(box(52, 112, 204, _HORIZON + 14), colour=stone, outline=0.7)
    for x in range(56, 204, 24):
        pen.fill(box(x, 102, x + 12, 114), colour=stone, outline=0.5)
    for x, top, wide in ((30, 84, 20), (226, 84, 20), (128, 60, 26)):
        pen.fill(box(x - wide, top, x + wide, _HORIZON + 14), colour=stone, outline=0.7)
        pen.fill(
            polygon([(x - wide - 6, top + 2), (x + wide + 6, top + 2), (x, top - 48)]),
            colour=roof,
            outline=0.7,
        )
        pen.fill(box(x - 6, top + 16, x + 6, top + 36, 5), colour=window, outline=0.5)
    pen.fill(_hill(-12, -3), colour=light.on((92, 164, 74)), outline=0.6)


def _bedroom(pen: Pen, light: Light) -> None:
    wall = {Time.DAY: (252, 226, 178), Time.SUNSET: (246, 178, 132), Time.NIGHT: (92, 92, 148)}
    pen.spot(box(-4, -4, 260, 260), colour=wall[light.time])
    pen.fill(box(-10, _HORIZON + 12, 270, 290), colour=light.on((184, 122, 74)), outline=0.6)
    frame: RGB = (252, 248, 240)
    pen.fill(box(14, 26, 94, 112, 4), colour=frame, outline=0.7)
    pen.spot(box(21, 33, 87, 105), colour=light.sky[0])
    if light.time is Time.NIGHT:
        pen.spot(ellipse(68, 52, 10), colour=(252, 246, 208))
    elif light.time is Time.SUNSET:
        pen.spot(ellipse(64, 92, 13), colour=(255, 214, 120))
    pen.spot(box(52, 33, 56, 105), colour=frame)
    pen.spot(box(21, 67, 87, 71), colour=frame)
    pen.fill(box(158, 92, 266, 190, 10), colour=light.on((142, 84, 48)), outline=0.7)
    pen.fill(box(168, 122, 226, 156, 10), colour=light.on((252, 250, 246)), outline=0.6)
    pen.fill(box(150, 146, 270, 214, 10), colour=light.on((92, 128, 210)), outline=0.7)


def _city(pen: Pen, light: Light) -> None:
    walls = (
        (206, 110, 92),
        (240, 190, 112),
        (122, 158, 190),
        (176, 132, 178),
        (112, 172, 150),
        (222, 150, 110),
    )
    tops = (64, 96, 46, 84, 58, 90)
    lit: RGB = (216, 238, 250) if light.time is Time.DAY else (255, 222, 116)
    for index, (wall, top) in enumerate(zip(walls, tops, strict=True)):
        left = index * 43 - 1
        pen.fill(box(left, top, left + 43, _HORIZON + 20), colour=light.on(wall), outline=0.7)
        for y in range(top + 12, _HORIZON - 10, 28):
            for x in (left + 8, left + 25):
                pen.spot(box(x, y, x + 11, y + 15), colour=lit)
    pen.fill(box(-10, _HORIZON + 14, 270, 290), colour=light.on((128, 130, 142)), outline=0.6)
    pen.fill(
        box(-10, _HORIZON + 10, 270, _HORIZON + 22), colour=light.on((198, 196, 196)), outline=0.5
    )


def _snow(pen: Pen, light: Light) -> None:
    peaks = [(-20, 190), (48, 84), (96, 150), (176, 66), (280, 190)]
    pen.fill(polygon(peaks), colour=light.on((146, 176, 214)), outline=0.6)
    snow = light.on((250, 252, 255))
    for x, y, wide in ((48, 84, 18), (176, 66, 22)):
        cap = [
            (x, y),
            (x + wide, y + 30),
            (x + wide * 0.3, y + 22),
            (x - wide * 0.3, y + 32),
            (x - wide, y + 28),
        ]
        pen.spot(polygon(cap), colour=snow)
    for x in (22, 234):
        _fir(pen, light, x, _HORIZON + 14, 0.9, light.on((70, 128, 118)))
        pen.spot(polygon([(x - 14, 94), (x + 14, 94), (x, 66)]), colour=snow)
    pen.fill(_hill(-10, 4), colour=snow, outline=0.6)
    for row in range(5):
        for column in range(7):
            x, y = column * 40 + (row % 2) * 20 - 4, row * 36 + 14
            pen.spot(ellipse(x, y, 2.6), colour=WHITE)


def _space(pen: Pen, _light: Light) -> None:
    _gradient(pen.canvas, (16, 8, 48), (70, 30, 120))
    _stars(pen)
    for x, y in ((40, 120), (220, 130), (110, 76), (150, 62), (70, 90), (246, 22)):
        pen.spot(ellipse(x, y, 1.9), colour=(255, 250, 214))
    pen.fill(ellipse(46, 50, 26), colour=(255, 148, 72), outline=0.6)
    pen.line(curve([(4, 62), (46, 66), (88, 38)]), (255, 222, 160), 6)
    pen.fill(ellipse(214, 44, 15), colour=(110, 210, 220), outline=0.6)
    pen.fill(_hill(-14, 0), colour=(170, 166, 190), outline=0.6)
    for x, y, size in ((30, 212, 16), (228, 222, 18), (128, 240, 20)):
        pen.spot(ellipse(x, y, size, size * 0.4), colour=(132, 128, 156))


def _meadow(pen: Pen, light: Light) -> None:
    pen.fill(_hill(34, 12), colour=light.on((164, 214, 106)), outline=0.4)
    pen.fill(_hill(-4, -5), colour=light.on((118, 190, 70)), outline=0.6)
    petals = ((250, 86, 110), (255, 218, 70), (250, 250, 255), (176, 104, 228))
    spots = (
        (14, 196),
        (40, 222),
        (66, 200),
        (24, 246),
        (90, 240),
        (166, 240),
        (192, 202),
        (218, 224),
        (242, 198),
        (236, 246),
    )
    for index, (x, y) in enumerate(spots):
        pen.line(polygon([(x, y), (x, y + 9)]), light.on((60, 130, 50)), 2)
        pen.spot(ellipse(x, y, 5.4), colour=light.on(petals[index % 4]))
        pen.spot(ellipse(x, y, 2.2), colour=light.on((255, 190, 60) if index % 4 != 1 else INK))


_PLACES: dict[Place, Callable[[Pen, Light], None]] = {
    Place.PLAIN: _plain,
    Place.FOREST: _forest,
    Place.BEACH: _beach,
    Place.CASTLE: _castle,
    Place.BEDROOM: _bedroom,
    Place.CITY: _city,
    Place.SNOW: _snow,
    Place.SPACE: _space,
    Place.MEADOW: _meadow,
}
