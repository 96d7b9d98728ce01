"""Quotes of whole stories: what their pictures cost together, and how long they take."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from server.domain.states import DRAWING_LANES
from server.routing.conditions import Conditions
from server.routing.wishes import Offer


@dataclass(frozen=True, slots=True)
class StoryPart:
    """What one model would draw of a story."""

    model: str
    provider: str
    images: int
    price_micros: int


@dataclass(frozen=True, slots=True)
class StoryQuote:
    """The quote of a story; `seconds` is None while nobody is there to draw.

    Stored pictures answer the `reused` ones, which are not among the `images`.
    """

    images: int
    price_micros: int
    seconds: float | None
    parts: tuple[StoryPart, ...]
    reused: int = 0


def quote_story(offers: Sequence[Offer], conditions: Conditions, max_concurrent: int) -> StoryQuote:
    """Returns the quote of a story whose pictures are drawn by these offers.

    Lanes draw beside each other, each as many pictures at once as it has slots, and all together as
    many as a batch may have under way.
    """
    prices: dict[tuple[str, str], list[int]] = {}
    for offer in offers:
        who = offer.model.name, offer.model.provider
        prices.setdefault(who, []).append(offer.price_micros)
    parts = [StoryPart(*who, len(those), sum(those)) for who, those in prices.items()]
    return StoryQuote(
        images=len(offers),
        price_micros=sum(offer.price_micros for offer in offers),
        seconds=_seconds(offers, conditions, max_concurrent),
        parts=tuple(sorted(parts, key=lambda part: -part.images)),
    )


def _seconds(offers: Sequence[Offer], conditions: Conditions, max_concurrent: int) -> float | None:
    longest = 0.0
    for lane in DRAWING_LANES:
        those = [offer for offer in offers if offer.model.lane is lane]
        if not those:
            continue
        load = conditions.lanes.get(lane)
        slots = min((load.slots if load else None) or 1, max_concurrent)
        waits = max(offer.waits for offer in those)
        draws = [offer.draws for offer in those]
        if math.isinf(waits):
            return None
        longest = max(longest, waits + max(*draws, sum(draws) / slots))
    return longest
