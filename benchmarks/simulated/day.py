"""A day of mixed load: who asks for what, and when providers fail and prices change."""

import math
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random

from server.domain.states import ImageType
from server.routing.catalogue import KNOWN, SDXL, Catalogue
from server.routing.prices import TokenPrice
from server.routing.rows import Row
from server.routing.wishes import Wish

SEED = 7
START = datetime(2026, 11, 28, tzinfo=UTC)
HOUR = 3_600.0
DAY = 24 * HOUR


@dataclass(frozen=True, slots=True)
class Asked:
    """A picture that somebody asks for, `at` seconds of the day."""

    at: float
    wish: Wish


@dataclass(frozen=True, slots=True)
class Outage:
    """A time in which the calls of a provider fail."""

    provider: str
    begin: float
    end: float


@dataclass(frozen=True, slots=True)
class Day:
    """A day: its pictures, its outages, its prices and its GPUs from a second of it on.

    A picture takes its model's expected time by a factor around 1, which its seed decides.
    """

    seed: int
    pictures: tuple[Asked, ...]
    outages: tuple[Outage, ...]
    catalogues: tuple[tuple[float, Catalogue], ...]
    gpus: tuple[tuple[float, int], ...]

    def is_down(self, provider: str, at: float) -> bool:
        """Returns whether calls of a provider fail."""
        return any(one.provider == provider and one.begin <= at < one.end for one in self.outages)

    def seconds(self, picture: int, row: Row) -> float:
        """Returns how long a model draws a picture."""
        factor = Random(f"{self.seed}/{picture}/{row.name}").lognormvariate(0, 0.15)
        return row.grades[self.pictures[picture].wish.quality].seconds * factor


def a_day(pictures: int, seed: int = SEED) -> Day:
    """Returns a day with so many pictures.

    Two GPUs draw with SDXL, a third of the pictures has a deadline, half of them a floor. The
    first hosted provider is away for an hour and its prices rise at noon; both GPUs are away for
    90 minutes.
    """
    chance = Random(seed)
    flare, big = KNOWN["gpt-image-2.5-flare"], KNOWN["gpt-image-2"]
    second = replace(_dearer(flare, "1.2"), name="second-flare", provider="second", successor_of=())
    second_big = replace(_dearer(big, "1.2"), name="second-2", provider="second")
    before = Catalogue([SDXL, flare, big, second, second_big])
    after = Catalogue([SDXL, _dearer(flare, "1.5"), _dearer(big, "1.5"), second, second_big])
    return Day(
        seed,
        tuple(sorted((_asked(chance, str(n)) for n in range(pictures)), key=lambda one: one.at)),
        (Outage("openai", 9.5 * HOUR, 10.5 * HOUR),),
        ((0.0, before), (12 * HOUR, after)),
        ((0.0, 2), (15 * HOUR, 0), (16.5 * HOUR, 2)),
    )


def _asked(chance: Random, key: str) -> Asked:
    at = second_of_day(chance)
    floor = chance.choices([0.0, 2.5, 3.5, 4.5], [50, 25, 20, 5])[0]
    deadline = None
    if chance.random() < 1 / 3:
        deadline = START + timedelta(seconds=at + chance.uniform(150, 600))
    kind = chance.choice([ImageType.PORTRAIT, ImageType.SCENE, ImageType.SCENE])
    return Asked(at, Wish(kind, "", "", 1, min_score=floor, complete_by=deadline, key=key))


def second_of_day(chance: Random) -> float:
    """Returns a second of the day: few at night, most in the afternoon."""
    while True:
        at = chance.uniform(0, DAY)
        if chance.random() < 0.55 - 0.45 * math.cos(2 * math.pi * (at / DAY - 0.1)):
            return at


def _dearer(row: Row, factor: str) -> Row:
    price = row.price
    assert isinstance(price, TokenPrice)
    by = Decimal(factor)
    changed = replace(
        price,
        text_in=price.text_in * by,
        image_in=price.image_in * by,
        image_out=price.image_out * by,
        text_out=price.text_out * by,
    )
    return replace(row, price=changed)
