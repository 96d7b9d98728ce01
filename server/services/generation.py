"""GenerationService: asks for pictures."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from imggen.v1 import generation_pb2_grpc
from imggen.v1.generation_pb2 import (
    GeneratePortraitRequest,
    GeneratePortraitResponse,
    GenerateSceneRequest,
    GenerateSceneResponse,
    GenerateStoryRequest,
    GenerateStoryResponse,
    RegenerateImageRequest,
    RegenerateImageResponse,
)
from imggen.v1.job_pb2 import Job
from server.admission.batches import BatchAdmission
from server.admission.jobs import Admission
from server.admission.users import Accounts
from server.domain.jobs import NewJob
from server.errors import InvalidRequest, NotFound
from server.identity.caller import Caller, Context, caller
from server.replies.batches import BatchConverter
from server.replies.messages import Converter
from server.requests.checks import Checks
from server.requests.pictures import Validation
from server.requests.request_key import request_key
from server.requests.stories import Storyboards

Request = TypeVar("Request", GeneratePortraitRequest, GenerateSceneRequest, RegenerateImageRequest)


class GenerationService(generation_pb2_grpc.GenerationServiceServicer):
    """Validates, admits, answers with a committed job."""

    def __init__(
        self,
        validation: Validation,
        admission: Admission,
        accounts: Accounts,
        converter: Converter,
        storyboards: Storyboards,
        batches: BatchAdmission,
        batch_converter: BatchConverter,
    ) -> None:
        self._validation = validation
        self._admission = admission
        self._accounts = accounts
        self._converter = converter
        self._storyboards = storyboards
        self._batches = batches
        self._batch_converter = batch_converter

    async def GeneratePortrait(
        self, request: GeneratePortraitRequest, context: Context
    ) -> GeneratePortraitResponse:
        """Admits the portrait of a character."""
        return GeneratePortraitResponse(job=await self._admit(request, self._validation.portrait))

    async def GenerateScene(
        self, request: GenerateSceneRequest, context: Context
    ) -> GenerateSceneResponse:
        """Admits the scene of a page."""
        return GenerateSceneResponse(job=await self._admit(request, self._validation.scene))

    async def GenerateStory(
        self, request: GenerateStoryRequest, context: Context
    ) -> GenerateStoryResponse:
        """Admits a whole story as a batch."""
        who = caller()
        await self._accounts.ensure(who)
        try:
            batch = await self._batches.admit(await self._storyboards.batch(who, request))
        except (InvalidRequest, NotFound):
            # As below: what the story names may have changed since.
            key = request_key(Checks(), request.request_id, request)
            earlier = await self._batches.replay(who.user_id, key) if key else None
            if earlier is None:
                raise
            batch = earlier
        return GenerateStoryResponse(batch=await self._batch_converter.batch(batch))

    async def RegenerateImage(
        self, request: RegenerateImageRequest, context: Context
    ) -> RegenerateImageResponse:
        """Admits a new version of an image."""
        return RegenerateImageResponse(
            job=await self._admit(request, self._validation.regeneration)
        )

    async def _admit(
        self, request: Request, validate: Callable[[Caller, Request], Awaitable[NewJob]]
    ) -> Job:
        who = caller()
        await self._accounts.ensure(who)
        try:
            job = await self._admission.admit(await validate(who, request))
        except (InvalidRequest, NotFound):
            # What the request names may have changed since it was admitted; its answer has not.
            key = request_key(Checks(), request.request_id, request)
            earlier = await self._admission.replay(who.user_id, key) if key else None
            if earlier is None:
                raise
            job = earlier
        return await self._converter.job(job)
