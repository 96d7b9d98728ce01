"""A caller who asks what pictures cost, and buys them."""

from dataclasses import dataclass
from typing import Any

from imggen.v1 import generation_pb2, job_pb2, routing_pb2, story_pb2
from imggen.v1.generation_pb2 import GenerationOptions
from imggen.v1.routing_pb2 import (
    ExplainRouteResponse,
    ProviderStatus,
    QuoteStoryResponse,
    Route,
)
from server.routing.catalogue import KNOWN, STORYBOOK, Catalogue
from tests.builders import paid
from tests.endpoint import Failure
from tests.integration.callers import Caller
from tests.integration.gateway_fixture import GatewayFixture

PRICE = 40_000
GOOD = paid(KNOWN["fake"], PRICE)
FINE = paid(KNOWN["gpt-image-2"], 3 * PRICE, "fine")
CATALOGUE = Catalogue([STORYBOOK, GOOD, FINE])
TABLES = ("image_generation_jobs", "images", "batches", "ledger", "holds", "outbox")


@dataclass
class Buyer:
    """A caller, its character, its story, and the service that quotes them."""

    gateway: GatewayFixture
    caller: Caller
    routing: Any
    character: str
    story: story_pb2.Story

    async def quote(self, **picture: Any) -> Route:
        """Quotes a picture."""
        request = routing_pb2.QuoteGenerationRequest(**picture)
        answer = await self.routing.QuoteGeneration(request, metadata=self.caller.metadata)
        return answer.route  # type: ignore[no-any-return]

    async def quote_story(self, **fields: Any) -> QuoteStoryResponse:
        """Quotes the story."""
        request = routing_pb2.QuoteStoryRequest(
            story=generation_pb2.GenerateStoryRequest(story_id=self.story.id, **fields)
        )
        return await self.routing.QuoteStory(request, metadata=self.caller.metadata)  # type: ignore[no-any-return]

    async def explain(self, job: job_pb2.Job) -> ExplainRouteResponse:
        """Explains a job."""
        request = routing_pb2.ExplainRouteRequest(job_id=job.job_id)
        return await self.routing.ExplainRoute(request, metadata=self.caller.metadata)  # type: ignore[no-any-return]

    async def providers(self) -> dict[str, ProviderStatus]:
        """Returns the providers by name."""
        request = routing_pb2.ListProvidersRequest()
        answer = await self.routing.ListProviders(request, metadata=self.caller.metadata)
        return {one.provider: one for one in answer.providers}

    def portrait(self, **options: Any) -> generation_pb2.GeneratePortraitRequest:
        """Returns the request of a portrait with these options."""
        return generation_pb2.GeneratePortraitRequest(
            character_id=self.character, style="anime", options=GenerationOptions(**options)
        )

    def scene(self, **options: Any) -> generation_pb2.GenerateSceneRequest:
        """Returns the request of a scene with these options."""
        return generation_pb2.GenerateSceneRequest(
            story_id=self.story.id,
            page_id=self.story.pages[0].id,
            options=GenerationOptions(**options),
        )

    async def refused(self, **options: Any) -> Failure:
        """Asks for a portrait that must be refused, and its quote in the same way."""
        request = self.portrait(**options)
        failed = await self.caller.refused(self.caller.generation.GeneratePortrait, request)
        quoted = await self.caller.refused(
            self.routing.QuoteGeneration, routing_pb2.QuoteGenerationRequest(portrait=request)
        )
        same = (quoted.code, quoted.reason, quoted.message, quoted.fields, set(quoted.metadata))
        assert same == (
            *(failed.code, failed.reason, failed.message, failed.fields),
            set(failed.metadata),
        )
        return failed

    async def rows(self) -> list[int]:
        """Returns the numbers of rows that a generation would raise."""
        return [await self.gateway.count(table) for table in TABLES]

    async def held(self) -> int:
        """Returns the money that is held."""
        row = await self.gateway.store.database.fetchrow(
            "SELECT coalesce(sum(held_micros), 0) AS held FROM budgets WHERE scope = 'global'"
        )
        assert row is not None
        return int(row["held"])


def models(route: Route) -> list[str]:
    """Returns the models that can draw, the chosen one first."""
    return [offer.model for offer in route.offers]


def excluded(route: Route) -> dict[str, int]:
    """Returns what excludes the other models."""
    return {one.model: one.exclusion for one in route.passed_over}
