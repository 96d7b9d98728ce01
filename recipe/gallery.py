"""Draws the whole domain on one sheet: `python -m recipe.gallery --out grid.png`."""

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import cast

import cv2
import numpy as np

from recipe.illustrator.attributes import (
    Age,
    Character,
    Colour,
    Expression,
    Eyes,
    Framing,
    Fur,
    Garment,
    Gender,
    Hair,
    HairStyle,
    Hat,
    Place,
    Pose,
    Position,
    Scene,
    Skin,
    Species,
    Style,
    Time,
    View,
    Weather,
)
from recipe.illustrator.drawing import Illustrator
from recipe.illustrator.looks import Image

LUNA = Character(
    hair=Hair.RED,
    hair_style=HairStyle.BRAIDED,
    eyes=Eyes.GREEN,
    freckles=True,
    garment=Garment.DRESS,
    colour=Colour.BLUE,
)
OTTO = Character(
    age=Age.ELDER,
    gender=Gender.MALE,
    skin=Skin.TAN,
    hair=Hair.WHITE,
    beard=True,
    glasses=True,
    eyes=Eyes.BLUE,
    garment=Garment.COAT,
    colour=Colour.GREEN,
)
ADA = Character(
    age=Age.ADULT,
    skin=Skin.DARK,
    hair=Hair.BLACK,
    hair_style=HairStyle.CURLY,
    garment=Garment.SWEATER,
    colour=Colour.YELLOW,
)
FINN = Character(
    species=Species.FOX, gender=Gender.MALE, eyes=Eyes.GREEN, garment=Garment.OVERALLS, scarf=True
)
FURS = {
    Species.FOX: Fur.ORANGE,
    Species.BEAR: Fur.BROWN,
    Species.RABBIT: Fur.WHITE,
    Species.CAT: Fur.GREY,
}
COLUMNS = 6


def rows() -> Iterator[tuple[Scene, ...]]:
    """Yields the rows of the sheet, from styles, species and views to places and groups."""
    styles, full = tuple(Style), Framing.FULL_BODY
    for cast_ in ((LUNA,), (FINN,), (OTTO,)):
        yield tuple(Scene(cast_, style, place=Place.MEADOW) for style in styles)
    animals = [replace(FINN, species=each, fur=fur) for each, fur in FURS.items()]
    people = [LUNA, ADA, OTTO, replace(LUNA, gender=Gender.MALE, hair_style=HairStyle.SPIKY)]
    yield tuple(Scene((each,), full_style(i)) for i, each in enumerate([*animals, *people[:2]]))
    yield tuple(
        Scene((each,), framing=full, place=Place.FOREST) for each in [*people, *animals[:2]]
    )
    for character in (LUNA, animals[3]):
        yield tuple(
            Scene((replace(character, view=view),), framing=framing)
            for framing, view in [
                *((Framing.CLOSE_UP, view) for view in View),
                *((full, view) for view in (View.SIDE, View.BACK)),
            ]
        )
    faces = [replace(ADA, expression=each) for each in Expression]
    yield tuple(Scene((each,)) for each in [*faces, replace(OTTO, hat=Hat.CAP)])
    hair = [
        replace(LUNA, hair_style=style, hair=hue)
        for style, hue in zip(HairStyle, Hair, strict=False)
    ]
    yield tuple(Scene((each,)) for each in hair[:6])
    hats = [
        replace(ADA, hat=hat, skin=skin) for hat, skin in zip(list(Hat)[1:], Skin, strict=False)
    ]
    yield tuple(Scene((each,)) for each in [*hats, hair[6], replace(animals[1], hat=Hat.CROWN)])
    clothes = [
        replace(LUNA, garment=each, colour=hue) for each, hue in zip(Garment, Colour, strict=False)
    ]
    yield tuple(Scene((each,), framing=Framing.HALF_BODY) for each in clothes)
    poses = [replace(FINN, pose=pose) for pose in Pose]
    spots = [Scene((LUNA,), framing=full, position=each, place=Place.CASTLE) for each in Position]
    yield (*(Scene((each,), framing=full, place=Place.CITY) for each in poses), *spots)
    for places in (tuple(Place)[:6], tuple(Place)[6:]):
        for time in Time:
            yield tuple(Scene((ADA,), framing=full, place=each, time=time) for each in places)
    yield tuple(Scene((OTTO, FINN), style, full, place=Place.FOREST) for style in styles)
    trio = (LUNA, animals[1], replace(ADA, view=View.THREE_QUARTER))
    yield tuple(Scene(trio, style, full, place=Place.BEACH) for style in styles)
    yield tuple(
        Scene((LUNA, ADA), style, full, place=Place.CITY, weather=Weather.RAIN) for style in styles
    )


def full_style(index: int) -> Style:
    """Returns the style of a column."""
    return tuple(Style)[index % len(Style)]


def sheet(scenes: Sequence[Sequence[Scene]]) -> Image:
    """Returns the rows of scenes as one picture."""
    illustrator = Illustrator()
    blank = np.full((256, 256, 3), 255, np.uint8)
    lines = []
    for row in scenes:
        pictures = [illustrator.draw(scene).image for scene in row]
        pictures += [blank] * (COLUMNS - len(pictures))
        lines.append(np.hstack(pictures))
    return cast(Image, np.vstack(lines))


def main() -> None:
    """Writes the sheet."""
    parser = argparse.ArgumentParser(prog="python -m recipe.gallery", description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="where the PNG is written")
    out: Path = parser.parse_args().out
    picture = sheet(list(rows()))
    cv2.imwrite(str(out), cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))


if __name__ == "__main__":
    main()
