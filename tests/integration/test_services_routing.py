"""RoutingService: quotes that hold nothing, explanations, providers, and what is refused."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf.timestamp_pb2 import Timestamp

from imggen.v1 import generation_pb2, job_pb2, routing_pb2, routing_pb2_grpc, story_pb2
from imggen.v1.budget_pb2 import CALL_KIND_RENDER
from imggen.v1.generation_pb2 import GenerationOptions
from imggen.v1.routing_pb2 import (
    EXCLUSION_BELOW_QUALITY,
    EXCLUSION_NOT_ASKED,
    EXCLUSION_NOT_HELD,
    EXCLUSION_OVER_COST,
)
from server.domain.money import Bill, CallName, NewCall
from server.domain.states import Lane
from server.identity.caller import Role
from server.routing.catalogue import KNOWN, STORYBOOK, Catalogue
from tests.integration.buyers import CATALOGUE, FINE, GOOD, PRICE, Buyer, excluded, models
from tests.integration.gateway_fixture import new_id, open_gateway_fixture


@pytest.fixture
async def buyer(database: str, tmp_path: Path) -> AsyncIterator[Buyer]:
    """Yields a caller of a gateway with a free model, and two that cost 4 and 12 cents."""
    async with open_gateway_fixture(
        database, tmp_path, catalogue=CATALOGUE, daily_budget_usd=10
    ) as gateway:
        mia = gateway.caller("mia")
        character = (await mia.create_character()).id
        page = story_pb2.Page(text="Mia runs.", character_ids=[character])
        story = await mia.create_story(pages=[page, story_pb2.Page(text="The wood sleeps.")])
        routing = routing_pb2_grpc.RoutingServiceStub(gateway.channel())
        yield Buyer(gateway, mia, routing, character, story)


async def test_a_quote_has_every_model_with_its_price_its_time_and_its_reason(
    buyer: Buyer,
) -> None:
    route = await buyer.quote(portrait=buyer.portrait())
    assert models(route) == ["storybook", "paid", "fine"]
    assert [offer.price_micros for offer in route.offers] == [0, PRICE, 3 * PRICE]
    assert [offer.score for offer in route.offers] == [1.5, 0.2, 4.6]
    assert [offer.expected_duration.seconds for offer in route.offers] == [4, 1, 80]
    assert route.reason.startswith("storybook, free: the first of 3; ")
    assert route.most_micros == 2 * 3 * PRICE
    route = await buyer.quote(scene=buyer.scene(min_quality="good", max_cost_micros=PRICE * 3))
    assert route.most_micros == 3 * PRICE
    assert models(route) == ["fine"]
    assert excluded(route) == {
        "storybook": EXCLUSION_BELOW_QUALITY,
        "paid": EXCLUSION_BELOW_QUALITY,
    }


async def test_a_request_with_a_seed_is_drawn_by_models_that_take_one(buyer: Buyer) -> None:
    fine = buyer.scene(min_quality="best")
    fine.seed = 0
    refused = await buyer.caller.refused(buyer.caller.generation.GenerateScene, fine)
    assert (refused.reason, refused.metadata["fine"]) == ("NO_ELIGIBLE_OFFER", "takes no seed")
    fine.ClearField("seed")
    assert models(await buyer.quote(scene=fine)) == ["fine"]


async def test_quotes_hold_nothing_and_store_nothing(buyer: Buyer) -> None:
    first = await buyer.caller.portrait(buyer.character)
    await buyer.gateway.draw(first)
    before, held = await buyer.rows(), await buyer.held()
    again = generation_pb2.RegenerateImageRequest(image_id=first.image_id)
    some: tuple[dict[str, Any], ...] = ({}, {"model": "fine"})
    for options in some:
        await buyer.quote(portrait=buyer.portrait(**options))
        await buyer.quote(scene=buyer.scene(**options))
        again.options.CopyFrom(GenerationOptions(**options))
        await buyer.quote(regeneration=again)
        await buyer.quote_story(include_cover=True, options=GenerationOptions(**options))
    assert (await buyer.rows(), await buyer.held()) == (before, held)


@pytest.mark.parametrize("options", [{}, {"provider": "somebody"}, {"model": "fine"}])
@pytest.mark.parametrize("kind", ["portrait", "scene", "regeneration"])
async def test_a_quote_is_what_its_generation_then_holds(
    buyer: Buyer, kind: str, options: dict[str, Any]
) -> None:
    wanted = GenerationOptions(**options)
    if kind == "regeneration":
        first = await buyer.caller.portrait(buyer.character)
        request = generation_pb2.RegenerateImageRequest(image_id=first.image_id, options=wanted)
        if "provider" in options:  # the model stays with the image, unless another is asked for
            request.options.model = "paid"
    else:
        request = getattr(buyer, kind)(**options)
    quoted = (await buyer.quote(**{kind: request})).offers[0]
    method = {
        "portrait": buyer.caller.generation.GeneratePortrait,
        "scene": buyer.caller.generation.GenerateScene,
        "regeneration": buyer.caller.generation.RegenerateImage,
    }[kind]
    job = (await method(request, metadata=buyer.caller.metadata)).job
    assert (job.model, job.provider) == (quoted.model, quoted.provider)
    assert job.estimated_cost_micros == quoted.price_micros
    assert await buyer.held() == quoted.price_micros


async def test_the_quote_of_a_story_is_what_its_batch_then_holds(buyer: Buyer) -> None:
    options = GenerationOptions(min_quality="good")
    fields = {"include_cover": True, "images_per_page": 2, "options": options}
    quote = await buyer.quote_story(**fields)
    assert (quote.images, quote.price_micros, quote.most_micros) == (6, 18 * PRICE, 36 * PRICE)
    assert [(one.model, one.provider, one.images) for one in quote.models] == [
        ("fine", "somebody", 6)
    ]
    assert quote.expected_duration.seconds == 6 * 80  # one worker, whose lane has one slot
    batch = await buyer.caller.generate_story(buyer.story.id, **fields)
    assert (batch.total_images, batch.estimated_cost_micros) == (6, quote.price_micros)
    assert await buyer.held() == quote.price_micros


async def test_a_quoted_time_has_the_portraits_that_pages_wait_for(buyer: Buyer) -> None:
    slots = dict.fromkeys(Lane, 8)
    await buyer.gateway.store.workers.ready("worker", slots, timedelta(hours=1))
    options = GenerationOptions(min_quality="good")
    alone = await buyer.quote_story(options=options, include_character_portraits=False)
    assert (alone.images, alone.expected_duration.seconds) == (2, 80)
    whole = await buyer.quote_story(options=options)
    assert (whole.images, whole.expected_duration.seconds) == (3, 160)


async def test_a_quote_has_no_time_while_nobody_draws(buyer: Buyer) -> None:
    await buyer.gateway.store.database.execute("DELETE FROM workers")
    route = await buyer.quote(portrait=buyer.portrait())
    assert not any(offer.HasField("expected_duration") for offer in route.offers)
    assert not (await buyer.quote_story()).HasField("expected_duration")


async def test_a_free_limit_takes_only_free_models(buyer: Buyer) -> None:
    route = await buyer.quote(portrait=buyer.portrait(max_cost_micros=0))
    assert models(route) == ["storybook"]
    assert excluded(route) == dict.fromkeys(("paid", "fine"), EXCLUSION_OVER_COST)
    refused = await buyer.refused(max_cost_micros=0, provider="somebody")
    assert refused.reason == "NO_ELIGIBLE_OFFER"


async def test_a_pinned_provider_draws_with_its_cheapest_model(buyer: Buyer) -> None:
    options = GenerationOptions(provider="somebody")
    job = await buyer.caller.portrait(buyer.character, options=options)
    assert (job.model, job.provider) == ("paid", "somebody")
    assert excluded((await buyer.explain(job)).admitted) == {"storybook": EXCLUSION_NOT_ASKED}


async def test_a_job_is_explained_before_and_after_it_ran(buyer: Buyer) -> None:
    options = GenerationOptions(provider="somebody")
    job = await buyer.caller.portrait(buyer.character, options=options)
    before = await buyer.explain(job)
    assert models(before.admitted) == ["paid", "fine"]
    assert before.admitted.most_micros == 2 * 3 * PRICE
    assert not before.attempts
    gateway = buyer.gateway
    [claim] = await gateway.store.leases.claim("w", GOOD.lane, 1, timedelta(minutes=1))
    admitted = await gateway.store.routes.of_job(buyer.caller.user_id, claim.job_id)
    assert admitted is not None
    assert await gateway.store.leases.chosen(claim, admitted.admitted)
    [running] = (await buyer.explain(job)).attempts
    assert (running.attempt, running.outcome, running.error) == (1, "running", "")
    call = NewCall(CallName.RENDER, "somebody", "paid", PRICE)
    assert (await gateway.store.money.begin(claim, call)).ok
    await gateway.store.money.settle(claim, CallName.RENDER, Bill(30_000, request_id="r-1"))
    await gateway.complete(claim)
    after = await buyer.explain(job)
    assert after.admitted == before.admitted
    [attempt] = after.attempts
    assert attempt.route == before.admitted
    assert (attempt.outcome, attempt.error) == ("completed", "")
    assert attempt.started_at.seconds
    [paid_call] = attempt.calls
    assert (paid_call.call, paid_call.provider, paid_call.cost_micros) == (1, "somebody", 30_000)
    assert paid_call.kind == CALL_KIND_RENDER
    assert (paid_call.estimated, paid_call.outcome_unknown) == (False, False)
    assert paid_call.provider_request_id == "r-1"


async def test_an_admin_explains_the_jobs_of_everybody(buyer: Buyer) -> None:
    job = await buyer.caller.portrait(buyer.character)
    admin = replace(buyer, caller=buyer.gateway.caller("ada", Role.ADMIN))
    assert await admin.explain(job) == await buyer.explain(job)
    other = buyer.gateway.caller("tom")
    request = routing_pb2.ExplainRouteRequest(job_id=job.job_id)
    assert (await other.refused(buyer.routing.ExplainRoute, request)).reason == "JOB_NOT_FOUND"


async def test_a_failed_attempt_says_why(buyer: Buyer) -> None:
    job = await buyer.caller.portrait(buyer.character)
    await buyer.gateway.fail(await buyer.gateway.claim())
    [attempt] = (await buyer.explain(job)).attempts
    assert (attempt.outcome, attempt.error) == ("failed", "the model failed")
    assert not attempt.calls


async def test_providers_have_their_health_and_their_models(buyer: Buyer) -> None:
    health = buyer.gateway.store.health
    await health.turn_off("somebody", "", "authentication")
    await health.turn_off("local", "storybook", "not_found")
    found = await buyer.providers()
    assert list(found) == ["local", "somebody"]
    local, somebody = found.values()
    assert (local.health, local.reason) == ("well", "")
    assert [(one.model, one.off, one.price_micros) for one in local.models] == [
        ("storybook", True, 0)
    ]
    [storybook] = local.models
    assert storybook.off_reason == "storybook is off (not_found) until an operator turns it on"
    assert somebody.health == "off"
    assert somebody.reason.startswith("somebody is off (authentication) until an operator")
    assert [(one.model, one.off, one.price_micros) for one in somebody.models] == [
        ("paid", False, PRICE),
        ("fine", False, 3 * PRICE),
    ]
    good, fine = somebody.models
    assert (good.score, good.mean_duration.seconds) == (0.2, 1)
    assert (fine.score, fine.mean_duration.seconds) == (4.6, 80)
    assert (storybook.max_characters, list(storybook.qualities)) == (2, ["draft", "standard", "hd"])
    assert list(storybook.portrait_sizes) == list(STORYBOOK.portraits)
    assert fine.max_characters == FINE.max_characters > 2
    assert list(fine.stands_for) == list(FINE.successor_of)


@pytest.mark.parametrize(
    ("options", "field", "reason", "words"),
    [
        ({"provider": "nobody"}, "provider", "PROVIDER_UNKNOWN", "local, somebody"),
        ({"min_quality": "superb"}, "min_quality", "QUALITY_UNKNOWN", "draft, good, fine, best"),
        (
            {"complete_by": Timestamp(seconds=1)},
            "complete_by",
            "FIELD_OUT_OF_RANGE",
            "no time to come",
        ),
        ({"max_cost_micros": -1}, "max_cost_micros", "FIELD_OUT_OF_RANGE", "-1 is below 0"),
    ],
)
async def test_a_wrong_limit_is_refused_with_its_field(
    buyer: Buyer, options: dict[str, Any], field: str, reason: str, words: str
) -> None:
    refused = await buyer.refused(**options)
    assert (refused.code, refused.reason) == (grpc.StatusCode.INVALID_ARGUMENT, reason)
    assert refused.fields == [f"options.{field}"]
    assert words in refused.message


async def test_all_wrong_limits_are_refused_together(buyer: Buyer) -> None:
    refused = await buyer.refused(
        provider="nobody",
        min_quality="superb",
        complete_by=Timestamp(seconds=1),
        max_cost_micros=-1,
        quality="ultra",
        model="dall-e",
    )
    limits = ("provider", "min_quality", "complete_by", "max_cost_micros")
    assert refused.fields == [f"options.{field}" for field in (*limits, "quality", "model")]


async def test_what_no_model_may_draw_is_refused_with_the_reason_of_each(buyer: Buyer) -> None:
    soon = Timestamp()
    soon.FromDatetime(datetime.now(UTC) + timedelta(seconds=60))
    refused = await buyer.refused(min_quality="good", complete_by=soon)
    assert (refused.code, refused.reason) == (
        grpc.StatusCode.FAILED_PRECONDITION,
        "NO_ELIGIBLE_OFFER",
    )
    late = refused.metadata["fine"]
    assert refused.metadata == {
        "storybook": "scores 1.5, below the least of 2.5",
        "paid": "scores 0.2, below the least of 2.5",
        "fine": late,
    }
    assert late.startswith("takes 80 s, and ")
    assert late.endswith(" s are left")
    assert (await buyer.rows())[:3] == [0, 0, 0]


async def test_a_quote_over_the_budget_says_when_the_next_one_begins(
    database: str, tmp_path: Path
) -> None:
    async with open_gateway_fixture(
        database, tmp_path, catalogue=Catalogue([GOOD, FINE]), daily_budget_usd=0.03
    ) as gateway:
        mia = gateway.caller("mia")
        routing = routing_pb2_grpc.RoutingServiceStub(gateway.channel())
        buyer = Buyer(gateway, mia, routing, (await mia.create_character()).id, story_pb2.Story())
        refused = await buyer.refused()
        assert (refused.code, refused.reason) == (
            grpc.StatusCode.RESOURCE_EXHAUSTED,
            "BUDGET_EXHAUSTED",
        )
        assert refused.metadata == {"price_micros": str(PRICE), "scope": "global"}
        assert refused.retry_after_s is not None
        assert 0 < refused.retry_after_s <= 24 * 3600


async def test_a_picture_that_no_worker_has_a_key_for_is_refused(buyer: Buyer) -> None:
    await buyer.gateway.store.workers.gone("worker")  # which does not tell what it holds
    await buyer.gateway.store.workers.ready(
        "w", {Lane.LOCAL: 1, Lane.HOSTED: 1}, timedelta(hours=1), models=["storybook"]
    )
    refused = await buyer.refused(provider=GOOD.provider)
    assert (refused.code, refused.reason) == (
        grpc.StatusCode.FAILED_PRECONDITION,
        "NO_ELIGIBLE_OFFER",
    )
    assert refused.metadata[GOOD.name] == "no worker holds a key for it"
    [passed_over] = [
        one
        for one in (await buyer.quote(portrait=buyer.portrait())).passed_over
        if one.model == GOOD.name
    ]
    assert passed_over.exclusion == EXCLUSION_NOT_HELD
    shown = (await buyer.providers())[GOOD.provider].models[0]
    assert (shown.not_held, shown.price_micros) == ("no worker holds a key for it", PRICE)


async def test_while_no_worker_is_known_a_job_is_admitted_and_waits(buyer: Buyer) -> None:
    await buyer.gateway.store.workers.gone("worker")
    await buyer.gateway.store.workers.ready(
        "w", {Lane.LOCAL: 1}, timedelta(seconds=-1), models=["storybook"]
    )
    job = await buyer.caller.portrait(
        buyer.character, options=GenerationOptions(provider=GOOD.provider)
    )
    assert job.status == job_pb2.JOB_STATUS_QUEUED


async def test_a_quote_needs_a_picture(buyer: Buyer) -> None:
    request = routing_pb2.QuoteGenerationRequest()
    refused = await buyer.caller.refused(buyer.routing.QuoteGeneration, request)
    assert (refused.reason, refused.fields) == ("FIELD_REQUIRED", ["picture"])


async def test_jobs_of_others_are_not_found(buyer: Buyer) -> None:
    job = await buyer.caller.portrait(buyer.character)
    tom = buyer.gateway.caller("tom")
    for job_id in (job.job_id, new_id()):
        request = routing_pb2.ExplainRouteRequest(job_id=job_id)
        refused = await tom.refused(buyer.routing.ExplainRoute, request)
        assert (refused.code, refused.reason) == (grpc.StatusCode.NOT_FOUND, "JOB_NOT_FOUND")
        assert refused.metadata == {"job_id": job_id}


async def test_a_gateway_says_which_of_its_models_retire(
    database: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    old = replace(KNOWN["fake"], name="old", retires_on=datetime.now(UTC).date())
    offered = Catalogue([KNOWN["storybook"], old])
    async with open_gateway_fixture(database, tmp_path, catalogue=offered):
        pass
    [line] = [one for one in caplog.records if one.message == "model retires"]
    assert line.__dict__["why"].startswith("old: fake retire")
