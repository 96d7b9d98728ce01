"""From a scene to its picture, with a box and a mask for each character."""

from dataclasses import dataclass
from typing import cast

import cv2
import numpy as np
from numpy.typing import NDArray

from recipe.illustrator import bodies, clothes, faces, hair, hats, heads
from recipe.illustrator.attributes import (
    Character,
    Framing,
    Place,
    Position,
    Scene,
    Style,
    Time,
    View,
    Weather,
)
from recipe.illustrator.canvas import Canvas, Pen
from recipe.illustrator.figure import Figure, build_of
from recipe.illustrator.looks import Image, look
from recipe.illustrator.places import paint_background, paint_rain

Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Box:
    """The box of a character's visible part, in pixels; right and bottom are exclusive."""

    left: int
    top: int
    right: int
    bottom: int


@dataclass(frozen=True, slots=True)
class Drawing:
    """A picture, (256, 256, 3) uint8 RGB in single detail, and its characters from the left."""

    scene: Scene
    image: Image
    boxes: tuple[Box, ...]
    masks: tuple[Mask, ...]
    """Masks of the picture's size, without overlap: hidden parts of a character are in none."""


@dataclass(frozen=True, slots=True)
class _Slot:
    """The position of a character: x, the head's radius, and the y of its ground or its head."""

    x: float
    radius: float
    facing: int
    ground: float | None = None
    head: float = 0.0


_GROUND = 242.0
_ALONE = {
    Position.CENTRE: _Slot(128, 44, 1, _GROUND),
    Position.LEFT: _Slot(70, 44, 1, _GROUND),
    Position.RIGHT: _Slot(186, 44, -1, _GROUND),
}
_TWO = (_Slot(70, 38, 1, _GROUND), _Slot(186, 38, -1, _GROUND))
_THREE = (_Slot(46, 29, 1, _GROUND), _Slot(128, 29, 1, _GROUND), _Slot(210, 29, -1, _GROUND))


class Illustrator:
    """Draws scenes; the same scene gives the same picture, bit for bit.

    A `detail` of 4 draws the same at 1024 pixels, to train the upscaler. Backgrounds are
    cached, 0.2 MB each; there are some hundreds of them at most.
    """

    def __init__(self, detail: int = 1) -> None:
        self._detail = detail
        self._backgrounds: dict[tuple[Style, Place, Time, Weather], Image] = {}

    def draw(self, scene: Scene) -> Drawing:
        """Returns the picture of a scene."""
        canvas, layers = Canvas(self._background(scene), self._detail), []
        for character, slot in zip(scene.characters, _slots(scene), strict=True):
            before = canvas.finished()
            _draw_character(canvas, scene.style, character, slot)
            layers.append(_difference(before, canvas.finished()))
        if scene.weather is Weather.RAIN:
            paint_rain(canvas)
        masks = _visible(layers)
        image = look(scene.style).finish(canvas.finished())
        return Drawing(scene, image, tuple(_box(mask) for mask in masks), masks)

    def _background(self, scene: Scene) -> Image:
        key = (scene.style, scene.place, scene.time, scene.weather)
        if key not in self._backgrounds:
            self._backgrounds[key] = paint_background(
                scene.place, scene.time, scene.weather, look(scene.style), self._detail
            )
        return self._backgrounds[key]


def draw(scene: Scene) -> Drawing:
    """Returns the picture of one scene; for many scenes, keep an Illustrator."""
    return Illustrator().draw(scene)


def _slots(scene: Scene) -> tuple[_Slot, ...]:
    match len(scene.characters), scene.framing:
        case 0, _:
            return ()
        case 1, Framing.CLOSE_UP:
            return (_Slot(128, 64, 1, head=132),)
        case 1, Framing.HALF_BODY:
            return (_Slot(128, 52, 1, head=116),)
        case 1, _:
            return (_ALONE[scene.position],)
        case 2, _:
            return _TWO
        case _:
            return _THREE


def _draw_character(canvas: Canvas, style: Style, character: Character, slot: _Slot) -> None:
    y = slot.head
    if slot.ground is not None:
        y = slot.ground - (build_of(character.age).foot + 0.15) * slot.radius
    facing = slot.facing if character.view in {View.THREE_QUARTER, View.SIDE} else 1
    figure = Figure.of(character, Pen(canvas, look(style), slot.x, y, slot.radius, facing))
    _draw_body(figure)
    _draw_head(figure)


def _draw_body(figure: Figure) -> None:
    character = figure.character
    if not figure.is_averted:
        bodies.draw_tail(figure)
        if not character.is_animal:
            hair.draw_back_hair(figure)
    bodies.draw_legs(figure)
    bodies.draw_neck(figure)
    clothes.draw_clothes(figure)
    if figure.is_averted:
        bodies.draw_tail(figure)
    if character.scarf:
        bodies.draw_scarf(figure)


def _draw_head(figure: Figure) -> None:
    character = figure.character
    if character.is_animal:
        heads.draw_animal_ears(figure)
    elif figure.is_averted:
        hair.draw_back_hair(figure)
    heads.draw_skull(figure)
    if not figure.is_averted:
        faces.draw_face(figure)
        faces.draw_whiskers(figure)
        if character.beard and not character.is_animal:
            faces.draw_beard(figure)
    if not character.is_animal:
        hair.draw_front_hair(figure)
    if character.glasses and not figure.is_averted:
        faces.draw_glasses(figure)
    hats.draw_hat(figure)


def _difference(before: Image, after: Image) -> Mask:
    """Returns the mask of a drawn character: the changed pixels and those that they enclose."""
    red, green, blue = cv2.split(cv2.absdiff(before, after))
    touched = (cv2.max(cv2.max(red, green), blue) > 3).astype(np.uint8)
    outlines, _ = cv2.findContours(touched, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    cv2.drawContours(touched, outlines, -1, 1, cv2.FILLED)
    return cast(Mask, touched.astype(bool))


def _visible(layers: list[Mask]) -> tuple[Mask, ...]:
    if not layers:
        return ()
    hidden = np.zeros_like(layers[0])
    masks: list[Mask] = []
    for layer in reversed(layers):
        masks.append(layer & ~hidden)
        hidden |= layer
    return tuple(reversed(masks))


def _box(mask: Mask) -> Box:
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return Box(int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1)
