"""GenerationService: admits pictures and whole stories."""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import TypeVar

from imggen.rules.checks import Checks
from imggen.rules.missing import missing_image
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
    UpscaleImageRequest,
    UpscaleImageResponse,
)
from imggen.v1.job_pb2 import Job as JobMessage
from server.admission.batches import BatchAdmission, new_batch
from server.admission.confirmed import confirmed
from server.admission.jobs import Admission, new_job
from server.admission.replay import once
from server.admission.texts import TextAdmission
from server.admission.upscales import UpscaleAdmission, new_upscale
from server.admission.users import KnownUsers
from server.domain.batches import Batch
from server.domain.ids import UserId
from server.domain.jobs import Job
from server.identity.caller import Context, caller
from server.money.budgets import within_budget
from server.replies.batches import BatchReplies
from server.replies.messages import Replies
from server.requests.origin import read_origin
from server.requests.pictures import Picture
from server.requests.reader import PictureReader
from server.requests.stories import StoryReader
from server.requests.upscales import read_upscale
from server.routing.observer import Observer
from server.store import Store

Request = TypeVar("Request", GeneratePortraitRequest, GenerateSceneRequest, RegenerateImageRequest)


class GenerationService(generation_pb2_grpc.GenerationServiceServicer):
    """Reads a request, admits its jobs, and answers with the committed rows."""

    def __init__(
        self,
        store: Store,
        pictures: PictureReader,
        stories: StoryReader,
        observer: Observer,
        users: KnownUsers,
        texts: TextAdmission,
        admission: Admission,
        batches: BatchAdmission,
        upscales: UpscaleAdmission,
        replies: Replies,
        batch_replies: BatchReplies,
        batch_max_concurrent: int,
    ) -> None:
        self._store = store
        self._pictures = pictures
        self._stories = stories
        self._observer = observer
        self._users = users
        self._texts = texts
        self._admission = admission
        self._batches = batches
        self._upscales = upscales
        self._replies = replies
        self._batch_replies = batch_replies
        self._batch_max_concurrent = batch_max_concurrent

    async def GeneratePortrait(
        self, request: GeneratePortraitRequest, context: Context
    ) -> GeneratePortraitResponse:
        """Admits the portrait of a character."""
        return GeneratePortraitResponse(job=await self._generate(request, self._pictures.portrait))

    async def GenerateScene(
        self, request: GenerateSceneRequest, context: Context
    ) -> GenerateSceneResponse:
        """Admits the scene of a page."""
        return GenerateSceneResponse(job=await self._generate(request, self._pictures.scene))

    async def RegenerateImage(
        self, request: RegenerateImageRequest, context: Context
    ) -> RegenerateImageResponse:
        """Admits a new version of an image."""
        return RegenerateImageResponse(
            job=await self._generate(request, self._pictures.regeneration)
        )

    async def GenerateStory(
        self, request: GenerateStoryRequest, context: Context
    ) -> GenerateStoryResponse:
        """Admits a whole story as a batch."""
        checks, who = Checks(), caller()
        origin = read_origin(checks, who, request)

        async def read_and_admit() -> Batch | None:
            board = await self._stories.storyboard(checks, who.user_id, request)
            await self._texts.admit(who.user_id, board.texts, self._store)
            await self._users.ensure(who)
            rest = (await self._observer.conditions(who.user_id)).rest
            return await within_budget(
                partial(self._batches.admit, new_batch(origin, choice, self._batch_max_concurrent))
                for choice in board.choices(rest)
            )

        async def admit() -> Batch | None:
            async with self._admission.alerting():
                return await confirmed(self._observer, who.user_id, read_and_admit)

        batch = await once(who.user_id, origin.request, self._store.batches.replay, admit)
        return GenerateStoryResponse(batch=await self._batch_replies.batch(batch))

    async def UpscaleImage(
        self, request: UpscaleImageRequest, context: Context
    ) -> UpscaleImageResponse:
        """Admits a new print asset of an image."""
        checks, who = Checks(), caller()
        origin = read_origin(checks, who, request)

        async def admit() -> Job | None:
            upscale, model = await read_upscale(checks, self._store, who.user_id, request)
            job = await self._upscales.admit(new_upscale(origin, upscale, model))
            if job is None and await self._store.images.get(who.user_id, upscale.image_id) is None:
                raise missing_image(upscale.image_id)
            return job

        job = await once(who.user_id, origin.request, self._store.replay_job, admit)
        return UpscaleImageResponse(job=await self._replies.job(job))

    async def _generate(
        self,
        request: Request,
        read: Callable[[Checks, UserId, Request], Awaitable[Picture]],
    ) -> JobMessage:
        checks, who = Checks(), caller()
        origin = read_origin(checks, who, request)

        async def read_and_admit() -> Job | None:
            picture = await read(checks, who.user_id, request)
            await self._texts.admit(who.user_id, picture.texts, self._store)
            await self._users.ensure(who)
            return await within_budget(
                partial(self._admission.admit, new_job(origin, choice))
                for choice in picture.choices()
            )

        async def admit() -> Job | None:
            async with self._admission.alerting():
                return await confirmed(self._observer, who.user_id, read_and_admit)

        job = await once(who.user_id, origin.request, self._store.replay_job, admit)
        return await self._replies.job(job)
