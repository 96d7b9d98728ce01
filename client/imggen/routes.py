"""The client's methods for prices, routes and providers."""

from typing import Unpack

from imggen.boundary import bounded
from imggen.fields import job_id_of
from imggen.library import LibraryCalls
from imggen.orders import (
    PortraitFields,
    RegenerationFields,
    SceneFields,
    WholeStoryFields,
    portrait_request,
    regeneration_request,
    scene_request,
    story_request,
)
from imggen.v1 import routing_pb2
from imggen.v1.character_pb2 import Character
from imggen.v1.image_pb2 import Image
from imggen.v1.job_pb2 import Job
from imggen.v1.routing_pb2 import (
    ExplainRouteResponse,
    PlanStoryResponse,
    ProviderStatus,
    QuoteGenerationRequest,
    QuoteStoryResponse,
    Route,
)
from imggen.v1.story_pb2 import Page, Story


@bounded
class RouteCalls(LibraryCalls):
    """The methods of `Client` that tell which models draw, at what price, and why.

    A quote, or a plan, has the arguments of its generation. Nothing is drawn.
    """

    async def quote_portrait(
        self, character: Character | str, **fields: Unpack[PortraitFields]
    ) -> Route:
        """Returns which model would draw a portrait, and at what price."""
        request = portrait_request(character, **fields)
        return await self._quote(QuoteGenerationRequest(portrait=request))

    async def quote_scene(
        self, story: Story | str, page: Page | str | int, **fields: Unpack[SceneFields]
    ) -> Route:
        """Returns which model would draw the scene of a page, and at what price."""
        request = scene_request(story, await self._known_page(story, page), **fields)
        return await self._quote(QuoteGenerationRequest(scene=request))

    async def quote_regeneration(
        self, image: Image | str, **fields: Unpack[RegenerationFields]
    ) -> Route:
        """Returns which model would draw an image again, and at what price."""
        request = regeneration_request(image, **fields)
        return await self._quote(QuoteGenerationRequest(regeneration=request))

    async def quote_story(
        self, story: Story | str, **fields: Unpack[WholeStoryFields]
    ) -> QuoteStoryResponse:
        """Returns what a whole story would cost, and when it would be there."""
        request = routing_pb2.QuoteStoryRequest(story=story_request(story, **fields))
        return await self._call(self._connection.routing.QuoteStory, request)

    async def plan_story(
        self, story: Story | str, **fields: Unpack[WholeStoryFields]
    ) -> PlanStoryResponse:
        """Returns what the pages of a story would show, what would be lost, and at what price.

        It waits until a worker has read the pages, for the timeout of the client at most. For a
        day the same `request_id` gives the same plan.
        """
        asked = story_request(story, **fields)
        request = routing_pb2.PlanStoryRequest(story=asked, request_id=asked.request_id)
        request.story.ClearField("request_id")
        return await self._call(self._connection.routing.PlanStory, request)

    async def explain_route(self, job: Job | str) -> ExplainRouteResponse:
        """Explains which model draws a job, or drew it, and why not the others."""
        request = routing_pb2.ExplainRouteRequest(job_id=job_id_of(job))
        return await self._call(self._connection.routing.ExplainRoute, request)

    async def list_providers(self) -> list[ProviderStatus]:
        """Returns the providers of the installation, their health, models and prices."""
        request = routing_pb2.ListProvidersRequest()
        answer = await self._call(self._connection.routing.ListProviders, request)
        return list(answer.providers)

    async def _quote(self, request: QuoteGenerationRequest) -> Route:
        return (await self._call(self._connection.routing.QuoteGeneration, request)).route
