"""The fake's servicer that tells which models draw, at what price, and why."""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias, TypeVar

import grpc.aio

from imggen.rules.checks import Checks
from imggen.rules.missing import missing_job
from imggen.rules.pictures import picture_required
from imggen.testing.batches import MAX_CONCURRENT
from imggen.testing.catalogue import MODELS, Model
from imggen.testing.choices import DEFAULT_QUALITY, duration, pause
from imggen.testing.memory import Memory, read_key
from imggen.testing.planning import planned_pages
from imggen.testing.plans import Plan
from imggen.testing.reading import Reader
from imggen.testing.reuse import Reuses, drawn_image
from imggen.testing.worker import LANE, Worker
from imggen.v1.generation_pb2 import (
    GeneratePortraitRequest,
    GenerateSceneRequest,
    GenerateStoryRequest,
    RegenerateImageRequest,
)
from imggen.v1.image_pb2 import IMAGE_TYPE_PORTRAIT
from imggen.v1.routing_pb2 import (
    ExplainRouteRequest,
    ExplainRouteResponse,
    ListProvidersRequest,
    ListProvidersResponse,
    ModelStatus,
    PlanStoryRequest,
    PlanStoryResponse,
    ProviderStatus,
    QuotedModel,
    QuoteGenerationRequest,
    QuoteGenerationResponse,
    QuoteStoryRequest,
    QuoteStoryResponse,
)
from imggen.v1.routing_pb2_grpc import RoutingServiceServicer

Context: TypeAlias = "grpc.aio.ServicerContext[Any, Any]"
Request = TypeVar("Request", GeneratePortraitRequest, GenerateSceneRequest, RegenerateImageRequest)


class Routing(RoutingServiceServicer):
    """Reads a request as its generation would, and tells what would draw it."""

    def __init__(self, memory: Memory, worker: Worker, reuses: Reuses) -> None:
        self._memory = memory
        self._worker = worker
        self._reader = Reader(memory)
        self._reuses = reuses

    async def QuoteGeneration(
        self, request: QuoteGenerationRequest, context: Context
    ) -> QuoteGenerationResponse:
        """Quotes one picture."""
        match request.WhichOneof("picture"):
            case "portrait":
                return self._quote(request.portrait, self._reader.portrait)
            case "scene":
                return self._quote(request.scene, self._reader.scene)
            case "regeneration":
                return self._quote(request.regeneration, self._reader.version)
            case _:
                checks = Checks()
                picture_required(checks)
                raise checks.refused()

    async def QuoteStory(self, request: QuoteStoryRequest, context: Context) -> QuoteStoryResponse:
        """Quotes a whole story."""
        return self._quote_story(Checks(), request.story)[0]

    async def PlanStory(self, request: PlanStoryRequest, context: Context) -> PlanStoryResponse:
        """Plans a whole story: listed characters are on their pages, and nothing else is read."""
        checks = Checks()
        key = read_key(checks, request.request_id)
        quote, plans = self._quote_story(checks, request.story)
        return PlanStoryResponse(
            pages=planned_pages(
                *(self._memory, plans, key), self._worker.kept(), self._worker.doubted
            ),
            images=quote.images,
            reused_images=quote.reused_images,
            expected_duration=None if quote.lane_paused else quote.expected_duration,
            lane_paused=quote.lane_paused,
            models=quote.models,
        )

    async def ExplainRoute(
        self, request: ExplainRouteRequest, context: Context
    ) -> ExplainRouteResponse:
        """Explains the choices of a job."""
        checks = Checks()
        job = checks.complete(checks.id("job_id", request.job_id, str))
        if job not in self._memory.jobs:
            raise missing_job(job)
        return self._memory.routes[job]

    async def ListProviders(
        self, request: ListProvidersRequest, context: Context
    ) -> ListProvidersResponse:
        """Lists the providers, all of them well, and their models."""
        return ListProvidersResponse(
            providers=[
                ProviderStatus(
                    provider=provider,
                    health="well",
                    models=[_status(model) for model in MODELS if model.provider == provider],
                )
                for provider in dict.fromkeys(model.provider for model in MODELS)
            ]
        )

    def _quote_story(
        self, checks: Checks, request: GenerateStoryRequest
    ) -> tuple[QuoteStoryResponse, list[Plan]]:
        checks.metadata("options.metadata", request.options.metadata)
        _, _, planned = self._reader.whole_story(checks, request)
        stored = self._reuses.of_story(planned, request.options)
        plans = [plan for plan, found in zip(planned, stored, strict=True) if found is None]
        parts = Counter((plan.image.model, plan.image.provider) for plan in plans)
        paused = bool(plans) and LANE in self._memory.paused
        quote = QuoteStoryResponse(
            images=len(plans),
            reused_images=len(planned) - len(plans),
            expected_duration=None if paused else duration(_seconds_of(plans)),
            lane_paused=paused,
            models=[
                QuotedModel(model=model, provider=provider, images=images)
                for (model, provider), images in parts.most_common()
            ],
        )
        return quote, planned

    def _quote(
        self, request: Request, read: Callable[[Checks, Request], Plan]
    ) -> QuoteGenerationResponse:
        checks = Checks()
        checks.metadata("options.metadata", request.options.metadata)
        plan = read(checks, request)
        found = self._reuses.of_picture(plan, request)
        route = plan.route
        route.reused_from_image_id = drawn_image(found) if found else ""
        if LANE in self._memory.paused:
            pause(route)
            route.lane_paused = found is None
        return QuoteGenerationResponse(route=route)


def _seconds_of(plans: Sequence[Plan]) -> float:
    """Returns when all of a story is there: pages wait for the portraits of their characters."""
    seconds = [_seconds(plan) for plan in plans]
    portraits = {
        plan.image.character_id: _seconds(plan)
        for plan in plans
        if plan.image.type == IMAGE_TYPE_PORTRAIT
    }
    ends = [
        _seconds(plan) + max((portraits.get(one, 0.0) for one in plan.waits_for), default=0.0)
        for plan in plans
        if plan.image.type != IMAGE_TYPE_PORTRAIT
    ]
    return max([*seconds, *ends, sum(seconds) / MAX_CONCURRENT])


def _seconds(plan: Plan) -> float:
    return plan.route.offers[0].expected_duration.ToTimedelta().total_seconds()


def _status(model: Model) -> ModelStatus:
    grade = model.grades[DEFAULT_QUALITY]
    return ModelStatus(
        model=model.name,
        score=grade.score,
        price_micros=0,
        mean_duration=duration(grade.seconds),
        max_characters=model.max_characters,
        qualities=list(model.grades),
        portrait_sizes=list(model.portraits),
    )
