"""The router: the cheapest offer that is good enough, soon enough and within the limits."""

from dataclasses import replace
from datetime import date, timedelta
from types import MappingProxyType
from typing import Any

import pytest

from imggen.v1 import errors_pb2 as reasons
from server.domain.health import HealthState, ProviderHealth
from server.domain.limits import Limits
from server.domain.models import Size
from server.domain.states import ImageType, Lane, Quality
from server.routing.catalogue import SDXL, STORYBOOK, Catalogue
from server.routing.conditions import BudgetRest, GpuCost, LaneLoad, Speed
from server.routing.reasons import Exclusion, not_well
from server.routing.router import Refusal, route, route_again
from server.routing.rows import Capability
from server.routing.wishes import Wish, wish_of
from tests.builders import render_spec
from tests.unit.routings import (
    ALL,
    BIG,
    CALM,
    FLARE,
    NOW,
    SUNBURST,
    a_wish,
    exclusions,
    names,
    reason,
    unwell,
)


def test_without_limits_the_first_free_model_draws() -> None:
    found = route(ALL, a_wish(), CALM)
    assert names(found) == [
        "storybook",
        "sdxl",
        "gpt-image-2.5-flare",
        "gpt-image-2.5-sunburst",
        "gpt-image-2",
    ]
    assert found.losers == ()
    assert found.reason.startswith("storybook, free: the first of 5; sdxl costs as little")
    assert "gpt-image-2 costs $0.2258, more than nothing" in found.reason
    assert names(route(Catalogue([SDXL, STORYBOOK]), a_wish(), CALM)) == ["sdxl", "storybook"]


@pytest.mark.parametrize(
    ("floor", "quality", "chosen"),
    [
        (1.0, Quality.HD, "storybook"),
        (2.5, Quality.HD, "sdxl"),
        (3.5, Quality.HD, "gpt-image-2.5-flare"),
        (4.3, Quality.HD, "gpt-image-2.5-sunburst"),
        (4.5, Quality.HD, "gpt-image-2"),
        (3.7, Quality.STANDARD, "gpt-image-2.5-sunburst"),
    ],
)
def test_the_cheapest_model_above_the_floor_draws(
    floor: float, quality: Quality, chosen: str
) -> None:
    found = route(ALL, a_wish(min_score=floor, quality=quality), CALM)
    assert names(found)[0] == chosen
    below = [loser for loser in found.losers if loser.exclusion is Exclusion.BELOW_QUALITY]
    assert len(below) + len(found.offers) == 5


def test_a_floor_that_no_model_reaches_names_what_each_lacks() -> None:
    found = route(ALL, a_wish(min_score=4.9), CALM)
    assert (found.refusal, found.violations) == (Refusal.NO_ELIGIBLE_OFFER, ())
    assert "sdxl: scores 3, below the least of 4.9; " in found.reason
    assert found.later == ()


def test_a_model_that_shows_less_of_the_page_scores_less_for_it() -> None:
    wish = a_wish(min_score=2.5, shown={"sdxl": 0.75, FLARE.name: 0.9})
    found = route(ALL, wish, CALM)
    assert names(found)[0] == FLARE.name
    assert found.offers[0].score == round(FLARE.grades[Quality.HD].score * 0.9, 2)
    said = "scores 2.25 on this page, of which it shows 75%, below the least of 2.5"
    assert reason(found, "sdxl") == said
    assert reason(found, "storybook") == "scores 1.5, below the least of 2.5"
    assert names(route(ALL, replace(wish, min_score=0.0), CALM))[0] == "storybook"


def test_no_offer_may_cost_more_than_the_limit() -> None:
    found = route(ALL, a_wish(min_score=3.5, max_cost_micros=100_000), CALM)
    assert names(found) == ["gpt-image-2.5-flare", "gpt-image-2.5-sunburst"]
    assert reason(found, "gpt-image-2") == "may cost $0.2258, over the limit of $0.1000"


def test_references_count_in_the_price_and_previews_beside_it() -> None:
    wish = a_wish(model=FLARE.name)
    plain = route(ALL, wish, CALM).offers[0]
    most = route(ALL, replace(wish, references=99), CALM).offers[0]
    assert most.price_micros == plain.price_micros + 8 * 1_700 * 8
    assert plain.previews_micros == most.previews_micros == 3 * 100 * 30


