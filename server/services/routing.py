"""Which models draw, at what price, and why."""

from imggen.rules.checks import Checks
from imggen.rules.missing import missing_job
from imggen.rules.pictures import picture_required
from imggen.v1 import routing_pb2_grpc
from imggen.v1.routing_pb2 import (
    ExplainRouteRequest,
    ExplainRouteResponse,
    ListProvidersRequest,
    ListProvidersResponse,
    QuoteGenerationRequest,
    QuoteGenerationResponse,
    QuoteStoryRequest,
    QuoteStoryResponse,
)
from server.domain.ids import JobId, UserId
from server.identity.caller import Context, caller
from server.replies.routes import explanation, provider_statuses, route_message, story_quote
from server.requests.pictures import Picture, PictureReader
from server.requests.stories import StoryReader
from server.routing.catalogue import Catalogue
from server.routing.explained import explained
from server.routing.observer import Observer
from server.routing.story_quotes import quote_story
from server.store import Store


class RoutingService(routing_pb2_grpc.RoutingServiceServicer):
    """Reads a request as its generation would, and tells what would draw it."""

    def __init__(
        self,
        store: Store,
        pictures: PictureReader,
        stories: StoryReader,
        catalogue: Catalogue,
        observer: Observer,
        batch_max_concurrent: int,
    ) -> None:
        self._store = store
        self._pictures = pictures
        self._stories = stories
        self._catalogue = catalogue
        self._observer = observer
        self._batch_max_concurrent = batch_max_concurrent

    async def QuoteGeneration(
        self, request: QuoteGenerationRequest, context: Context
    ) -> QuoteGenerationResponse:
        """Quotes one picture."""
        picture = await self._read(Checks(), caller().user_id, request)
        return QuoteGenerationResponse(route=route_message(explained(picture.routing)))

    async def QuoteStory(self, request: QuoteStoryRequest, context: Context) -> QuoteStoryResponse:
        """Quotes a whole story."""
        user = caller().user_id
        board = await self._stories.storyboard(Checks(), user, request.story)
        offers = [picture.offer for picture in board.pictures]
        conditions = await self._observer.conditions(user)
        return story_quote(quote_story(offers, conditions, self._batch_max_concurrent))

    async def ExplainRoute(
        self, request: ExplainRouteRequest, context: Context
    ) -> ExplainRouteResponse:
        """Explains the choices of a job."""
        checks = Checks()
        job = checks.complete(checks.id("job_id", request.job_id, JobId))
        found = await self._store.routes.of_job(caller().user_id, job)
        if found is None:
            raise missing_job(job)
        return explanation(found)

    async def ListProviders(
        self, request: ListProvidersRequest, context: Context
    ) -> ListProvidersResponse:
        """Lists the providers, their health and their models."""
        conditions = await self._observer.conditions()
        return ListProvidersResponse(providers=provider_statuses(self._catalogue, conditions))

    async def _read(self, checks: Checks, user: UserId, request: QuoteGenerationRequest) -> Picture:
        match request.WhichOneof("picture"):
            case "portrait":
                return await self._pictures.portrait(checks, user, request.portrait)
            case "scene":
                return await self._pictures.scene(checks, user, request.scene)
            case "regeneration":
                return await self._pictures.regeneration(checks, user, request.regeneration)
            case _:
                picture_required(checks)
                raise checks.refused()
