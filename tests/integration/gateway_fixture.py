"""The whole gateway on free ports, its callers, and a worker whose steps the test makes."""

import hashlib
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import grpc.aio
from pydantic import SecretStr

from cluster.embedded.processes import free_port
from imggen.v1 import (
    batch_pb2_grpc,
    character_pb2_grpc,
    event_pb2_grpc,
    generation_pb2_grpc,
    image_pb2_grpc,
    job_pb2,
    job_pb2_grpc,
    story_pb2_grpc,
    style_pb2_grpc,
)
from server.app import Gateway, open_gateway
from server.domain.finishing import StepDone
from server.domain.ids import JobId
from server.domain.images import NewAsset
from server.domain.jobs import Claim, Failure, Outcome, Progress
from server.domain.references import UsedReference
from server.domain.states import AssetKind, Lane, Stage
from server.domain.timings import StepTime
from server.edge.endpoint import Endpoint
from server.identity.caller import Role, user_id_of
from server.identity.tokens import mint_token
from server.metrics import GatewayMetrics
from server.routing.catalogue import SDXL, STORYBOOK, Catalogue
from server.settings import GatewaySettings
from server.storage import StorageSettings
from server.storage.folder import FolderStorage
from server.storage.keys import object_key
from server.store import Store
from server.store.signals import CHANGED, Signals
from server.watching import Watching
from tests.integration.callers import Caller
from tests.integration.text_gate import text_gate

LEASE = timedelta(seconds=60)
_SECRET = "a-secret-of-the-tests-with-enough-bytes"


