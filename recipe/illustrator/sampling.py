"""Samples random scenes, in the shares in which the checkpoint is asked for them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import TypeVar

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

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Domain:
    """The range of sampled pictures: each rung of the ladder adds something harder.

    `framings` weighs close-ups, half bodies, and full bodies of one, two and three.
    """

    framings: tuple[float, float, float, float, float]
    styles: tuple[Style, ...]
    turned: float
    """The share of characters that do not face the reader."""
    posed: float
    rain: float


PORTRAITS = Domain((1, 0, 0, 0, 0), (Style.CARTOON, Style.WATERCOLOR, Style.RENDER), 0, 0, 0)
STYLED = Domain((4, 1, 0, 0, 0), tuple(Style), 0.1, 0, 0)
PLACED = Domain((3, 2, 2, 0, 0), tuple(Style), 0.15, 0.15, 0.05)
PAIRED = Domain((3, 2, 1.5, 1.5, 0), tuple(Style), 0.1, 0.1, 0.03)
FULL = Domain((3, 2, 2, 3, 0.6), tuple(Style), 0.2, 0.15, 0.06)
RUNGS: Mapping[str, Domain] = {
    "portraits": PORTRAITS,
    "styled": STYLED,
    "placed": PLACED,
    "paired": PAIRED,
    "full": FULL,
}


def sample_scene(chance: Random, domain: Domain = FULL) -> Scene:
    """Returns a random scene of the domain."""
    row = chance.choices(range(5), domain.framings)[0]
    framing = (Framing.CLOSE_UP, Framing.HALF_BODY, Framing.FULL_BODY)[min(row, 2)]
    place = _weighed(chance, dict.fromkeys(Place, 1.0) | {Place.PLAIN: 2.0})
    position = Position.CENTRE
    if row == 2:
        position = _weighed(chance, {Position.CENTRE: 3, Position.LEFT: 1, Position.RIGHT: 1})
    time = Time.DAY
    if not place.timeless:
        time = _weighed(chance, {Time.DAY: 3, Time.SUNSET: 1.2, Time.NIGHT: 1.4})
    rains = place.outdoors and chance.random() < domain.rain
    count = max(1, row - 1)
    cast = tuple(sample_character(chance, domain, framing) for _ in range(count))
    return Scene(
        characters=tuple(_plain(each) for each in cast) if count == 3 else cast,
        style=chance.choice(domain.styles),
        framing=framing,
        position=position,
        place=place,
        time=time,
        weather=Weather.RAIN if rains else Weather.DRY,
    )


def sample_place(chance: Random, styles: Sequence[Style]) -> Scene:
    """Returns a random place without characters; times and weathers are as frequent as others."""
    place = chance.choice(tuple(Place))
    return Scene(
        characters=(),
        style=chance.choice(styles),
        framing=Framing.FULL_BODY,
        place=place,
        time=Time.DAY if place.timeless else chance.choice(tuple(Time)),
        weather=chance.choice(tuple(Weather)) if place.outdoors else Weather.DRY,
    )


def sample_character(chance: Random, domain: Domain, framing: Framing) -> Character:
    """Returns a person, or an animal in two of five cases."""
    view = View.FRONT
    if chance.random() < domain.turned:
        # A close-up of a back shows hair and nothing else.
        averted_too = (View.BACK,) if framing is Framing.FULL_BODY else ()
        view = chance.choice((View.THREE_QUARTER, View.SIDE, *averted_too))
    pose = Pose.STANDING
    if framing is Framing.FULL_BODY and chance.random() < domain.posed:
        pose = chance.choice((Pose.WAVING, Pose.CHEERING))
    averted = view is View.BACK
    worn = {
        "garment": chance.choice(tuple(Garment)),
        "colour": chance.choice(tuple(Colour)),
        "hat": _weighed(chance, dict.fromkeys(Hat, 1.0) | {Hat.NONE: 6.0}),
        "scarf": chance.random() < 0.12,
    }
    face = {
        "eyes": chance.choice(tuple(Eyes)),
        "glasses": chance.random() < 0.15 and not averted,
        "expression": _weighed(chance, dict.fromkeys(Expression, 1.5) | {Expression.SMILING: 4.0}),
    }
    body = _animal(chance) if chance.random() < 0.4 else _person(chance, averted)
    return Character(**body, **worn, **face, view=view, pose=pose)  # type: ignore[arg-type]


def _plain(character: Character) -> Character:
    """Returns a character with a description short enough for a caption of three."""
    return replace(
        character,
        hat=Hat.NONE,
        glasses=False,
        freckles=False,
        scarf=False,
        beard=False,
        expression=Expression.SMILING,
        view=View.FRONT,
        pose=Pose.STANDING,
    )


def _animal(chance: Random) -> dict[str, object]:
    return {
        "species": chance.choice((Species.FOX, Species.BEAR, Species.RABBIT, Species.CAT)),
        "fur": chance.choice(tuple(Fur)),
        "gender": chance.choice(tuple(Gender)),
    }


def _person(chance: Random, averted: bool) -> dict[str, object]:
    age = _weighed(chance, {Age.CHILD: 5, Age.ADULT: 3, Age.ELDER: 2})
    gender = chance.choice(tuple(Gender))
    grey = {Hair.GREY: 5.0, Hair.WHITE: 5.0} if age is Age.ELDER else {}
    styles = dict.fromkeys(HairStyle, 1.0) | {HairStyle.SHORT: 2.0, HairStyle.LONG: 1.5}
    bearded = gender is Gender.MALE and age is not Age.CHILD
    return {
        "age": age,
        "gender": gender,
        "skin": chance.choice(tuple(Skin)),
        "hair": _weighed(chance, dict.fromkeys(Hair, 1.0) | grey),
        "hair_style": _weighed(chance, styles),
        "freckles": chance.random() < 0.15 and not averted,
        "beard": bearded and not averted and chance.random() < 0.45,
    }


def _weighed(chance: Random, shares: Mapping[T, float]) -> T:
    return chance.choices(tuple(shares), tuple(shares.values()))[0]
