"""A cover has fewer characters where only that many may be drawn for what is left, or allowed."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from imggen.v1 import (
    budget_pb2,
    budget_pb2_grpc,
    generation_pb2,
    routing_pb2,
    routing_pb2_grpc,
    story_pb2,
)
from imggen.v1.generation_pb2 import GenerationOptions
from imggen.v1.job_pb2 import JOB_STATUS_COMPLETED
from server.domain.ids import UserId
from server.domain.states import Lane
from server.identity.caller import Role
from server.routing.catalogue import KNOWN, STORYBOOK, Catalogue
from tests.builders import paid
from tests.integration.callers import Caller
from tests.integration.gateway_fixture import LEASE, GatewayFixture, open_gateway_fixture
from tests.integration.page_reader import reading_pages

PRICE = 40_000
FREE = STORYBOOK.max_characters
FLARE = paid(KNOWN["gpt-image-2.5-flare"], PRICE)
FREE_ONLY = GenerationOptions(max_cost_micros=0)
Opened = Callable[..., AbstractAsyncContextManager["Author"]]


class Author:
    """A caller with a story of three characters, who asks for its cover."""

    def __init__(self, gateway: GatewayFixture, caller: Caller, story: story_pb2.Story) -> None:
        self.gateway = gateway
        self.caller = caller
        self.story = story

    def request(self, **fields: Any) -> generation_pb2.GenerateStoryRequest:
        """Returns the request for the cover, and whatever else it names."""
        alone = {"include_character_portraits": False, "include_scene_images": False}
        return generation_pb2.GenerateStoryRequest(
            story_id=self.story.id, **{"include_cover": True, **alone, **fields}
        )

    async def drawn(self, **fields: Any) -> list[tuple[str, int]]:
        """Asks for the cover; returns the models of all pictures, and how many each shows.

        Its quote has to be of the same models at the same price.
        """
        routing: Any = routing_pb2_grpc.RoutingServiceStub(self.gateway.channel())
        request, metadata = self.request(**fields), self.caller.metadata
        asked = routing_pb2.QuoteStoryRequest(story=request)
        quote = await routing.QuoteStory(asked, metadata=metadata)
        batch = (await self.caller.generation.GenerateStory(request, metadata=metadata)).batch
        assert batch.estimated_cost_micros == quote.price_micros
        images = (await self.caller.get_batch(batch.batch_id)).images
        found = []
        for image in images:
            spec = (await self.gateway.spec(image.job))["spec"]
            found.append((image.job.model, len(spec["characters"])))
        quoted = {one.model: one.images for one in quote.models}
        models = [model for model, _ in found]
        assert quoted == {model: models.count(model) for model in models}
        return found

    async def set_limit(self, micros: int) -> None:
        """Sets the global limit by this gateway."""
        stub: Any = budget_pb2_grpc.BudgetServiceStub(self.gateway.channel())
        request = budget_pb2.SetBudgetRequest(scope="global", limit_micros=micros)
        admin = self.gateway.caller("ada", Role.ADMIN)
        await stub.SetBudget(request, metadata=admin.metadata)


@pytest.fixture
def opened(database: str, tmp_path: Path) -> Opened:
    """Returns what opens a gateway with a free model for two characters, and a dear one for all."""

    @asynccontextmanager
    async def open_(limit: int, *models: Any) -> AsyncIterator[Author]:
        catalogue = Catalogue(models or (STORYBOOK, FLARE))
        async with open_gateway_fixture(
            database, tmp_path, catalogue=catalogue, daily_budget_usd=limit / 1e6
        ) as gateway:
            mia = gateway.caller("mia")
            cast = [(await mia.create_character()).id for _ in range(3)]
            story = await mia.create_story(
                pages=[story_pb2.Page(text="A wood.", character_ids=cast)], style="anime"
            )
            yield Author(gateway, mia, story)

    return open_


async def test_a_cover_has_all_its_characters_where_the_budget_covers_them(opened: Opened) -> None:
    async with opened(PRICE) as mia:
        assert await mia.drawn() == [(FLARE.name, 3)]


@pytest.mark.parametrize("limit", [0, PRICE - 1])
async def test_no_budget_refuses_a_cover_that_is_free_with_fewer_characters(
    opened: Opened, limit: int
) -> None:
    async with opened(limit) as mia:
        assert await mia.drawn() == [("storybook", FREE)]


async def test_a_cover_that_may_cost_nothing_is_the_free_one(opened: Opened) -> None:
    async with opened(9 * PRICE) as mia:
        assert await mia.drawn(options=FREE_ONLY) == [("storybook", FREE)]


async def test_a_cover_gives_way_to_what_only_the_dear_model_draws(opened: Opened) -> None:
    # Each picture is within the budget, and both together are not.
    async with opened(PRICE) as mia:
        drawn = await mia.drawn(include_scene_images=True)
        assert drawn == [("storybook", FREE), (FLARE.name, 3)]


async def test_a_budget_that_another_call_has_used_meanwhile_refuses_no_cover(
    opened: Opened,
) -> None:
    async with opened(PRICE) as mia:
        await mia.drawn(options=FREE_ONLY)  # what is left is kept for a moment
        admin = UserId(uuid4())
        await mia.gateway.store.budgets.set_limit("global", 0, admin)
        request = mia.request()
        answer = await mia.caller.generation.GenerateStory(request, metadata=mia.caller.metadata)
        assert answer.batch.estimated_cost_micros == 0


async def test_where_every_cover_is_dear_the_refusal_names_the_price(opened: Opened) -> None:
    async with opened(PRICE - 1, FLARE) as mia:
        call = mia.caller.generation.GenerateStory
        refused = await mia.caller.refused(call, mia.request())
        assert refused.reason == "BUDGET_EXHAUSTED"
        assert refused.metadata == {"price_micros": str(PRICE), "scope": "global"}
        refused = await mia.caller.refused(call, mia.request(options=FREE_ONLY))
        assert refused.reason == "NO_ELIGIBLE_OFFER"
        assert set(refused.metadata) == {FLARE.name}


async def test_a_stored_cover_with_all_characters_comes_before_a_free_one_with_fewer(
    opened: Opened,
) -> None:
    reuse = GenerationOptions(allow_reuse=True, use_references=False)
    async with opened(PRICE) as mia:
        assert await mia.drawn(options=reuse) == [(FLARE.name, 3)]
        [claim] = await mia.gateway.store.leases.claim("worker", Lane.HOSTED, 1, LEASE)
        await mia.gateway.complete(claim, cost_micros=PRICE)
        request, metadata = mia.request(options=reuse), mia.caller.metadata
        batch = (await mia.caller.generation.GenerateStory(request, metadata=metadata)).batch
        [image] = (await mia.caller.get_batch(batch.batch_id)).images
        assert (image.job.model, image.job.status) == (FLARE.name, JOB_STATUS_COMPLETED)
        # One that is not stored is drawn for nothing.
        other = mia.request(options=reuse, style="watercolor")
        batch = (await mia.caller.generation.GenerateStory(other, metadata=metadata)).batch
        [image] = (await mia.caller.get_batch(batch.batch_id)).images
        assert image.job.model == "storybook"


async def test_a_plan_tells_of_the_cover_that_the_budget_covers(opened: Opened) -> None:
    async with opened(0) as mia, reading_pages(mia.gateway):
        routing: Any = routing_pb2_grpc.RoutingServiceStub(mia.gateway.channel())
        for options in (None, GenerationOptions(min_quality="draft")):
            request = routing_pb2.PlanStoryRequest(story=mia.request(options=options))
            plan = await routing.PlanStory(request, metadata=mia.caller.metadata)
            assert (plan.price_micros, [page.model for page in plan.pages]) == (0, ["storybook"])
            assert len(plan.pages[0].scene.figures) == FREE


async def test_a_plan_is_repeated_though_the_budget_covers_another_cover_by_now(
    opened: Opened,
) -> None:
    async with opened(PRICE) as mia, reading_pages(mia.gateway):
        routing: Any = routing_pb2_grpc.RoutingServiceStub(mia.gateway.channel())
        request = routing_pb2.PlanStoryRequest(story=mia.request(), request_id=str(uuid4()))
        models = []
        for limit in (PRICE, 0):
            await mia.set_limit(limit)
            plan = await routing.PlanStory(request, metadata=mia.caller.metadata)
            models += [page.model for page in plan.pages]
        assert models == [FLARE.name, "storybook"]