def test_a_deadline_counts_the_queue_and_the_measured_speed() -> None:
    soon = a_wish(min_score=2.5, complete_by=NOW + timedelta(seconds=40))
    assert names(route(ALL, soon, CALM))[0] == "sdxl"
    busy = replace(CALM, lanes={Lane.LOCAL: LaneLoad(waiting=12, slots=2)})
    found = route(ALL, soon, busy)
    assert names(found) == ["gpt-image-2.5-flare"]
    said = "takes 70 s, 60 s of them in the queue, and 40 s are left"
    assert reason(found, "sdxl") == said
    assert exclusions(found)["gpt-image-2"] is Exclusion.TOO_LATE
    quick = {("sdxl", Quality.HD): Speed(50, 2.0)}
    assert names(route(ALL, soon, replace(busy, speeds=quick)))[0] == "sdxl"
    few = {("sdxl", Quality.HD): Speed(49, 2.0)}
    assert names(route(ALL, soon, replace(busy, speeds=few)))[0] == FLARE.name


def test_a_lane_without_workers_meets_no_deadline() -> None:
    idle = replace(CALM, lanes={Lane.LOCAL: LaneLoad(slots=0)})
    assert names(route(ALL, a_wish(), idle))[0] == "storybook"
    found = route(ALL, a_wish(complete_by=NOW + timedelta(hours=9)), idle)
    assert names(found)[0] == FLARE.name
    assert "nobody draws in the lane local" in reason(found, "sdxl")


def test_where_nobody_draws_yet_the_faster_of_equal_prices_comes_first() -> None:
    idle = replace(CALM, lanes={Lane.HOSTED: LaneLoad(slots=0)})
    found = route(ALL, a_wish(min_score=3.5), idle)
    assert names(found)[:2] == [FLARE.name, SUNBURST.name]
    assert f"{SUNBURST.name} costs as much, and draws for 50 s, not 30" in found.reason


def test_a_moving_average_follows_what_a_mean_smooths() -> None:
    mean = moving = Speed(0, 0.0)
    for seconds in [10.0] * 100 + [20.0] * 20:
        mean, moving = mean.after(seconds), moving.after(seconds, window=20)
    assert mean.seconds == pytest.approx(1_400 / 120)
    assert moving.seconds > 16
    assert (mean.images, moving.images) == (120, 120)
    assert Speed(0, 0.0).after(7.0, window=20) == Speed(1, 7.0)


def test_the_clusters_own_machines_count_for_the_choice_and_not_for_the_hold() -> None:
    slow = {("sdxl", Quality.HD): Speed(100, 60.0)}
    wish = a_wish(min_score=2.5)
    rented = replace(CALM, speeds=slow, gpu=GpuCost(3.0, 0.5))
    found = route(ALL, wish, rented)
    assert names(found)[:2] == [FLARE.name, SUNBURST.name]
    local = next(offer for offer in found.offers if offer.model is SDXL)
    assert (local.price_micros, local.choice_micros) == (0, 100_000)
    busy = replace(rented, gpu=GpuCost(3.0, 1.0))
    assert names(route(ALL, wish, busy))[0] == "sdxl"


def test_equals_are_ranked_by_time_then_quality_then_name() -> None:
    grades = FLARE.grades
    hd = grades[Quality.HD]

    def row(name: str, seconds: float, score: float) -> Any:
        changed = replace(hd, seconds=seconds, score=score)
        changed_grades = MappingProxyType({**grades, Quality.HD: changed})
        return replace(FLARE, name=name, grades=changed_grades)

    rows = [row("z", 9, 4), row("d", 9, 4), row("c", 9, 4.1), row("b", 8, 1), row("a", 30, 5)]
    found = route(Catalogue(rows), a_wish(), CALM)
    assert names(found) == ["b", "c", "d", "z", "a"]
    assert "c costs as much, and takes 9 s, not 8" in found.reason


def test_a_named_model_and_a_named_provider_are_the_only_ones() -> None:
    found = route(ALL, a_wish(model="gpt-image-2"), CALM)
    assert names(found) == ["gpt-image-2"]
    assert set(exclusions(found).values()) == {Exclusion.NOT_ASKED}
    assert found.reason == "gpt-image-2 at $0.2258: the only model that may draw it"
    assert names(route(ALL, a_wish(provider="openai"), CALM))[0] == FLARE.name
    gone = route(ALL, a_wish(provider="stability"), CALM)
    assert gone.refusal is Refusal.NO_ELIGIBLE_OFFER
    assert reason(gone, "sdxl") == "its provider is local, and stability was asked for"


