"""The router's promises over random catalogues, wishes and conditions."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from random import Random
from types import MappingProxyType
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from server.domain.health import HealthState, ProviderHealth
from server.domain.models import Size
from server.domain.states import DRAWING_LANES, ImageType, Lane, Quality
from server.routing.catalogue import KNOWN, SDXL, Catalogue
from server.routing.ceilings import PAID_RENDERS, ceiling
from server.routing.conditions import BudgetRest, Conditions, GpuCost, LaneLoad, Speed
from server.routing.lanes import lanes
from server.routing.prices import FreePrice, PicturePrice, Price, PricedCall
from server.routing.reasons import Exclusion
from server.routing.router import Refusal, Routing, route, route_again
from server.routing.rows import Capability, Grade, Row
from server.routing.wishes import Offer, Wish

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
NAMES = [f"m{number}" for number in range(6)]
PROVIDERS = ["local", "openai", "somebody"]
UNTIL = [None, *(NOW + timedelta(seconds=left) for left in (-3_600, -1, 0, 0.01, 30))]
SOON = NOW + timedelta(seconds=1)
TALL, SQUARE = "1024x1536", "1024x1024"


@dataclass(frozen=True, slots=True)
class World:
    """A catalogue, a wish and conditions, all of them by a seed."""

    seed: int
    catalogue: Catalogue
    wish: Wish
    conditions: Conditions

    def route(self, **changes: Any) -> Routing:
        """Returns the routing of the wish, with changes."""
        return route(self.catalogue, replace(self.wish, **changes), self.conditions)


def _price(chance: Random) -> Price | None:
    """Returns no price, a price of nothing, one by picture, one by token, or one with a gap."""
    kind = chance.choice(["none", *["free"] * 3, *["picture"] * 4, "token", "gap"])
    if kind in ("none", "free"):
        return FreePrice() if kind == "free" else None
    if kind == "token":
        return KNOWN["gpt-image-2"].price
    micros = chance.choice([0, 1, 2, 40_000, chance.randrange(300_000)])
    labels = {"low": micros, "medium": micros, **({} if kind == "gap" else {"high": micros})}
    return PicturePrice(MappingProxyType(labels), MappingProxyType({}), chance.randrange(3))


def _row(chance: Random, name: str) -> Row:
    shapes = chance.sample([SQUARE, TALL], chance.choice([1, 2, 2]))
    grades = {
        quality: Grade(label, chance.choice([1.0, 10.0, 60.0]), chance.choice([0.5, 2.5, 4.5]))
        for quality, label in zip(Quality, ("low", "medium", "high"), strict=True)
        if quality is not Quality.STANDARD or chance.random() < 0.8
    }
    capable = frozenset(one for one in Capability if chance.random() < 0.9)
    return replace(
        SDXL,
        name=name,
        provider=chance.choice(PROVIDERS),
        lane=chance.choice(DRAWING_LANES),
        max_characters=chance.choice([1, 4, 4, 4]),
        portraits=MappingProxyType({shape: SDXL.portraits[shape] for shape in shapes}),
        grades=MappingProxyType(grades),
        price=_price(chance),
        retires_on=NOW.date() + timedelta(days=1) * chance.choice([0, 1, 9, 99, 99, 99]),
        capabilities=capable,
        canary=chance.choice([0.0, 0.0, 0.0, 0.2]),
        successor_of=(chance.choice(["gone", *NAMES]),) if chance.random() < 0.4 else (),
    )


def _wish(chance: Random) -> Wish:
    def some(default: Any, *values: Any) -> Any:
        return chance.choice(values) if chance.random() < 0.12 else default

    kind = chance.choice(list(ImageType))
    shapes = [SQUARE, TALL] if kind is ImageType.PORTRAIT else ["16:9", "1:1"]
    return Wish(
        kind,
        some("", *NAMES, "gone", "never"),
        some("", *shapes),
        chance.choice([0, 1, 1, 1, 2, 2, 5]),
        chance.choice(list(Quality)),
        some(None, Size(1024, 1024), Size(1024, 1536)),
        provider=some("", *PROVIDERS),
        min_score=some(0.0, 2.5, 4.5),
        complete_by=some(None, *(NOW + timedelta(seconds=left) for left in (-9, 30, 120, 600))),
        max_cost_micros=some(None, 0, 40_000, 200_000),
        needs=some(frozenset(), *(frozenset({one}) for one in Capability)),
        references=chance.randrange(4),
        excluded=some(frozenset(), frozenset(NAMES[:2]), frozenset(NAMES[3:])),
        key=chance.choice(["", str(chance.random())]),
    )


def _conditions(chance: Random) -> Conditions:
    health = {
        (chance.choice(PROVIDERS), chance.choice(["", *NAMES])): ProviderHealth(
            "p", "", chance.choice(list(HealthState)), until=chance.choice(UNTIL)
        )
        for _ in range(chance.choice([0, 0, 0, 1, 2]))
    }
    loads = {
        lane: LaneLoad(chance.randrange(40), chance.choice([None, 0, 2, 8]))
        for lane in DRAWING_LANES
        if chance.random() < 0.5
    }
    speeds = {
        (name, Quality.HD): Speed(chance.choice([1, 49, 50, 99]), chance.uniform(1, 90))
        for name in NAMES
        if chance.random() < 0.5
    }
    total, user = (chance.choice([None, None, None, None, 0, 50_000]) for _ in range(2))
    rest = BudgetRest(total, user, {"openai": chance.choice([0, 10**6, 10**6])})
    gpu = GpuCost(chance.choice([0.0, 3.0]), chance.random())
    return Conditions(NOW, loads, speeds, health=health, gpu=gpu, rest=rest, held=_held(chance))


def _held(chance: Random) -> dict[Lane, frozenset[str] | None]:
    """Returns what workers hold: nothing is known of most fleets, or all is there."""
    if chance.random() < 0.8:
        return {}
    some = frozenset(name for name in NAMES if chance.random() < 0.7)
    return {lane: chance.choice([None, some]) for lane in DRAWING_LANES if chance.random() < 0.8}


def _world(seed: int) -> World:
    chance = Random(seed)
    names = chance.sample(NAMES, chance.choice([1, 2, 4, 5, 6]))
    catalogue = Catalogue([_row(chance, name) for name in names])
    return World(seed, catalogue, _wish(chance), _conditions(chance))


worlds = st.integers(0, 2**32).map(_world)
many = settings(max_examples=400, deadline=None)


def _permitted(world: World, offer: Offer) -> bool:
    """Returns whether an offer keeps to all that was asked; nothing of it is the router's code."""
    row, wish, found = offer.model, world.wish, world.conditions
    grade = row.grades[wish.quality]
    assert row.price is not None
    sent = min(wish.references, row.references)
    price = row.price.most_micros(PricedCall(offer.format.native, grade.label, sent))
    states = [found.health.get((row.provider, model)) for model in ("", row.name)]
    open_to_calls = (None, HealthState.WELL, HealthState.HALF_OPEN)
    budgets = (found.rest.total, found.rest.user, found.rest.providers.get(row.provider))
    holders = found.held.get(row.lane, frozenset())
    waited_for = row.lane is Lane.LOCAL and row.lane not in found.held
    end = NOW + timedelta(seconds=min(offer.seconds, 10**9))
    return all(
        (
            row in world.catalogue.models,
            wish.model in ("", row.name, *row.successor_of),
            wish.provider in ("", row.provider),
            row.name not in wish.excluded,
            row.retires_on is None or NOW.date() < row.retires_on,
            wish.characters <= row.max_characters,
            wish.needs <= row.capabilities,
            grade.score >= wish.min_score,
            offer.price_micros == price,
            wish.max_cost_micros is None or price <= wish.max_cost_micros,
            not found.held or waited_for or holders is None or row.name in holders,
            price == 0 or all(left is None or price <= left for left in budgets),
            all((state.state if state else None) in open_to_calls for state in states),
            wish.complete_by is None or end <= wish.complete_by,
            wish.display in (None, offer.format.display),
        )
    )


