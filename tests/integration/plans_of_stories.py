"""What the tests of plans share: a caller that plans stories, and looks at what is left of them."""

import asyncio
from dataclasses import dataclass
from typing import Any

from imggen.v1 import generation_pb2, routing_pb2, routing_pb2_grpc, story_pb2
from imggen.v1.routing_pb2 import PlannedPage, PlanStoryResponse
from server.domain.jobs import Claim
from server.domain.states import Lane
from tests.integration.callers import Caller
from tests.integration.gateway_fixture import LEASE, GatewayFixture
from tests.integration.job_queue import until

PAGES = (
    "Mia climbs the old oak in the garden. She holds a lantern.",
    "It was a stormy night. Leo slept in the kitchen.",
)


@dataclass
class Planning:
    """A caller that plans stories."""

    gateway: GatewayFixture
    caller: Caller

    @property
    def routing(self) -> Any:
        """The service that plans."""
        return routing_pb2_grpc.RoutingServiceStub(self.gateway.channel())

    async def story(self, *pages: str) -> story_pb2.Story:
        """Makes a story with Mia on its first page and Leo on all others."""
        mia, leo = [(await self.caller.create_character(name=name)).id for name in ("Mia", "Leo")]
        first, *others = pages or PAGES
        return await self.caller.create_story(
            pages=[
                story_pb2.Page(text=first, character_ids=[mia]),
                *(story_pb2.Page(text=text, character_ids=[leo]) for text in others),
            ],
            style="cartoon",
        )

    def ask(
        self,
        story: story_pb2.Story,
        request_id: str = "",
        timeout: float | None = 60,
        **fields: Any,
    ) -> Any:
        """Begins to plan a story without portraits; returns the call."""
        asked = {"include_character_portraits": False, **fields}
        request = routing_pb2.PlanStoryRequest(
            story=generation_pb2.GenerateStoryRequest(story_id=story.id, **asked),
            request_id=request_id,
        )
        return self.routing.PlanStory(request, metadata=self.caller.metadata, timeout=timeout)

    async def plan(
        self, story: story_pb2.Story, request_id: str = "", **fields: Any
    ) -> PlanStoryResponse:
        """Plans a story without portraits."""
        answer: PlanStoryResponse = await self.ask(story, request_id, **fields)
        return answer

    async def statuses(self) -> list[str]:
        """Returns the statuses of all readings, sorted."""
        rows = await self.gateway.store.database.fetch(
            "SELECT status FROM image_generation_jobs WHERE kind = 'plan' ORDER BY status"
        )
        return [row["status"] for row in rows]

    async def become(self, *statuses: str) -> None:
        """Waits until the readings have these statuses."""

        async def there() -> bool:
            return await self.statuses() == sorted(statuses)

        await until(there)

    async def claim(self, readings: int) -> list[Claim]:
        """Claims readings as a worker does, once there are so many."""
        claims: list[Claim] = []
        async with asyncio.timeout(30):
            while len(claims) < readings:
                most = readings - len(claims)
                claims += await self.gateway.store.leases.claim("w", Lane.READ, most, LEASE)
        return claims

    async def reads(self) -> int:
        """Returns how often a page was read."""
        return await self.gateway.count("attempts")


def page_of(plan: PlanStoryResponse, number: int) -> PlannedPage:
    """Returns a page of a plan."""
    [found] = [one for one in plan.pages if one.page_number == number]
    return found
