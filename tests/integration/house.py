"""The whole gateway on free ports, callers of it, and a worker that the test drives by hand."""

import hashlib
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import grpc.aio
from google.protobuf.field_mask_pb2 import FieldMask

from imggen.v1 import (
    character_pb2,
    character_pb2_grpc,
    generation_pb2,
    generation_pb2_grpc,
    image_pb2,
    image_pb2_grpc,
    job_pb2,
    job_pb2_grpc,
    story_pb2,
    story_pb2_grpc,
    style_pb2_grpc,
)
from server.app import token_verifier
from server.auth import Role, user_id_of
from server.domain.ids import JobId, UserId
from server.domain.images import NewAsset
from server.domain.jobs import Claim, Failure, Outcome, Progress
from server.domain.states import AssetKind, Lane, Stage
from server.endpoint import Endpoint
from server.events import Events
from server.media import media_app, serve_http
from server.metrics import GatewayMetrics
from server.routing.catalogue import KNOWN, Catalogue
from server.services import Parts, make_services
from server.settings import GatewaySettings
from server.storage.folder import FolderStorage
from server.storage.keys import object_key
from server.storage.urls import UrlSigner
from server.store import Store, open_store
from server.store.signals import CHANGED, Signals
from server.tokens import mint_token
from tests import gateway

LEASE = timedelta(seconds=60)
_SECRET = "a-secret-of-the-tests-with-enough-bytes"


@dataclass(frozen=True)
class Person:
    """Is a caller: a name, its token, and stubs of every service."""

    user_id: UserId
    metadata: tuple[tuple[str, str], ...]
    generation: Any
    jobs: Any
    images: Any
    characters: Any
    stories: Any
    styles: Any

    async def refused(self, method: Callable[..., Any], request: Any) -> gateway.Failure:
        """Calls a method that fails, and returns how."""
        call = method(request, metadata=self.metadata)
        if hasattr(call, "__aiter__") and not hasattr(call, "__await__"):
            await call.code()
        return await gateway.failure(call)

    async def create_character(self, **fields: Any) -> character_pb2.Character:
        """Creates a character named Mia, unless told otherwise."""
        character = character_pb2.Character(**{"name": "Mia", "hair": "red", **fields})
        request = character_pb2.CreateCharacterRequest(character=character)
        answer = await self.characters.CreateCharacter(request, metadata=self.metadata)
        return answer.character  # type: ignore[no-any-return]

    async def get_character(self, character_id: str) -> character_pb2.Character:
        """Gets a character."""
        request = character_pb2.GetCharacterRequest(character_id=character_id)
        answer = await self.characters.GetCharacter(request, metadata=self.metadata)
        return answer.character  # type: ignore[no-any-return]

    async def update_character(self, character_id: str, **fields: Any) -> character_pb2.Character:
        """Changes these fields of a character."""
        request = character_pb2.UpdateCharacterRequest(
            character=character_pb2.Character(id=character_id, **fields),
            update_mask=FieldMask(paths=list(fields)),
        )
        answer = await self.characters.UpdateCharacter(request, metadata=self.metadata)
        return answer.character  # type: ignore[no-any-return]

    async def delete_character(self, character_id: str) -> None:
        """Deletes a character."""
        request = character_pb2.DeleteCharacterRequest(character_id=character_id)
        await self.characters.DeleteCharacter(request, metadata=self.metadata)

    async def create_story(self, *pages: str, **fields: Any) -> story_pb2.Story:
        """Creates a story with pages of these texts, in watercolor unless told otherwise."""
        told = [story_pb2.Page(text=text) for text in pages or ("Mia runs through the wood.",)]
        story = story_pb2.Story(
            **{"title": "A day", "style": "watercolor", "pages": told, **fields}
        )
        request = story_pb2.CreateStoryRequest(story=story)
        answer = await self.stories.CreateStory(request, metadata=self.metadata)
        return answer.story  # type: ignore[no-any-return]

    async def get_story(self, story_id: str) -> story_pb2.Story:
        """Gets a story."""
        request = story_pb2.GetStoryRequest(story_id=story_id)
        return (await self.stories.GetStory(request, metadata=self.metadata)).story  # type: ignore[no-any-return]

    async def update_story(self, story_id: str, **fields: Any) -> story_pb2.Story:
        """Changes these fields of a story."""
        request = story_pb2.UpdateStoryRequest(
            story=story_pb2.Story(id=story_id, **fields),
            update_mask=FieldMask(paths=list(fields)),
        )
        answer = await self.stories.UpdateStory(request, metadata=self.metadata)
        return answer.story  # type: ignore[no-any-return]

    async def delete_story(self, story_id: str) -> None:
        """Deletes a story."""
        request = story_pb2.DeleteStoryRequest(story_id=story_id)
        await self.stories.DeleteStory(request, metadata=self.metadata)

    async def portrait(self, character_id: str = "", **fields: Any) -> job_pb2.Job:
        """Asks for a portrait, of a new character unless told otherwise."""
        character_id = character_id or (await self.create_character()).id
        request = generation_pb2.GeneratePortraitRequest(
            **{"character_id": character_id, "style": "watercolor", **fields}
        )
        answer = await self.generation.GeneratePortrait(request, metadata=self.metadata)
        return answer.job  # type: ignore[no-any-return]

    async def scene(self, story_id: str, page: int = 1, **fields: Any) -> job_pb2.Job:
        """Asks for the scene of a page."""
        request = generation_pb2.GenerateSceneRequest(
            **{"story_id": story_id, "page_number": page, **fields}
        )
        answer = await self.generation.GenerateScene(request, metadata=self.metadata)
        return answer.job  # type: ignore[no-any-return]

    async def regenerate(self, image_id: str, **fields: Any) -> job_pb2.Job:
        """Asks for a new version of an image; `fields` are those of the request."""
        request = generation_pb2.RegenerateImageRequest(**{"image_id": image_id, **fields})
        answer = await self.generation.RegenerateImage(request, metadata=self.metadata)
        return answer.job  # type: ignore[no-any-return]

    async def get_job(self, job_id: str) -> job_pb2.Job:
        """Gets a job."""
        request = job_pb2.GetJobRequest(job_id=job_id)
        return (await self.jobs.GetJob(request, metadata=self.metadata)).job  # type: ignore[no-any-return]

    async def list_jobs(self, **fields: Any) -> job_pb2.ListJobsResponse:
        """Lists jobs."""
        request = job_pb2.ListJobsRequest(**fields)
        return await self.jobs.ListJobs(request, metadata=self.metadata)  # type: ignore[no-any-return]

    async def cancel(self, job_id: str) -> job_pb2.Job:
        """Cancels a job."""
        request = job_pb2.CancelJobRequest(job_id=job_id)
        return (await self.jobs.CancelJob(request, metadata=self.metadata)).job  # type: ignore[no-any-return]

    async def retry(self, job_id: str, **fields: Any) -> job_pb2.Job:
        """Retries a job."""
        request = job_pb2.RetryJobRequest(job_id=job_id, **fields)
        return (await self.jobs.RetryJob(request, metadata=self.metadata)).job  # type: ignore[no-any-return]

    def watch(self, job_id: str, *, previews: bool = False) -> Any:
        """Watches a job; returns the call, to be read or iterated."""
        request = job_pb2.WatchJobRequest(job_id=job_id, include_previews=previews)
        return self.jobs.WatchJob(request, metadata=self.metadata)

    async def get_image(self, image_id: str) -> image_pb2.Image:
        """Gets an image."""
        request = image_pb2.GetImageRequest(image_id=image_id)
        return (await self.images.GetImage(request, metadata=self.metadata)).image  # type: ignore[no-any-return]

    async def list_images(self, **fields: Any) -> image_pb2.ListImagesResponse:
        """Lists images."""
        request = image_pb2.ListImagesRequest(**fields)
        return await self.images.ListImages(request, metadata=self.metadata)  # type: ignore[no-any-return]

    async def delete_image(self, image_id: str) -> None:
        """Deletes an image."""
        request = image_pb2.DeleteImageRequest(image_id=image_id)
        await self.images.DeleteImage(request, metadata=self.metadata)


