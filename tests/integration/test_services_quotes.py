"""Quotes are refused for what their calls are refused, by the same checks."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from imggen.v1 import generation_pb2, routing_pb2, routing_pb2_grpc
from imggen.v1.generation_pb2 import GenerationOptions
from server.domain.ids import UserId
from server.routing.catalogue import KNOWN, STORYBOOK, Catalogue
from tests.builders import paid
from tests.endpoint import Failure
from tests.integration.callers import Caller
from tests.integration.gateway_fixture import GatewayFixture, open_gateway_fixture

PRICE = 40_000
PAGES = ("A wood in the morning.", "A wood at noon.", "A wood at night.")
BOTH = Catalogue([paid(KNOWN["fake"], PRICE), STORYBOOK])
PAID = GenerationOptions(provider="somebody")
REUSE = GenerationOptions(allow_reuse=True)
WORDY = GenerationOptions(metadata={"order": "x" * 2_000})


@dataclass
class Quoted:
    """A caller that quotes what it may ask for next."""

    gateway: GatewayFixture
    caller: Caller

    @property
    def routing(self) -> Any:
        """The service that quotes."""
        return routing_pb2_grpc.RoutingServiceStub(self.gateway.channel())

    async def refused(self, request: Any) -> Failure:
        """Asks for pictures that must be refused, and for their quote, which must be so alike."""
        kind = type(request).__name__.removesuffix("Request")
        call = getattr(self.caller.generation, kind)
        quoted = await self.caller.refused(*self.quote_of(request))
        failed = await self.caller.refused(call, request)
        assert (quoted.code, quoted.reason) == (failed.code, failed.reason)
        assert (quoted.message, quoted.fields) == (failed.message, failed.fields)
        assert quoted.metadata == failed.metadata
        assert (quoted.retry_after_s is None) == (failed.retry_after_s is None)
        return failed

    async def quote(self, request: Any) -> Any:
        """Quotes a request."""
        method, quote = self.quote_of(request)
        return await method(quote, metadata=self.caller.metadata)

    def quote_of(self, request: Any) -> tuple[Any, Any]:
        """Returns the method and the request that quote another one."""
        match request:
            case generation_pb2.GenerateStoryRequest():
                return self.routing.QuoteStory, routing_pb2.QuoteStoryRequest(story=request)
            case generation_pb2.RegenerateImageRequest():
                quote = routing_pb2.QuoteGenerationRequest(regeneration=request)
            case generation_pb2.GenerateSceneRequest():
                quote = routing_pb2.QuoteGenerationRequest(scene=request)
            case _:
                quote = routing_pb2.QuoteGenerationRequest(portrait=request)
        return self.routing.QuoteGeneration, quote


@pytest.fixture
async def mia(database: str, tmp_path: Path) -> AsyncIterator[Quoted]:
    """Yields a caller who may spend 10 cents, and have 12 jobs wait, at a model of 4 cents."""
    async with open_gateway_fixture(
        database, tmp_path, catalogue=BOTH, daily_budget_usd=0.10, max_waiting_jobs_per_user=12
    ) as gateway:
        yield Quoted(gateway, gateway.caller("mia"))


async def requests(mia: Quoted, **fields: Any) -> list[Any]:
    """Returns one request of each kind."""
    story = await mia.caller.create_story(PAGES[0])
    character = (await mia.caller.create_character()).id
    drawn = await mia.gateway.draw(await mia.caller.portrait(character))
    return [
        generation_pb2.GeneratePortraitRequest(character_id=character, style="anime", **fields),
        generation_pb2.GenerateSceneRequest(story_id=story.id, page_id=story.pages[0].id, **fields),
        generation_pb2.RegenerateImageRequest(image_id=drawn.image_id, **fields),
        generation_pb2.GenerateStoryRequest(story_id=story.id, **fields),
    ]


async def test_a_lineage_that_is_used_up_has_no_quote(mia: Quoted) -> None:
    job = await mia.gateway.draw(await mia.caller.portrait())
    request = generation_pb2.RegenerateImageRequest(image_id=job.image_id)
    for _ in range(5):
        assert (await mia.quote(request)).route.offers
        await mia.gateway.draw(await mia.caller.regenerate(job.image_id))
    assert (await mia.refused(request)).reason == "REGENERATION_LIMIT"


async def test_a_full_queue_has_no_quotes(mia: Quoted, gateway: GatewayFixture) -> None:
    elsewhere = Quoted(gateway, gateway.caller("mia"))
    each = await requests(elsewhere)
    for _ in range(12):
        await elsewhere.caller.portrait()
    for request in each:
        assert (await mia.refused(request)).reason == "QUEUE_FULL"


async def test_metadata_that_is_too_long_has_no_quote(mia: Quoted) -> None:
    for request in await requests(mia, options=WORDY):
        assert (await mia.refused(request)).fields == ["options.metadata"]


async def test_neither_the_request_id_nor_the_priority_of_a_quote_matters(mia: Quoted) -> None:
    for request in await requests(mia, request_id="no UUID", priority=99):
        await mia.quote(request)


async def test_a_story_over_the_budget_has_no_quote_though_each_picture_is_within_it(
    mia: Quoted,
) -> None:
    story = await mia.caller.create_story(*PAGES)
    request = generation_pb2.GenerateStoryRequest(story_id=story.id, options=PAID)
    refused = await mia.refused(request)
    assert refused.reason == "BUDGET_EXHAUSTED"
    assert refused.metadata == {"price_micros": str(3 * PRICE), "scope": "global"}


async def test_a_story_over_the_budget_is_quoted_by_the_next_offers_as_it_is_admitted(
    database: str, tmp_path: Path
) -> None:
    async with open_gateway_fixture(
        database, tmp_path, catalogue=BOTH, daily_budget_usd=0.10, gpu_usd_per_hour=1_000
    ) as gateway:
        mia = Quoted(gateway, gateway.caller("mia"))
        story = await mia.caller.create_story(*PAGES)
        request = generation_pb2.GenerateStoryRequest(story_id=story.id)
        two = await mia.caller.create_story(*PAGES[:2])
        within = await mia.quote(generation_pb2.GenerateStoryRequest(story_id=two.id))
        quote = await mia.quote(request)
        assert (within.models[0].model, within.price_micros) == ("paid", 2 * PRICE)
        assert [(one.model, one.images) for one in quote.models] == [("storybook", 3)]
        batch = await mia.caller.generate_story(story.id)
        assert batch.estimated_cost_micros == quote.price_micros == 0
        for image in (await mia.caller.get_batch(batch.batch_id)).images:
            asked = routing_pb2.ExplainRouteRequest(job_id=image.job.job_id)
            answer = await mia.routing.ExplainRoute(asked, metadata=mia.caller.metadata)
            admitted = answer.admitted
            assert [offer.model for offer in admitted.offers] == [image.job.model, "paid"]
            why = ": the best that the budgets cover; paid costs $0.0400, less than $1."
            assert why in admitted.reason


async def test_a_story_of_pictures_that_have_free_offers_is_never_over_the_budget(
    database: str, tmp_path: Path
) -> None:
    trial = replace(paid(KNOWN["fake"], PRICE), canary=0.5)
    catalogue = Catalogue([STORYBOOK, trial])
    async with open_gateway_fixture(
        database, tmp_path, catalogue=catalogue, daily_budget_usd=0.10
    ) as gateway:
        mia = Quoted(gateway, gateway.caller("mia"))
        story = await mia.caller.create_story(*(f"A wood on day {day}." for day in range(12)))
        request = generation_pb2.GenerateStoryRequest(story_id=story.id)
        quotes = [await mia.quote(request) for _ in range(4)]
        assert all(quote.images == 12 and quote.price_micros <= 100_000 for quote in quotes)
        batch = await mia.caller.generate_story(story.id)
        assert batch.estimated_cost_micros <= 100_000


async def test_a_story_over_the_budget_of_a_provider_is_drawn_by_others(
    database: str, tmp_path: Path
) -> None:
    dear = replace(paid(KNOWN["fake"], PRICE + 1, "dear"), provider="another")
    catalogue = Catalogue([paid(KNOWN["fake"], PRICE), dear])
    async with open_gateway_fixture(
        database, tmp_path, catalogue=catalogue, daily_budget_usd=1
    ) as gateway:
        mia = Quoted(gateway, gateway.caller("mia"))
        story = await mia.caller.create_story(*PAGES)
        await gateway.store.budgets.set_limit("provider:somebody", 2 * PRICE, UserId(uuid4()))
        quote = await mia.quote(generation_pb2.GenerateStoryRequest(story_id=story.id))
        assert [(one.model, one.images) for one in quote.models] == [("paid", 2), ("dear", 1)]
        batch = await mia.caller.generate_story(story.id)
        assert batch.estimated_cost_micros == quote.price_micros == 3 * PRICE + 1


async def test_a_quote_says_that_a_stored_picture_answers(mia: Quoted) -> None:
    character = (await mia.caller.create_character()).id
    request = generation_pb2.GeneratePortraitRequest(
        character_id=character, style="watercolor", options=REUSE
    )
    assert (await mia.quote(request)).route.reused_from_image_id == ""
    drawn = await mia.gateway.draw(await mia.caller.portrait(character))
    for _ in range(2):  # the second one finds the copy
        quote = (await mia.quote(request)).route
        job = await mia.caller.portrait(character, options=REUSE)
        assert quote.reused_from_image_id == job.reused_from_image_id == drawn.image_id
        assert quote.offers
        explain = routing_pb2.ExplainRouteRequest(job_id=job.job_id)
        told = await mia.routing.ExplainRoute(explain, metadata=mia.caller.metadata)
        assert told.admitted.reused_from_image_id == drawn.image_id
    request.options.allow_reuse = False
    assert (await mia.quote(request)).route.reused_from_image_id == ""


async def test_a_regeneration_is_quoted_with_a_seed_that_its_lineage_has_not(mia: Quoted) -> None:
    character = (await mia.caller.create_character()).id
    looks = GenerationOptions(use_references=False)
    first, other = [
        await mia.gateway.draw(await mia.caller.portrait(character, options=looks, seed=seed))
        for seed in (1, 2)
    ]
    looks.allow_reuse = True
    request = generation_pb2.RegenerateImageRequest(image_id=first.image_id, options=looks)
    assert (await mia.quote(request)).route.reused_from_image_id == other.image_id
    await mia.caller.regenerate(first.image_id, options=looks)
    assert (await mia.quote(request)).route.reused_from_image_id == ""


@pytest.fixture
async def poor(database: str, tmp_path: Path) -> AsyncIterator[Quoted]:
    """Yields a caller whose story is drawn, which has used up the budget."""
    catalogue = Catalogue([paid(STORYBOOK, PRICE)])
    settings: dict[str, Any] = {"catalogue": catalogue, "daily_budget_usd": 0.12}
    async with open_gateway_fixture(database, tmp_path, **settings) as gateway:
        mia = gateway.caller("mia")
        await mia.generate_story((await mia.create_story(*PAGES)).id)
        for _ in PAGES:
            await gateway.complete(await gateway.claim(), PRICE)
    # Another one, which knows from its start that nothing is left.
    async with open_gateway_fixture(database, tmp_path, **settings) as gateway:
        yield Quoted(gateway, gateway.caller("mia"))


async def test_without_a_budget_a_quote_is_of_the_stored_picture_or_is_refused(
    poor: Quoted,
) -> None:
    [story] = (await poor.caller.list_stories()).stories
    page = (await poor.caller.get_story(story.id)).pages[0].id
    request = generation_pb2.GenerateSceneRequest(story_id=story.id, page_id=page, options=REUSE)
    route = (await poor.quote(request)).route
    assert route.reused_from_image_id
    assert [one.exclusion for one in route.passed_over] == [routing_pb2.EXCLUSION_OVER_BUDGET]
    request.style = "cartoon"
    refused = await poor.refused(request)
    assert refused.metadata == {"price_micros": str(PRICE), "scope": "global"}


async def test_without_a_budget_a_story_is_quoted_if_all_of_it_is_stored(poor: Quoted) -> None:
    [story] = (await poor.caller.list_stories()).stories
    request = generation_pb2.GenerateStoryRequest(story_id=story.id, options=REUSE)
    quote = await poor.quote(request)
    assert (quote.images, quote.reused_images, quote.price_micros) == (0, 3, 0)
    assert not quote.models
    request.include_cover = True
    assert (await poor.refused(request)).reason == "BUDGET_EXHAUSTED"


async def test_a_story_is_quoted_for_what_is_left_to_draw(database: str, tmp_path: Path) -> None:
    async with open_gateway_fixture(
        database, tmp_path, catalogue=Catalogue([paid(STORYBOOK, PRICE)]), daily_budget_usd=1
    ) as gateway:
        mia = Quoted(gateway, gateway.caller("mia"))
        story = await mia.caller.create_story(*PAGES)
        await mia.caller.generate_story(story.id)
        for _ in PAGES:
            await gateway.complete(await gateway.claim(), PRICE)
        request = generation_pb2.GenerateStoryRequest(
            story_id=story.id, options=REUSE, include_cover=True
        )
        quote = await mia.quote(request)
        assert (quote.images, quote.reused_images, quote.price_micros) == (1, 3, PRICE)
        assert [(one.model, one.images) for one in quote.models] == [("paid", 1)]
        batch = await mia.caller.generate_story(story.id, options=REUSE, include_cover=True)
        assert batch.total_images == quote.images + quote.reused_images
        assert batch.estimated_cost_micros == quote.price_micros