@many
@given(worlds)
def test_every_offer_is_eligible_and_none_is_dearer_than_an_eligible_equal(world: World) -> None:
    routing = world.route()
    assert all(_permitted(world, offer) for offer in routing.offers)
    plain = [offer for offer in routing.offers if not offer.model.canary]
    assert [one.choice_micros for one in plain] == sorted(one.choice_micros for one in plain)
    if routing.canary:
        assert routing.offers[0].model.canary
        assert not world.wish.model
    elif plain:
        assert routing.offers[0] is plain[0]


@many
@given(worlds, st.booleans(), st.sampled_from([0, 1, 9, 29]))
def test_no_two_calls_cost_more_than_the_ceiling_now_or_later(
    world: World, pinned: bool, days: int
) -> None:
    world = _pinned(world) if pinned else world
    routing = world.route()
    limit = world.wish.max_cost_micros
    most = ceiling(world.catalogue, routing, world.conditions)
    if routing.first is not None:  # the job keeps the size of its first offer
        admitted = replace(world.wish, display=routing.first.format.display)
        later = replace(world.conditions, now=NOW + timedelta(days=days))
        found = route_again(world.catalogue, admitted, later)
        for one in (*found.offers, *found.passing_offers):
            calls = PAID_RENDERS * (one.price_micros + one.previews_micros)
            assert (calls if limit is None else min(calls, limit)) <= most
    assert limit is None or most <= limit