@dataclass
class House:
    """Is a running gateway with all its parts within reach."""

    store: Store
    storage: FolderStorage
    signals: Signals
    events: Events
    metrics: GatewayMetrics
    settings: GatewaySettings
    endpoint: Endpoint
    _channels: list[grpc.aio.Channel] = field(default_factory=list)

    def person(self, subject: str = "mia", *roles: Role, channel: Any = None) -> Person:
        """Returns a caller with a token of that subject and these roles."""
        settings = self.settings
        token = mint_token(
            settings.jwt_secret.get_secret_value(),
            issuer=settings.jwt_issuer,
            audience=settings.jwt_audience,
            subject=subject,
            roles=roles,
        )
        channel = channel or self.channel()
        return Person(
            user_id_of(settings.jwt_issuer, subject),
            (("authorization", f"Bearer {token}"),),
            generation_pb2_grpc.GenerationServiceStub(channel),
            job_pb2_grpc.JobServiceStub(channel),
            image_pb2_grpc.ImageServiceStub(channel),
            character_pb2_grpc.CharacterServiceStub(channel),
            story_pb2_grpc.StoryServiceStub(channel),
            style_pb2_grpc.StyleServiceStub(channel),
        )

    def channel(self, **options: int) -> grpc.aio.Channel:
        """Opens a channel that the house closes."""
        pairs = [(f"grpc.{name}", value) for name, value in options.items()]
        channel = grpc.aio.insecure_channel(self.endpoint.address, options=pairs)
        self._channels.append(channel)
        return channel

    def open_calls(self) -> int:
        """Returns how many calls are being served."""
        return len(self.endpoint.calls)

    async def close(self) -> None:
        """Closes the channels."""
        for channel in self._channels:
            await channel.close()

    async def claim(self) -> Claim:
        """Claims the next job, as a worker does, and says so."""
        [claim] = await self.store.leases.claim("worker", Lane.LOCAL, 1, LEASE)
        self.signals.say(CHANGED, str(claim.job_id))
        return claim

    async def report(
        self, claim: Claim, sequence: int, fraction: float, preview: bytes | None = None
    ) -> None:
        """Reports a step of rendering, and says so."""
        progress = Progress(sequence, Stage.RENDERING, sequence, 20, fraction)
        assert await self.store.leases.report(claim, progress, preview)
        self.signals.say(CHANGED, str(claim.job_id))

    async def complete(self, claim: Claim, cost_micros: int = 0) -> dict[AssetKind, bytes]:
        """Stores all assets, completes the job and says so; returns the bytes."""
        made = await self.store_assets(claim)
        outcome = Outcome(
            "a compiled prompt",
            "blurry",
            tuple(asset for asset, _ in made),
            {Stage.RENDERING: 900, Stage.STORING: 20},
            cost_micros,
        )
        assert await self.store.leases.complete(claim, outcome)
        self.signals.say(CHANGED, str(claim.job_id))
        return {asset.kind: data for asset, data in made}

    async def store_assets(self, claim: Claim) -> list[tuple[NewAsset, bytes]]:
        """Stores an object for each kind of asset."""
        made = []
        for kind in AssetKind:
            data = f"{kind} of {claim.job_id}\n".encode() * 40_000
            jpeg = kind in (AssetKind.PRINT, AssetKind.THUMBNAIL)
            content_type = "image/jpeg" if jpeg else "image/png"
            key = object_key(claim.user_id, claim.job_id, claim.attempt, data, content_type)
            await self.storage.put(key, data, content_type)
            digest = hashlib.sha256(data).hexdigest()
            made.append((NewAsset(kind, key, content_type, digest, len(data), 1024, 1024), data))
        return made

    async def fail(self, claim: Claim, *, retryable: bool = False) -> None:
        """Fails a job for good unless told otherwise, and says so."""
        failure = Failure("RENDER_FAILED", "the model failed")
        await self.store.leases.fail(claim, failure, retryable=retryable, backoff=timedelta(0))
        self.signals.say(CHANGED, str(claim.job_id))

    async def draw(self, job: job_pb2.Job) -> job_pb2.Job:
        """Does the oldest waiting job, which must be this one, and returns it."""
        claim = await self.claim()
        assert str(claim.job_id) == job.job_id
        await self.complete(claim)
        return job

    async def spec(self, job: job_pb2.Job) -> dict[str, Any]:
        """Returns what a job draws, as it is stored, and where its image belongs."""
        row = await self.store.database.fetchrow(
            "SELECT j.spec, j.priority, i.story_id, i.page_number, i.character_id, i.character_ids,"
            " i.parent_image_id FROM image_generation_jobs j JOIN images i ON i.id = j.image_id"
            " WHERE j.id = $1",
            JobId(job.job_id),  # type: ignore[arg-type]
        )
        assert row is not None
        return dict(row)

    async def count(self, table: str) -> int:
        """Returns how many rows a table has."""
        row = await self.store.database.fetchrow(f"SELECT count(*) AS n FROM {table}")
        assert row is not None
        return int(row["n"])