def test_a_model_that_is_gone_is_drawn_by_its_successor() -> None:
    found = route(ALL, a_wish(model="dall-e-3"), CALM)
    assert (names(found), found.successor) == ([FLARE.name], FLARE.name)
    assert route(ALL, a_wish(model=FLARE.name), CALM).successor == ""
    served = replace(BIG, name="dall-e-3")
    kept = route(Catalogue([*ALL.models, served]), a_wish(model="dall-e-3"), CALM)
    assert (names(kept), kept.successor) == (["dall-e-3"], "")


def test_a_retired_model_draws_nothing() -> None:
    old = replace(FLARE, retires_on=date(2026, 11, 28))
    found = route(Catalogue([old]), a_wish(model=old.name), CALM)
    assert found.refusal is Refusal.NO_ELIGIBLE_OFFER
    assert found.reason == f"{old.name}: openai retired it on 2026-11-28"


def test_a_model_without_a_known_price_draws_nothing() -> None:
    unpriced = replace(FLARE, price=None)
    wide = replace(FLARE, scenes=MappingProxyType({"16:9": Size(4096, 2304)}))
    grades = {Quality.HD: replace(FLARE.grades[Quality.HD], label="ultra")}
    unlabelled = replace(FLARE, grades=MappingProxyType(grades))
    for row in (unpriced, wide, unlabelled):
        found = route(Catalogue([row]), a_wish(), CALM)
        assert found.offers == ()
        assert exclusions(found) == {FLARE.name: Exclusion.PRICE_UNKNOWN}
    assert "no price of ultra pictures of 1536x864 is known" in found.reason
    missing = route(Catalogue([unlabelled]), a_wish(quality=Quality.STANDARD), CALM)
    assert exclusions(missing) == {FLARE.name: Exclusion.QUALITY_NOT_OFFERED}


def test_needed_capabilities_and_excluded_models_are_kept_to() -> None:
    seeded = route(ALL, a_wish(needs=frozenset({Capability.SEED})), CALM)
    assert names(seeded) == ["storybook", "sdxl"]
    assert exclusions(seeded)[FLARE.name] is Exclusion.LACKS_CAPABILITY
    assert reason(seeded, FLARE.name) == "takes no seed"
    without = route(ALL, a_wish(excluded=frozenset({"storybook", "sdxl"})), CALM)
    assert names(without)[0] == FLARE.name
    assert exclusions(without)["sdxl"] is Exclusion.FAILED_BEFORE


def test_a_job_whose_request_names_a_seed_needs_a_model_that_takes_one() -> None:
    for limits in (Limits(seeded=True), Limits.from_json(Limits(seeded=True).to_json())):
        assert wish_of(render_spec(), limits, frozenset()).needs == {Capability.SEED}
    assert wish_of(render_spec(), Limits.from_json({}), frozenset()).needs == frozenset()


@pytest.mark.parametrize(
    ("wish", "reason"),
    [
        (a_wish(model="dall-e"), reasons.ERROR_REASON_MODEL_UNKNOWN),
        (a_wish(characters=9), reasons.ERROR_REASON_TOO_MANY_CHARACTERS),
        (
            a_wish(image_type=ImageType.PORTRAIT, shape="640x480"),
            reasons.ERROR_REASON_SIZE_NOT_OFFERED,
        ),
    ],
)
def test_a_wish_that_is_wrong_in_itself_has_violations(
    wish: Wish, reason: reasons.ErrorReason.ValueType
) -> None:
    found = route(ALL, wish, CALM)
    assert found.refusal is Refusal.INVALID
    assert [violation.reason for violation in found.violations] == [reason]
    assert len(found.losers) == len(ALL.models)


