"""Choices: which offers draw several pictures that one budget must cover together."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import chain, combinations

from server.routing.conditions import BudgetRest
from server.routing.wishes import Offer

Offers = tuple[Offer, ...]

NO_BUDGETS = BudgetRest()


def choices(pictures: Sequence[Sequence[Offer]], rest: BudgetRest = NO_BUDGETS) -> Iterator[Offers]:
    """Yields an offer for each picture, to try one after the other until the budgets cover them.

    `pictures` are the offers of each, the best first. The first choice is the best of each; in
    every further one a picture keeps its offer or has a cheaper one, until each has its cheapest,
    which is free where the picture has a free offer. What follows may be dearer, and is for the
    budgets of providers: what their `rest` covers of each, then the cheapest without one of them,
    without two, and so on.
    """
    seen = set[tuple[int, ...]]()
    without = (tuple(_elsewhere(each, those) for each in pictures) for those in _paid(pictures))
    for found in chain(_cheaper_each(pictures), [_spread(pictures, rest)], without):
        places = tuple(map(id, found))
        if places not in seen:
            seen.add(places)
            yield found


def covered(found: Iterable[Offers], rest: BudgetRest) -> Iterator[Offers]:
    """Yields the choices that the rest of the budgets covers, and the cheapest of all anyway.

    That one is asked for in the end, since the rest may have changed.
    """
    every = list(found)
    cheapest = min(every, key=lambda each: sum(_prices(each).values()), default=None)
    for each in every:
        if each is cheapest or not rest.short(_prices(each)):
            yield each


def first_covered(found: Iterable[Offers], rest: BudgetRest) -> Offers:
    """Returns the first choice that the rest of the budgets covers, or else the cheapest."""
    every = list(covered(found, rest))
    return next((each for each in every if not rest.short(_prices(each))), every[0])


def _prices(offers: Offers) -> Counter[str]:
    """Returns what offers cost together, by provider."""
    found = Counter[str]()
    for offer in offers:
        found[offer.model.provider] += offer.price_micros
    return found


def _cheaper_each(pictures: Sequence[Sequence[Offer]]) -> Iterator[Offers]:
    """Yields the best of each, and cheaper ones step by step to the cheapest of each."""
    steps = [_cheaper(offers) for offers in pictures]
    for place in range(max(map(len, steps), default=1)):
        yield tuple(each[min(place, len(each) - 1)] for each in steps)


def _cheaper(offers: Sequence[Offer]) -> list[Offer]:
    """Returns the first offer, then those that are cheaper than each before them."""
    found = list(offers[:1])
    for offer in offers:
        if offer.price_micros < found[-1].price_micros:
            found.append(offer)
    return found


def _spread(pictures: Sequence[Sequence[Offer]], rest: BudgetRest) -> Offers:
    """Returns the cheapest offer of each that its provider's budget covers after the others.

    Pictures that fewer providers draw come first, so that the others leave something for them.
    """
    left = Counter(rest.providers)
    found: dict[int, Offer] = {}
    for place in sorted(range(len(pictures)), key=lambda place: _providers(pictures[place])):
        offers = sorted(pictures[place], key=lambda offer: offer.price_micros)
        fitting = (
            offer
            for offer in offers
            if not offer.price_micros
            or offer.model.provider not in left
            or offer.price_micros <= left[offer.model.provider]
        )
        found[place] = next(fitting, offers[0])
        if found[place].model.provider in left:
            left[found[place].model.provider] -= found[place].price_micros
    return tuple(found[place] for place in range(len(pictures)))


def _providers(offers: Iterable[Offer]) -> int:
    return len({offer.model.provider for offer in offers})


def _paid(pictures: Sequence[Sequence[Offer]]) -> Iterator[Collection[str]]:
    """Yields the sets of providers that are paid for pictures without a free offer."""
    priced = [each for each in pictures if all(offer.price_micros for offer in each)]
    names = sorted({offer.model.provider for each in priced for offer in each})
    return chain.from_iterable(combinations(names, size) for size in range(1, len(names)))


def _elsewhere(offers: Sequence[Offer], providers: Collection[str]) -> Offer:
    """Returns the cheapest offer that pays no such provider, or the cheapest if there is none."""
    return min(
        offers,
        key=lambda one: (
            one.model.provider in providers and one.price_micros > 0,
            one.price_micros,
        ),
    )