@asynccontextmanager
async def open_house(
    database: str,
    folder: Path,
    *,
    catalogue: Catalogue | None = None,
    daily_budget_micros: int = 0,
    listen: bool = True,
    **settings: Any,
) -> AsyncIterator[House]:
    """Opens a gateway with its HTTP endpoint; `listen=False` leaves it deaf to signals."""
    configured = GatewaySettings.model_validate(
        {"listen": "127.0.0.1:0", "drain_s": 0.2, "database_url": database, **settings}
    )
    metrics = GatewayMetrics()
    async with AsyncExitStack() as stack:
        # The address of the pictures is known once their endpoint has its port.
        served = FolderStorage(folder, UrlSigner(_SECRET, "http://nowhere"))
        await stack.enter_async_context(served)
        port = await stack.enter_async_context(serve_http(media_app(served), "127.0.0.1", 0))
        storage = FolderStorage(folder, UrlSigner(_SECRET, f"http://127.0.0.1:{port}"))
        store = await stack.enter_async_context(open_store(database))
        signals = Signals(store.database)
        if listen:
            await stack.enter_async_context(signals.running())
        events = Events(store, database)
        await stack.enter_async_context(events.running())
        parts = Parts(
            store=store,
            storage=storage,
            signals=signals,
            events=events,
            metrics=metrics,
            catalogue=catalogue or Catalogue(KNOWN.values()),
            url_ttl=timedelta(hours=1),
            daily_budget_micros=daily_budget_micros,
        )
        services = await make_services(parts)
        endpoint = Endpoint(configured, services, token_verifier(configured), metrics)
        await stack.enter_async_context(endpoint)
        await endpoint.set_serving(True)
        house = House(store, storage, signals, events, metrics, configured, endpoint)
        try:
            yield house
        finally:
            await house.close()


def new_id() -> str:
    """Returns an id that nothing has."""
    return str(uuid4())


def ids(rows: Sequence[Any]) -> list[str]:
    """Returns the ids of listed images, characters or stories."""
    return [row.id for row in rows]