@pytest.mark.parametrize("state", HealthState)
def test_a_provider_that_is_not_well_is_passed_over(state: HealthState) -> None:
    conditions = unwell(state, seconds=30)
    found = route(ALL, a_wish(min_score=3.5), conditions)
    if state in (HealthState.WELL, HealthState.HALF_OPEN):
        assert names(found)[0] == FLARE.name
        return
    assert found.refusal is Refusal.NOT_NOW
    assert set(exclusions(found).values()) == {Exclusion.BELOW_QUALITY, Exclusion.NOT_WELL}
    assert [loser.model for loser in found.later] == [FLARE, SUNBURST, BIG]
    assert found.later[0].until == NOW + timedelta(seconds=30)
    assert "openai" in reason(found, FLARE.name)
    assert "(not_connected)" in reason(found, FLARE.name)


LOCAL_ONLY = frozenset({"storybook", "sdxl"})


def test_a_hosted_model_that_no_worker_has_a_key_for_is_passed_over() -> None:
    for held in ({Lane.LOCAL: LOCAL_ONLY}, {Lane.LOCAL: LOCAL_ONLY, Lane.HOSTED: LOCAL_ONLY}):
        found = route(ALL, a_wish(min_score=3.5), replace(CALM, held=held))
        assert found.refusal is Refusal.NO_ELIGIBLE_OFFER
        assert set(exclusions(found).values()) == {Exclusion.BELOW_QUALITY, Exclusion.NOT_HELD}
        assert reason(found, FLARE.name) == "no worker holds a key for it"
        assert found.first is None
    one = {Lane.HOSTED: frozenset({BIG.name})}
    assert names(route(ALL, a_wish(min_score=3.5), replace(CALM, held=one))) == [BIG.name]


def test_a_local_model_is_passed_over_only_where_others_draw_in_its_lane() -> None:
    other = {Lane.LOCAL: frozenset({"sdxl"}), Lane.HOSTED: frozenset({FLARE.name})}
    found = route(ALL, a_wish(), replace(CALM, held=other))
    assert names(found) == ["sdxl", FLARE.name]
    assert reason(found, "storybook") == "no worker holds it"
    starting = {Lane.HOSTED: frozenset({FLARE.name})}
    assert names(route(ALL, a_wish(), replace(CALM, held=starting)))[0] == "storybook"


@pytest.mark.parametrize("held", [{}, {Lane.LOCAL: None, Lane.HOSTED: None}])
def test_where_no_worker_is_known_or_one_does_not_tell_every_model_may_be_held(
    held: dict[Lane, None],
) -> None:
    assert len(route(ALL, a_wish(), replace(CALM, held=held)).offers) == 5


def test_a_price_and_the_limit_that_it_passes_are_shown_apart() -> None:
    wish = a_wish(model=BIG.name)
    price = route(ALL, wish, CALM).offers[0].price_micros
    for limit, shown in ((225_700, "$0.2257"), (price - 1, f"$0.{price - 1}")):
        found = route(ALL, replace(wish, max_cost_micros=limit), CALM)
        assert reason(found, BIG.name) == f"may cost $0.2258, over the limit of {shown}"
    assert route(ALL, replace(wish, max_cost_micros=225_800), CALM).offers  # as it is shown


def test_a_model_that_is_off_leaves_the_others_of_its_provider() -> None:
    found = route(ALL, a_wish(min_score=3.5), unwell(HealthState.OFF, FLARE.name))
    assert names(found) == [SUNBURST.name, BIG.name]
    # A model is never probed.
    off = f"{FLARE.name} is off (not_connected) until an operator turns it on"
    assert reason(found, FLARE.name) == off


def test_the_budget_passes_over_what_it_does_not_cover_and_never_what_is_free() -> None:
    poor = replace(CALM, rest=BudgetRest(total=0, renews_at=NOW + timedelta(hours=12)))
    assert names(route(ALL, a_wish(), poor)) == ["storybook", "sdxl"]
    found = route(ALL, a_wish(min_score=3.5), poor)
    assert found.refusal is Refusal.OVER_BUDGET
    assert found.later[0].offer is not None
    assert found.later[0].until == NOW + timedelta(hours=12)
    assert reason(found, FLARE.name) == "may cost $0.0677, and nothing is left today"
    overdrawn = replace(CALM, rest=BudgetRest(total=-5))
    assert names(route(ALL, a_wish(), overdrawn)) == ["storybook", "sdxl"]
    some = BudgetRest(total=10**9, user=100_000, providers={"openai": 10**6})
    assert names(route(ALL, a_wish(min_score=3.5), replace(CALM, rest=some))) == [
        FLARE.name,
        SUNBURST.name,
    ]
    assert BudgetRest(user=5, providers={"openai": 3}).of("openai") == 3
    assert BudgetRest(providers={"openai": 3}).of("local") is None


