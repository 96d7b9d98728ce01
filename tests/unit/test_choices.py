"""The offers of a story's pictures, as they are tried until the budgets cover them all."""

from dataclasses import replace
from itertools import combinations, pairwise
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from server.domain.models import Format, Size
from server.routing.catalogue import STORYBOOK
from server.routing.choices import choices, covered, first_covered
from server.routing.conditions import BudgetRest
from server.routing.wishes import Offer

SQUARE = Format(Size(1024, 1024), Size(1024, 1024))
PROVIDERS = ["local", "openai", "somebody", "another"]
many = settings(max_examples=400, deadline=None)


def offer(price: int, provider: str = "openai", name: str = "a") -> Offer:
    """Returns an offer at a price."""
    row = replace(STORYBOOK, name=name, provider=provider)
    return Offer(row, SQUARE, "high", price, price, 1.0, 0.0, 4.0)


def _story(seed: int) -> list[list[Offer]]:
    """Returns the offers of pictures, in any order, since a canary or a machine may be first."""
    chance = Random(seed)
    return [
        [
            offer(chance.choice([0, 1, 2, 40_000]), chance.choice(PROVIDERS), f"m{number}")
            for number in range(chance.randrange(1, 5))
        ]
        for _ in range(chance.randrange(1, 9))
    ]


stories = st.integers(0, 2**32).map(_story)


def _price(chosen: tuple[Offer, ...]) -> int:
    return sum(one.price_micros for one in chosen)


@many
@given(stories)
def test_no_budget_refuses_pictures_that_all_have_free_offers(story: list[list[Offer]]) -> None:
    free = all(any(not one.price_micros for one in offers) for offers in story)
    assert any(_price(chosen) == 0 for chosen in choices(story)) == free


@many
@given(stories)
def test_choices_get_cheaper_from_the_best_to_the_cheapest(story: list[list[Offer]]) -> None:
    found = list(choices(story))
    least = tuple(min(one.price_micros for one in offers) for offers in story)
    prices = [tuple(one.price_micros for one in chosen) for chosen in found]
    cheapest = prices.index(least)
    assert found[0] == tuple(offers[0] for offers in story)
    for dearer, cheaper in pairwise(prices[: cheapest + 1]):
        assert all(after <= before for before, after in zip(dearer, cheaper, strict=True))
        assert dearer != cheaper
    for chosen in found:
        assert all(one in offers for one, offers in zip(chosen, story, strict=True))


@many
@given(stories)
def test_a_provider_is_paid_nothing_where_others_have_offers(story: list[list[Offer]]) -> None:
    for provider in PROVIDERS:
        others = all(
            any(one.model.provider != provider or not one.price_micros for one in offers)
            for offers in story
        )
        paid = [
            sum(one.price_micros for one in chosen if one.model.provider == provider)
            for chosen in choices(story)
        ]
        assert (min(paid) == 0) == others


def test_a_picture_that_is_free_stays_so_while_another_becomes_it() -> None:
    free, dear = offer(0, "local", "free"), offer(40_000, name="dear")
    assert list(choices([[free, dear], [dear, free]])) == [(free, dear), (free, free)]
    assert list(choices([])) == [()]


@many
@given(stories)
def test_no_set_of_providers_is_paid_where_others_have_offers(story: list[list[Offer]]) -> None:
    for size in range(1, len(PROVIDERS)):
        for those in combinations(PROVIDERS, size):
            others = all(
                any(one.model.provider not in those or not one.price_micros for one in offers)
                for offers in story
            )
            unpaid = any(
                not any(one.price_micros and one.model.provider in those for one in chosen)
                for chosen in choices(story)
            )
            assert unpaid == others


def test_a_third_provider_draws_what_neither_of_two_others_is_paid_for() -> None:
    offers = [offer(1, "openai", "a"), offer(2, "somebody", "b"), offer(3, "another", "c")]
    assert (offers[2], offers[2]) in list(choices([offers, offers]))


def test_pictures_share_what_the_budgets_of_providers_have_left() -> None:
    first, second, third = (
        offer(10, "openai", "a"),
        offer(20, "somebody", "b"),
        offer(30, "another", "c"),
    )
    rest = BudgetRest(providers={"openai": 25, "somebody": 20})
    story = [[first, second, third]] * 4
    assert first_covered(choices(story, rest), rest) == (first, first, second, third)
    # The one that a single provider draws comes first.
    story = [[first, second], [first, second], [first]]
    assert first_covered(choices(story, rest), rest) == (first, second, first)


@many
@given(stories, st.integers(0, 2**32))
def test_only_what_the_budgets_cover_is_tried_and_the_cheapest(
    story: list[list[Offer]], seed: int
) -> None:
    chance = Random(seed)
    most = [0, 2, 40_000, 100_000, None]
    providers = {one: left for one in PROVIDERS if (left := chance.choice(most)) is not None}
    rest = BudgetRest(total=chance.choice(most), providers=providers)
    every = list(choices(story, rest))
    found = list(covered(every, rest))
    least = min(map(_price, every))
    assert any(_price(chosen) == least for chosen in found)
    assert found == [one for one in every if one in found]
    short = [one for one in found if rest.short(_paid(one))]
    assert len(short) <= 1
    assert all(_price(one) == least for one in short)
    # Only where nothing is covered is the cheapest taken as it is.
    taken = first_covered(every, rest)
    assert bool(rest.short(_paid(taken))) == all(rest.short(_paid(one)) for one in every)


def _paid(chosen: tuple[Offer, ...]) -> dict[str, int]:
    found: dict[str, int] = {}
    for one in chosen:
        found[one.model.provider] = found.get(one.model.provider, 0) + one.price_micros
    return found
