"""Which models draw, at what price, and why."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from functools import partial
from itertools import compress, count
from typing import TypeVar

from imggen.rules.checks import Checks
from imggen.rules.missing import missing_job
from imggen.rules.pictures import picture_required
from imggen.v1 import routing_pb2_grpc
from imggen.v1.generation_pb2 import (
    GeneratePortraitRequest,
    GenerateSceneRequest,
    GenerateStoryRequest,
    RegenerateImageRequest,
)
from imggen.v1.routing_pb2 import (
    ExplainRouteRequest,
    ExplainRouteResponse,
    ListProvidersRequest,
    ListProvidersResponse,
    PlanStoryRequest,
    PlanStoryResponse,
    QuoteGenerationRequest,
    QuoteGenerationResponse,
    QuoteStoryRequest,
    QuoteStoryResponse,
)
from server.admission.batches import BatchAdmission, new_batch
from server.admission.confirmed import confirmed
from server.admission.jobs import Admission, new_job
from server.admission.texts import TextAdmission
from server.admission.users import KnownUsers
from server.domain.canaries import Comparison
from server.domain.ids import JobId, RequestId, UserId
from server.domain.plans import Reading
from server.domain.reuse import Stored
from server.forecast.fresh import Fresh
from server.identity.caller import Context, caller
from server.money.budgets import within_budget
from server.replies.plans import story_plan
from server.replies.routes import explanation, provider_statuses, route_message, story_quote
from server.requests.origin import Origin, read_quoted
from server.requests.pictures import Picture
from server.requests.plans import BoardPage, pages_of, weighed
from server.requests.reader import PictureReader
from server.requests.stories import Storyboard, StoryReader
from server.routing.catalogue import Catalogue
from server.routing.conditions import Conditions
from server.routing.explained import explained
from server.routing.observer import Observer
from server.routing.story_quotes import StoryQuote, quote_story
from server.services.plans import PageReading
from server.store import Store

Request = TypeVar("Request", GeneratePortraitRequest, GenerateSceneRequest, RegenerateImageRequest)

_QuotedBoard = tuple[Storyboard, StoryQuote, list[BoardPage]]
"""A storyboard by the offers that it is quoted with, its quote, and its pages as then drawn."""

_COMPARED_S = 10.0


class RoutingService(routing_pb2_grpc.RoutingServiceServicer):
    """Reads a request as its generation would, and tells what would draw it."""

    def __init__(
        self,
        store: Store,
        pictures: PictureReader,
        stories: StoryReader,
        catalogue: Catalogue,
        observer: Observer,
        admission: Admission,
        batches: BatchAdmission,
        users: KnownUsers,
        texts: TextAdmission,
        reading: PageReading,
        batch_max_concurrent: int,
    ) -> None:
        self._store = store
        self._pictures = pictures
        self._stories = stories
        self._catalogue = catalogue
        self._observer = observer
        self._admission = admission
        self._batches = batches
        self._users = users
        self._texts = texts
        self._reading = reading
        self._batch_max_concurrent = batch_max_concurrent
        nothing: Mapping[str, Comparison] = {}
        self._canaries = Fresh(self._compare, nothing, fresh_s=_COMPARED_S)

    async def QuoteGeneration(
        self, request: QuoteGenerationRequest, context: Context
    ) -> QuoteGenerationResponse:
        """Quotes one picture."""
        match request.WhichOneof("picture"):
            case "portrait":
                return await self._quote(request.portrait, self._pictures.portrait)
            case "scene":
                return await self._quote(request.scene, self._pictures.scene)
            case "regeneration":
                return await self._quote(request.regeneration, self._pictures.regeneration)
            case _:
                checks = Checks()
                picture_required(checks)
                raise checks.refused()

    async def QuoteStory(self, request: QuoteStoryRequest, context: Context) -> QuoteStoryResponse:
        """Quotes a whole story."""
        _, _, quote, _ = await self._quote_story(Checks(), request.story)
        return story_quote(quote)

    async def PlanStory(self, request: PlanStoryRequest, context: Context) -> PlanStoryResponse:
        """Plans a whole story: has its pages read, and waits for that."""
        checks, who = Checks(), caller()
        key = checks.id("request_id", request.request_id, RequestId, required=False)
        origin, board, quote, pages = await self._quote_story(checks, request.story)
        await self._users.ensure(who)
        wanted = [page.reading(who.user_id, key) for page in pages]
        readings = await self._reading.read(who.user_id, key, wanted)
        if request.story.options.min_quality:
            read = {page.number: one for page, one in zip(pages, readings, strict=True)}
            _, quote, pages = await self._quote_read(origin, board, read)
        planned = [page.planned(read) for page, read in zip(pages, readings, strict=True)]
        return story_plan(planned, quote)

    async def ExplainRoute(
        self, request: ExplainRouteRequest, context: Context
    ) -> ExplainRouteResponse:
        """Explains the choices of a job of the caller, or for an admin of anybody."""
        checks = Checks()
        job = checks.complete(checks.id("job_id", request.job_id, JobId))
        who = caller()
        found = await self._store.routes.of_job(None if who.is_admin else who.user_id, job)
        if found is None:
            raise missing_job(job)
        return explanation(found)

    async def ListProviders(
        self, request: ListProvidersRequest, context: Context
    ) -> ListProvidersResponse:
        """Lists the providers, their health and their models."""
        conditions = await self._observer.conditions()
        canaries = await self._canaries.get(None)
        return ListProvidersResponse(
            providers=provider_statuses(self._catalogue, conditions, canaries)
        )

    async def _compare(self, _key: None) -> Mapping[str, Comparison]:
        models = [row.name for row in self._catalogue.models if row.canary]
        return await self._store.canaries.compare(models)

    async def _quote(
        self,
        request: Request,
        read: Callable[[Checks, UserId, Request], Awaitable[Picture]],
    ) -> QuoteGenerationResponse:
        checks, who = Checks(), caller()
        origin = read_quoted(checks, who, request)

        async def quote() -> tuple[Picture, Stored | None]:
            picture = await read(checks, who.user_id, request)
            await self._texts.admit(who.user_id, picture.texts, self._store)
            ways = (
                partial(self._admission.quote, new_job(origin, one)) for one in picture.choices()
            )
            return picture, await within_budget(ways)

        async with self._admission.telling():
            picture, stored = await confirmed(self._observer, who.user_id, quote)
        found = explained(picture.routing, picture.most_micros)
        return QuoteGenerationResponse(route=route_message(found, stored.drawn if stored else None))

    async def _quote_story(
        self, checks: Checks, request: GenerateStoryRequest
    ) -> tuple[Origin, Storyboard, StoryQuote, list[BoardPage]]:
        """Returns who asks, and the quote of the storyboard that is asked for."""
        who = caller()
        origin = read_quoted(checks, who, request)

        async def quote() -> _QuotedBoard:
            board = await self._stories.storyboard(checks, who.user_id, request)
            await self._texts.admit(who.user_id, board.texts, self._store)
            conditions = await self._observer.conditions(who.user_id)
            return await self._quote_board(origin, board, conditions)

        async with self._admission.telling():
            return origin, *await confirmed(self._observer, who.user_id, quote)

    async def _quote_read(
        self, origin: Origin, board: Storyboard, read: Mapping[int, Reading]
    ) -> _QuotedBoard:
        """Returns the quote of a storyboard whose pages were read meanwhile, by their numbers."""

        async def quote() -> _QuotedBoard:
            conditions = await self._observer.conditions(origin.user_id)
            again = weighed(board, read, self._catalogue, conditions)
            return await self._quote_board(origin, again, conditions)

        async with self._admission.telling():
            return await confirmed(self._observer, origin.user_id, quote)

    async def _quote_board(
        self, origin: Origin, board: Storyboard, conditions: Conditions
    ) -> _QuotedBoard:
        return await within_budget(
            partial(self._quote_choice, origin, choice, conditions)
            for choice in board.choices(conditions.rest)
        )

    async def _quote_choice(
        self, origin: Origin, board: Storyboard, conditions: Conditions
    ) -> _QuotedBoard:
        batch = new_batch(origin, board, self._batch_max_concurrent)
        admitted = await self._batches.quote(batch, conditions.rest)
        to_draw = {job.id for job in admitted.jobs}
        drawn = [job.id in to_draw for job in batch.jobs]
        pictures = list(compress(board.pictures, drawn))
        offers = [picture.offer for picture in pictures]
        places = dict(zip(compress(count(), drawn), count(), strict=False))
        needs = [
            (places[picture], places[portrait])
            for picture, portrait in board.needs
            if picture in places and portrait in places
        ]
        quote = quote_story(offers, conditions, self._batch_max_concurrent, needs)
        most = sum(picture.most_micros for picture in pictures)
        paused = any(picture.routing.paused for picture in pictures)
        reused = len(admitted.copies)
        quote = replace(quote, reused=reused, most_micros=most, paused=paused)
        return board, quote, pages_of(board.pictures, drawn)
