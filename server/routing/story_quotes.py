"""Quotes of whole stories: what their pictures cost together, and how long they take."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from heapq import heappop, heappush
from typing import Self

from server.domain.states import DRAWING_LANES, Lane
from server.routing.conditions import Conditions, LaneLoad
from server.routing.wishes import Offer


@dataclass(frozen=True, slots=True)
class StoryPart:
    """What one model would draw of a story; `price_micros` has one call for each image."""

    model: str
    provider: str
    images: int
    price_micros: int


@dataclass(frozen=True, slots=True)
class StoryQuote:
    """The quote of a story; `seconds` is None while nobody is there to draw.

    `price_micros` is the most that it costs if each first offer draws its image with one call, and
    `most_micros` the most that it can cost if others must draw, or draw again. Stored pictures
    answer the `reused` ones, which are not among the `images`. `paused` is whether one of them has
    offers in paused lanes only.
    """

    images: int
    price_micros: int
    seconds: float | None
    parts: tuple[StoryPart, ...]
    reused: int = 0
    most_micros: int = 0
    paused: bool = False


def quote_story(
    offers: Sequence[Offer],
    conditions: Conditions,
    max_concurrent: int,
    needs: Iterable[tuple[int, int]] = (),
) -> StoryQuote:
    """Returns the quote of a story whose pictures are drawn by these offers.

    Lanes draw beside each other, each as many pictures in the time of one as its load says, and all
    together as many as a batch may have under way. `needs` are pairs of places among the offers: a
    picture, and a portrait that is drawn before it.
    """
    prices: dict[tuple[str, str], list[int]] = {}
    for offer in offers:
        who = offer.model.name, offer.model.provider
        prices.setdefault(who, []).append(offer.price_micros)
    parts = [StoryPart(*who, len(those), sum(those)) for who, those in prices.items()]
    return StoryQuote(
        images=len(offers),
        price_micros=sum(offer.price_micros for offer in offers),
        seconds=_seconds(offers, conditions, max_concurrent, needs),
        parts=tuple(sorted(parts, key=lambda part: -part.images)),
    )


def _seconds(
    offers: Sequence[Offer],
    conditions: Conditions,
    max_concurrent: int,
    needs: Iterable[tuple[int, int]],
) -> float | None:
    """Returns when the last picture is there, if each begins as soon as it can."""
    if any(math.isinf(offer.waits) for offer in offers):
        return None
    waited_for: dict[int, list[int]] = {}
    for picture, portrait in needs:
        waited_for.setdefault(picture, []).append(portrait)
    paces = {lane: _Pace.of(offers, lane, conditions, max_concurrent) for lane in DRAWING_LANES}
    batch = [0.0] * max_concurrent
    ends: dict[int, float] = {}

    def draw(place: int, ready: float) -> None:
        offer = offers[place]
        pace = paces[offer.model.lane]
        begins = max(ready, heappop(pace.free), heappop(batch))
        ends[place] = begins + offer.draws * pace.longer
        heappush(pace.free, ends[place])
        heappush(batch, ends[place])

    for place in range(len(offers)):
        if place not in waited_for:
            draw(place, 0.0)
    begins = [(max(ends[one] for one in those), place) for place, those in waited_for.items()]
    for ready, place in sorted(begins):
        draw(place, ready)
    return max(ends.values(), default=0.0)


@dataclass(frozen=True, slots=True)
class _Pace:
    """How fast a lane draws a story: when each of its places is free, a heap.

    Each picture takes `longer` than alone by that factor, so that all places together are as many
    as the lane draws in the time of one.
    """

    free: list[float]
    longer: float

    @classmethod
    def of(
        cls, offers: Sequence[Offer], lane: Lane, conditions: Conditions, max_concurrent: int
    ) -> Self:
        """Returns that of a lane, of which a batch may have some pictures under way."""
        own = [offer for offer in offers if offer.model.lane is lane]
        waits = max((offer.waits for offer in own), default=0.0)
        measured = all(offer.measured for offer in own)
        load = conditions.lanes.get(lane, LaneLoad())
        drawn = load.at_once(max_concurrent, measured=measured)
        places = min(math.ceil(drawn), max_concurrent)
        return cls([waits] * places, max(1.0, places / drawn))
