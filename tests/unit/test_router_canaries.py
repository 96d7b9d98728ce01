"""The router: a canary draws its share of the jobs, within the limits of their callers."""

from dataclasses import replace
from types import MappingProxyType

from server.domain.states import ImageType
from server.routing.catalogue import SDXL, STORYBOOK, Catalogue
from server.routing.explained import explained
from server.routing.router import route
from tests.unit.routings import (
    BIG,
    CALM,
    FLARE,
    SUNBURST,
    a_wish,
    names,
)


def test_a_canary_draws_its_share_of_the_jobs_and_no_others() -> None:
    trial = replace(BIG, canary=0.2)
    catalogue = Catalogue([STORYBOOK, SDXL, trial, FLARE])
    wishes = [a_wish(min_score=2.5, key=f"job-{number}") for number in range(2_000)]
    found = [route(catalogue, wish, CALM) for wish in wishes]
    drawn = [routing for routing in found if routing.canary]
    assert 0.17 < len(drawn) / len(found) < 0.23
    assert all(names(routing)[0] == trial.name for routing in drawn)
    assert "a canary, which draws 20 % of the jobs" in drawn[0].reason
    others = [routing for routing in found if not routing.canary]
    assert (explained(drawn[0]).canary, explained(others[0]).canary) == (True, False)
    assert {tuple(names(routing)) for routing in others} == {("sdxl", FLARE.name, trial.name)}
    assert [route(catalogue, wish, CALM) for wish in wishes] == found
    alone = route(catalogue, a_wish(min_score=4.5), CALM)
    assert (names(alone), alone.canary) == ([trial.name], False)
    named = route(catalogue, a_wish(model="sdxl", key=drawn[0].wish.key), CALM)
    assert (names(named), named.canary) == (["sdxl"], False)


def test_a_canary_that_is_cheapest_draws_no_more_than_its_share() -> None:
    catalogue = Catalogue([replace(STORYBOOK, canary=0.1), SDXL])
    found = [route(catalogue, a_wish(key=f"job-{number}"), CALM) for number in range(500)]
    chosen = [names(routing)[0] for routing in found]
    assert 25 < chosen.count("storybook") < 80
    after = next(routing for routing in found if not routing.canary)
    assert "storybook draws as a canary, for its share of the jobs alone" in after.reason


def test_a_canary_keeps_to_the_limits_of_the_caller() -> None:
    catalogue = Catalogue([SDXL, replace(BIG, canary=1.0)])
    limited = route(catalogue, a_wish(key="job", max_cost_micros=100_000), CALM)
    assert (names(limited), limited.canary) == (["sdxl"], False)


def test_a_canary_draws_no_more_where_another_one_may_not_or_has_failed() -> None:
    one, two = replace(BIG, canary=0.2), replace(SUNBURST, canary=0.2)
    both, second = Catalogue([SDXL, one, two]), Catalogue([SDXL, two])
    keys = [f"job-{number}" for number in range(2_000)]
    drawn = {key: names(route(both, a_wish(key=key), CALM))[0] for key in keys}
    for key in keys:
        failed = route(both, a_wish(key=key, excluded=frozenset({one.name})), CALM)
        assert failed.canary == (drawn[key] == two.name)
        dear = route(both, a_wish(key=key, max_cost_micros=100_000), CALM)
        assert dear.canary == (drawn[key] == two.name)
    for name in (one.name, two.name):
        assert 0.17 < list(drawn.values()).count(name) / len(keys) < 0.23
    alone = [route(second, a_wish(key=key), CALM).canary for key in keys]
    assert 0.17 < sum(alone) / len(keys) < 0.23


def test_a_canary_does_not_decide_the_size_of_a_portrait() -> None:
    tall_first = MappingProxyType(dict(reversed(list(SDXL.portraits.items()))))
    trial = replace(FLARE, name="tall", portraits=tall_first, canary=1.0)
    wish = a_wish(image_type=ImageType.PORTRAIT, key="job")
    found = route(Catalogue([trial, SDXL]), wish, CALM)
    assert {str(offer.format.display) for offer in found.offers} == {"1024x1024"}
    assert (names(found), found.canary) == (["tall", "sdxl"], True)