@many
@given(worlds)
def test_every_row_is_an_offer_or_a_loser_with_a_reason(world: World) -> None:
    routing = world.route()
    models = [one.model.name for one in routing.offers]
    models += [one.model.name for one in routing.losers]
    assert sorted(models) == sorted(row.name for row in world.catalogue.models)
    assert all(loser.reason for loser in routing.losers)
    assert (routing.refusal is None) == bool(routing.offers)
    assert not (routing.violations and routing.offers)
    assert (routing.refusal is Refusal.INVALID) == bool(routing.violations)
    assert routing.reason


@many
@given(worlds)
def test_the_same_question_has_the_same_answer(world: World) -> None:
    assert world.route() == _world(world.seed).route()


@many
@given(worlds)
def test_without_its_first_offer_the_next_one_is_the_first(world: World) -> None:
    settled: dict[str, Any] = {"key": "", "display": Size(1024, 1024)}
    routing = world.route(**settled)
    for offer in routing.offers[:1]:
        without = world.route(**settled, excluded=world.wish.excluded | {offer.model.name})
        assert without.offers == routing.offers[1:]


@many
@given(worlds)
def test_no_free_model_is_passed_over_for_a_budget(world: World) -> None:
    wish = replace(world.wish, display=Size(1024, 1024))
    rich = replace(world.conditions, rest=BudgetRest())
    free = [one for one in route(world.catalogue, wish, rich).offers if not one.price_micros]
    poor = route(world.catalogue, wish, replace(rich, rest=BudgetRest(total=0)))
    assert sorted(one.model.name for one in free) == sorted(one.model.name for one in poor.offers)


@many
@given(worlds)
def test_lanes_open_for_offers_alone_and_for_the_best_one_at_once(world: World) -> None:
    routing = route_again(world.catalogue, world.wish, world.conditions)
    opened = lanes(routing, world.conditions)
    models = {name for opening in opened for name in opening.models}
    assert all(opening.opens_at is None or opening.opens_at > NOW for opening in opened)
    assert len({opening.lane for opening in opened}) == len(opened)
    if routing.offers:
        assert (opened[0].lane, opened[0].opens_at) == (routing.offers[0].model.lane, None)
        assert models <= {one.model.name for one in routing.offers}
    else:
        assert models == {loser.model.name for loser in routing.later}
        assert all(opening.opens_at is not None and opening.opens_at > SOON for opening in opened)


def _pinned(world: World) -> World:
    """Returns a world whose wish names a model that is retired tomorrow; another succeeds it."""
    first, *others = world.catalogue.models
    gone = replace(first, retires_on=NOW.date() + timedelta(days=1))
    heirs = [replace(one, successor_of=(first.name,)) for one in others[:1]]
    wish = replace(world.wish, model=first.name, provider="")
    return replace(world, catalogue=Catalogue([gone, *heirs, *others[1:]]), wish=wish)


def test_worlds_have_choices_to_make() -> None:
    found = [_world(seed).route() for seed in range(1_000)]
    assert sum(len(routing.offers) > 1 for routing in found) > 200
    assert sum(routing.canary for routing in found) > 5
    assert {loser.exclusion for routing in found for loser in routing.losers} == set(Exclusion)
    assert {routing.refusal for routing in found} == {None, *Refusal}
