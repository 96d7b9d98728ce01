"""A limit that has changed decides at once, though conditions are kept for a moment."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from imggen.v1 import budget_pb2, budget_pb2_grpc, generation_pb2, routing_pb2, routing_pb2_grpc
from server.identity.caller import Role
from server.routing.catalogue import STORYBOOK, Catalogue
from tests.builders import paid
from tests.integration.callers import Caller
from tests.integration.gateway_fixture import GatewayFixture, open_gateway_fixture

PRICE = 40_000
GLOBAL = 1_000_000


@dataclass
class Payer:
    """A caller with a page to draw, and an admin who sets limits."""

    gateway: GatewayFixture
    caller: Caller
    admin: Caller
    story: Any

    async def set_limit(self, micros: int) -> None:
        """Sets the caller's limit by this gateway."""
        stub: Any = budget_pb2_grpc.BudgetServiceStub(self.gateway.channel())
        request = budget_pb2.SetBudgetRequest(scope=self.scope, limit_micros=micros)
        await stub.SetBudget(request, metadata=self.admin.metadata)

    async def set_limit_elsewhere(self, micros: int) -> None:
        """Sets the caller's limit as another gateway does."""
        await self.gateway.store.budgets.set_limit(self.scope, micros, self.admin.user_id)

    @property
    def scope(self) -> str:
        """The scope of the caller's budget."""
        return f"user:{self.caller.user_id}"

    def calls(self) -> list[tuple[Any, Any]]:
        """Returns the calls that ask for the page and the story, and their quotes."""
        stub: Any = routing_pb2_grpc.RoutingServiceStub(self.gateway.channel())
        page = generation_pb2.GenerateSceneRequest(
            story_id=self.story.id, page_id=self.story.pages[0].id
        )
        story = generation_pb2.GenerateStoryRequest(story_id=self.story.id)
        return [
            (stub.QuoteGeneration, routing_pb2.QuoteGenerationRequest(scene=page)),
            (stub.QuoteStory, routing_pb2.QuoteStoryRequest(story=story)),
            (self.caller.generation.GenerateScene, page),
            (self.caller.generation.GenerateStory, story),
        ]


@pytest.fixture
async def payer(database: str, tmp_path: Path) -> AsyncIterator[Payer]:
    """Yields a caller of a gateway with a model that costs 4 cents."""
    catalogue = Catalogue([paid(STORYBOOK, PRICE)])
    async with open_gateway_fixture(
        database, tmp_path, catalogue=catalogue, daily_budget_usd=GLOBAL / 1e6
    ) as gateway:
        mia = gateway.caller("mia")
        story = await mia.create_story("A wood in the morning.")
        yield Payer(gateway, mia, gateway.caller("ada", Role.ADMIN), story)


async def test_a_limit_that_is_set_decides_the_next_quote(payer: Payer) -> None:
    method, request = payer.calls()[0]
    await method(request, metadata=payer.caller.metadata)
    await payer.set_limit(PRICE - 1)
    refused = await payer.caller.refused(method, request)
    assert refused.reason == "BUDGET_EXHAUSTED"
    assert f"today's budget of {payer.scope} does not cover the price" in refused.message


@pytest.mark.parametrize("call", range(4))
async def test_no_refusal_is_of_a_limit_that_was_raised_elsewhere(payer: Payer, call: int) -> None:
    method, request = payer.calls()[call]
    await payer.set_limit_elsewhere(PRICE - 1)
    assert (await payer.caller.refused(method, request)).reason == "BUDGET_EXHAUSTED"
    await payer.set_limit_elsewhere(PRICE)
    await method(request, metadata=payer.caller.metadata)
    assert await _alerts(payer) == [payer.scope] * (call > 1)  # that of the first, true refusal


async def _alerts(payer: Payer) -> list[str]:
    rows = await payer.gateway.store.database.fetch(
        "SELECT scope FROM alerts WHERE percent = 100 AND held_micros = 0"
    )
    return [row["scope"] for row in rows]
