"""Choices: which offers draw several pictures that one budget must cover together."""

from collections.abc import Iterator, Sequence

from server.routing.wishes import Offer

Offers = tuple[Offer, ...]


def choices(pictures: Sequence[Sequence[Offer]]) -> Iterator[Offers]:
    """Yields an offer for each picture, to try one after the other until the budgets cover them.

    `pictures` are the offers of each, the best first. The first choice is the best of each; in
    every further one a picture keeps its offer or has a cheaper one, until each has its cheapest,
    which is free where the picture has a free offer. What follows is for the budget of a provider:
    the cheapest of each from the others, which may be dearer.
    """
    steps = [_cheaper(offers) for offers in pictures]
    for place in range(max(map(len, steps), default=1)):
        yield tuple(each[min(place, len(each) - 1)] for each in steps)
    cheapest = tuple(each[-1] for each in steps)
    for provider in sorted({one.model.provider for one in cheapest if one.price_micros}):
        others = tuple(_elsewhere(offers, provider) for offers in pictures)
        if others != cheapest:
            yield others


def _cheaper(offers: Sequence[Offer]) -> list[Offer]:
    """Returns the first offer, then those that are cheaper than each before them."""
    found = list(offers[:1])
    for offer in offers:
        if offer.price_micros < found[-1].price_micros:
            found.append(offer)
    return found


def _elsewhere(offers: Sequence[Offer], provider: str) -> Offer:
    """Returns the cheapest offer that pays a provider nothing, or the cheapest if there is none."""
    return min(
        offers,
        key=lambda one: (one.model.provider == provider and one.price_micros > 0, one.price_micros),
    )