def test_an_offer_that_is_not_the_best_says_why_it_comes_first() -> None:
    found = route(Catalogue([SDXL, FLARE, replace(BIG, canary=0.5)]), a_wish(min_score=2.5), CALM)
    sdxl, flare, _ = found.offers
    led = found.led_by(flare, "the best of the lane hosted")
    assert [offer.model.name for offer in led.offers] == [FLARE.name, "sdxl", BIG.name]
    assert ": the best of the lane hosted; sdxl costs nothing, less than $0.0" in led.reason
    assert found.led_by(sdxl, "the best of the lane local") is found


def test_a_job_waits_for_what_is_well_again_before_what_no_budget_covers_today() -> None:
    cheap, dear = replace(FLARE, provider="somebody"), BIG
    conditions = replace(
        unwell(HealthState.OPEN, seconds=30),
        rest=BudgetRest(providers={"somebody": 0}, renews_at=NOW + timedelta(hours=5)),
    )
    found = route(Catalogue([cheap, dear]), a_wish(), conditions)
    assert found.refusal is Refusal.NOT_NOW
    assert [loser.model.name for loser in found.later] == [dear.name, cheap.name]
    assert found.first is not None
    assert found.first.model is dear


def test_whoever_draws_it_a_portrait_has_one_size() -> None:
    tall_first = dict(reversed(list(SDXL.portraits.items())))
    tall = replace(FLARE, name="tall", portraits=MappingProxyType(tall_first))
    square = replace(BIG, portraits=STORYBOOK.portraits)
    found = route(Catalogue([tall, square]), a_wish(image_type=ImageType.PORTRAIT), CALM)
    assert [str(offer.format.display) for offer in found.offers] == ["1024x1536"]
    assert reason(found, square.name) == "does not draw 1024x1536"


def test_a_picture_that_has_its_size_keeps_it() -> None:
    wish = a_wish(image_type=ImageType.PORTRAIT, display=Size(1024, 1536))
    found = route(ALL, wish, CALM)
    assert names(found)[0] == "sdxl"
    assert {offer.format.display for offer in found.offers} == {Size(1024, 1536)}
    assert exclusions(found) == {"storybook": Exclusion.SIZE_NOT_OFFERED}


def test_an_admitted_job_that_is_late_has_the_soonest_offer() -> None:
    late = a_wish(min_score=2.5, complete_by=NOW - timedelta(seconds=1), max_cost_micros=100_000)
    assert route(ALL, late, CALM).offers == ()
    found = route_again(ALL, late, CALM)
    assert names(found) == ["sdxl", FLARE.name, SUNBURST.name]
    assert (found.late, found.wish) == (True, late)
    assert "too late for its deadline, but the soonest" in found.reason
    on_time = replace(late, complete_by=NOW + timedelta(minutes=5))
    assert not route_again(ALL, on_time, CALM).late
    unfit = replace(late, min_score=4.9)
    assert route_again(ALL, unfit, CALM).refusal is Refusal.NO_ELIGIBLE_OFFER


def test_a_loser_names_what_was_asked_for_and_what_draws_for_it() -> None:
    found = route(ALL, a_wish(model="dall-e-3"), CALM)
    assert names(found) == [FLARE.name]
    assert reason(found, "storybook") == f"dall-e-3 was asked for, and {FLARE.name} draws for it"
    named = route(ALL, a_wish(model=FLARE.name), CALM)
    assert reason(named, "storybook") == f"{FLARE.name} was asked for"
    both = route(ALL, a_wish(model="storybook", provider="openai"), CALM)
    assert reason(both, "storybook") == "its provider is local, and openai was asked for"


def test_the_health_of_a_provider_says_what_ends_it() -> None:
    half = ProviderHealth("openai", "", HealthState.HALF_OPEN, 5, None, "not_connected")
    assert not_well(half) == "openai failed too often (not_connected); the next call is its probe"
    off = replace(half, state=HealthState.OFF)
    assert not_well(off).endswith("until an operator turns it on, or it is found well")