@dataclass
class GatewayFixture:
    """A running gateway and its parts."""

    served: Gateway
    settings: GatewaySettings
    _channels: list[grpc.aio.Channel] = field(default_factory=list)

    @property
    def store(self) -> Store:
        """The gateway's store."""
        return self.served.parts.store

    @property
    def storage(self) -> FolderStorage:
        """The gateway's storage."""
        storage = self.served.parts.storage
        assert isinstance(storage, FolderStorage)
        return storage

    @property
    def signals(self) -> Signals:
        """The gateway's signals."""
        return self.served.parts.signals

    @property
    def watching(self) -> Watching:
        """The gateway's watch loops."""
        return self.served.parts.watching

    @property
    def metrics(self) -> GatewayMetrics:
        """The gateway's metrics."""
        return self.served.parts.metrics

    @property
    def endpoint(self) -> Endpoint:
        """The gateway's gRPC endpoint."""
        return self.served.endpoint

    def caller(self, subject: str = "mia", *roles: Role, channel: Any = None) -> Caller:
        """Returns a caller with a token of this subject and these roles."""
        settings = self.settings
        token = mint_token(
            settings.jwt_secret.get_secret_value(),
            issuer=settings.jwt_issuer,
            audience=settings.jwt_audience,
            subject=subject,
            roles=roles,
        )
        channel = channel or self.channel()
        return Caller(
            user_id_of(settings.jwt_issuer, subject),
            (("authorization", f"Bearer {token}"),),
            generation_pb2_grpc.GenerationServiceStub(channel),
            job_pb2_grpc.JobServiceStub(channel),
            image_pb2_grpc.ImageServiceStub(channel),
            character_pb2_grpc.CharacterServiceStub(channel),
            story_pb2_grpc.StoryServiceStub(channel),
            style_pb2_grpc.StyleServiceStub(channel),
            batch_pb2_grpc.BatchServiceStub(channel),
            event_pb2_grpc.EventServiceStub(channel),
        )

    def channel(self, **options: int) -> grpc.aio.Channel:
        """Opens a channel that the fixture closes."""
        pairs = [(f"grpc.{name}", value) for name, value in options.items()]
        channel = grpc.aio.insecure_channel(self.address, options=pairs)
        self._channels.append(channel)
        return channel

    @property
    def address(self) -> str:
        """The gRPC address, `host:port`."""
        return self.endpoint.address

    def open_calls(self) -> int:
        """Returns the number of calls being served."""
        return len(self.endpoint.calls)

    async def close(self) -> None:
        """Closes the channels."""
        for channel in self._channels:
            await channel.close()

    async def claim(self) -> Claim:
        """Claims the next job, as a worker does, and signals it."""
        [claim] = await self.store.leases.claim("worker", Lane.LOCAL, 1, LEASE)
        self.signals.say(CHANGED, str(claim.job_id))
        return claim

    async def report(
        self, claim: Claim, sequence: int, fraction: float, preview: bytes | None = None
    ) -> None:
        """Reports a step of rendering, and signals it."""
        progress = Progress(sequence, Stage.RENDERING, sequence, 20, fraction)
        assert await self.store.leases.report(claim, progress, preview)
        self.signals.say(CHANGED, str(claim.job_id))

    async def complete(
        self,
        claim: Claim,
        cost_micros: int = 0,
        references: Sequence[UsedReference] = (),
        checked_by: str = "",
        steps: Sequence[StepDone] = (),
        times: Sequence[StepTime] = (),
    ) -> dict[AssetKind, bytes]:
        """Stores all assets, completes the job and signals it; returns the bytes."""
        made = await self.store_assets(claim)
        outcome = Outcome(
            "a compiled prompt",
            "blurry",
            tuple(asset for asset, _ in made),
            {Stage.RENDERING: 900, Stage.STORING: 20},
            cost_micros,
            references=tuple(references),
            checked_by=checked_by,
            post_processing=tuple(steps),
            step_times=tuple(times),
            quality=None if claim.upscale else 5.0,
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
        """Fails a job, by default permanently, and signals it."""
        failure = Failure("RENDER_FAILED", "the model failed")
        await self.store.leases.fail(claim, failure, retryable=retryable, backoff=timedelta(0))
        self.signals.say(CHANGED, str(claim.job_id))

    async def draw(self, job: job_pb2.Job, references: Sequence[UsedReference] = ()) -> job_pb2.Job:
        """Completes the oldest waiting job, which must be this one, and returns it."""
        claim = await self.claim()
        assert str(claim.job_id) == job.job_id
        await self.complete(claim, references=references)
        return job

    async def spec(self, job: job_pb2.Job) -> dict[str, Any]:
        """Returns a job's stored spec and priority, and the placement of its image."""
        row = await self.store.database.fetchrow(
            "SELECT j.spec, j.priority, i.story_id, i.page_number, i.character_id, i.character_ids,"
            " i.parent_image_id FROM image_generation_jobs j"
            " JOIN images i ON i.id = coalesce(j.image_id, j.upscales_image_id)"
            " WHERE j.id = $1",
            JobId(job.job_id),  # type: ignore[arg-type]
        )
        assert row is not None
        return dict(row)

    async def count(self, table: str) -> int:
        """Returns the number of rows of a table."""
        row = await self.store.database.fetchrow(f"SELECT count(*) AS n FROM {table}")
        assert row is not None
        return int(row["n"])


class LostSignals(Signals):
    """Signals that are lost."""

    def say(self, channel: str, message: str) -> None:
        """Drops the message."""


@asynccontextmanager
async def open_gateway_fixture(
    database: str,
    folder: Path,
    *,
    catalogue: Catalogue | None = None,
    listen: bool = True,
    address: str = "127.0.0.1:0",
    **settings: Any,
) -> AsyncIterator[GatewayFixture]:
    """Opens the production gateway on free ports; with `listen=False` it sends no signals.

    gRPC listens on `address`. The gateway offers every local model, has no budget and no queue
    limit, and does not sweep.
    """
    configured = GatewaySettings.model_validate(
        {
            "listen": address,
            "http_port": free_port(),
            "metrics_port": 0,
            "drain_s": 0.2,
            "database_url": database,
            "daily_budget_usd": 0,
            "max_waiting_jobs": 0,
            "max_waiting_jobs_per_user": 0,
            "sweep_interval_s": 0,
            **settings,
        }
    )
    pixels = StorageSettings(
        storage_url=folder.absolute().as_uri(),
        url_secret=SecretStr(_SECRET),
        public_url=f"http://127.0.0.1:{configured.http_port}",
    )
    async with open_gateway(
        configured,
        pixels,
        catalogue=catalogue or Catalogue([STORYBOOK, SDXL]),
        make_signals=Signals if listen else LostSignals,
        gate=text_gate(),
    ) as served:
        gateway = GatewayFixture(served, configured)
        # As if a worker were there: the test is the worker.
        await gateway.store.workers.ready("worker", dict.fromkeys(Lane, 1), timedelta(hours=1))
        try:
            yield gateway
        finally:
            await gateway.close()


def new_id() -> str:
    """Returns an unused id."""
    return str(uuid4())


def ids(rows: Sequence[Any]) -> list[str]:
    """Returns the ids of listed images, characters or stories."""
    return [row.id for row in rows]
