"""The synchronous client's methods for prices, routes and providers."""

from typing import Unpack

from imggen.boundary import bounded
from imggen.looping import LoopThread
from imggen.orders import PortraitFields, RegenerationFields, SceneFields, WholeStoryFields
from imggen.routes import RouteCalls
from imggen.v1.character_pb2 import Character
from imggen.v1.image_pb2 import Image
from imggen.v1.job_pb2 import Job
from imggen.v1.routing_pb2 import (
    ExplainRouteResponse,
    PlanStoryResponse,
    ProviderStatus,
    QuoteStoryResponse,
    Route,
)
from imggen.v1.story_pb2 import Page, Story


@bounded
class SyncRouteCalls:
    """The methods of `SyncClient` that tell which models draw, at what price, and why."""

    _client: RouteCalls
    _loop: LoopThread

    def quote_portrait(self, character: Character | str, **fields: Unpack[PortraitFields]) -> Route:
        """Returns which model would draw a portrait, and at what price."""
        return self._loop.run(self._client.quote_portrait(character, **fields))

    def quote_scene(
        self, story: Story | str, page: Page | str | int, **fields: Unpack[SceneFields]
    ) -> Route:
        """Returns which model would draw the scene of a page, and at what price."""
        return self._loop.run(self._client.quote_scene(story, page, **fields))

    def quote_regeneration(self, image: Image | str, **fields: Unpack[RegenerationFields]) -> Route:
        """Returns which model would draw an image again, and at what price."""
        return self._loop.run(self._client.quote_regeneration(image, **fields))

    def quote_story(
        self, story: Story | str, **fields: Unpack[WholeStoryFields]
    ) -> QuoteStoryResponse:
        """Returns what a whole story would cost, and when it would be there."""
        return self._loop.run(self._client.quote_story(story, **fields))

    def plan_story(
        self, story: Story | str, **fields: Unpack[WholeStoryFields]
    ) -> PlanStoryResponse:
        """Returns what the pages of a story would show, what would be lost, and at what price.

        It waits until a worker has read the pages, for the timeout of the client at most. For a
        day the same `request_id` gives the same plan.
        """
        return self._loop.run(self._client.plan_story(story, **fields))

    def explain_route(self, job: Job | str) -> ExplainRouteResponse:
        """Explains which model draws a job, or drew it, and why not the others."""
        return self._loop.run(self._client.explain_route(job))

    def list_providers(self) -> list[ProviderStatus]:
        """Returns the providers of the installation, their health, models and prices."""
        return self._loop.run(self._client.list_providers())
