"""A real endpoint on a free port, with services that a test scripts."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import grpc
import grpc.aio
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo, RetryInfo
from google.rpc.status_pb2 import Status

from imggen.v1 import job_pb2, job_pb2_grpc, style_pb2, style_pb2_grpc
from server.app import token_verifier
from server.edge.endpoint import Endpoint, Service
from server.identity.caller import Role
from server.identity.tokens import mint_token
from server.metrics import GatewayMetrics
from server.settings import GatewaySettings

STYLES = "imggen.v1.StyleService"
JOBS = "imggen.v1.JobService"
LIST_STYLES = f"/{STYLES}/ListStyles"

Context = grpc.aio.ServicerContext[Any, Any]


class Styles(style_pb2_grpc.StyleServiceServicer):
    """A StyleService that awaits the test's function before it answers ListStyles."""

    def __init__(self, answer: Callable[[], Awaitable[None]]) -> None:
        self._answer = answer

    async def ListStyles(
        self, request: style_pb2.ListStylesRequest, context: Context
    ) -> style_pb2.ListStylesResponse:
        await self._answer()
        return style_pb2.ListStylesResponse()


class Jobs(job_pb2_grpc.JobServiceServicer):
    """A JobService that streams one snapshot, then waits; `left` is set once its stream ends.

    `told` is a text in that snapshot, which makes it as large as a test wants it.
    """

    def __init__(self) -> None:
        self.left = asyncio.Event()
        self.told = ""

    async def WatchJob(
        self, request: job_pb2.WatchJobRequest, context: Context
    ) -> AsyncIterator[job_pb2.WatchJobResponse]:
        try:
            job = job_pb2.Job(job_id=request.job_id, model=self.told)
            yield job_pb2.WatchJobResponse(job=job)
            await asyncio.Event().wait()
        finally:
            self.left.set()

    async def GetJob(self, request: object, context: Context) -> job_pb2.GetJobResponse:
        raise NotImplementedError

    async def ListJobs(self, request: object, context: Context) -> job_pb2.ListJobsResponse:
        raise NotImplementedError

    async def CancelJob(self, request: object, context: Context) -> job_pb2.CancelJobResponse:
        raise NotImplementedError

    async def RetryJob(self, request: object, context: Context) -> job_pb2.RetryJobResponse:
        raise NotImplementedError


async def at_once() -> None:
    """Answers without waiting."""


@dataclass
class RunningEndpoint:
    """A running endpoint, and what a test needs to call it."""

    endpoint: Endpoint
    metrics: GatewayMetrics
    jobs: Jobs
    settings: GatewaySettings
    channels: list[grpc.aio.Channel] = field(default_factory=list)

    def raw(self, method: str, octets: bytes = b"") -> grpc.aio.UnaryUnaryCall[bytes, bytes]:
        """Calls a method by its name with raw bytes."""
        call: grpc.aio.UnaryUnaryMultiCallable[bytes, bytes] = self.channel().unary_unary(method)
        return call(octets, metadata=self.bearer())

    def channel(self, **options: int) -> grpc.aio.Channel:
        """Opens a channel that is closed with the endpoint."""
        pairs = [(f"grpc.{name}", value) for name, value in options.items()]
        channel = grpc.aio.insecure_channel(self.endpoint.address, options=pairs)
        self.channels.append(channel)
        return channel

    def token(self, subject: str = "mia", roles: tuple[Role, ...] = (), ttl_s: float = 60) -> str:
        """Mints a token that the endpoint accepts."""
        settings = self.settings
        return mint_token(
            settings.jwt_secret.get_secret_value(),
            issuer=settings.jwt_issuer,
            audience=settings.jwt_audience,
            subject=subject,
            roles=roles,
            ttl_s=ttl_s,
        )

    def bearer(self, token: str | None = None) -> tuple[tuple[str, str], ...]:
        """Returns the metadata that carries a token."""
        return (("authorization", f"Bearer {token or self.token()}"),)

    async def list_styles(
        self,
        metadata: tuple[tuple[str, str], ...] | None = None,
        request: style_pb2.ListStylesRequest | None = None,
        timeout: float | None = 10,
    ) -> grpc.aio.UnaryUnaryCall[Any, Any]:
        """Calls ListStyles, waits for its end and returns the call."""
        stub = style_pb2_grpc.StyleServiceStub(self.channel())
        call = stub.ListStyles(
            request or style_pb2.ListStylesRequest(),
            metadata=self.bearer() if metadata is None else metadata,
            timeout=timeout,
        )
        await call.code()
        return call


@asynccontextmanager
async def running_endpoint(
    answer: Callable[[], Awaitable[None]] = at_once,
    **settings: Any,
) -> AsyncIterator[RunningEndpoint]:
    """Runs an endpoint with a StyleService and a JobService until the block ends."""
    configured = GatewaySettings.model_validate(
        {"listen": "127.0.0.1:0", "drain_s": 0.2} | settings
    )
    metrics = GatewayMetrics()
    jobs = Jobs()
    services = [
        Service(
            STYLES,
            lambda server: style_pb2_grpc.add_StyleServiceServicer_to_server(
                Styles(answer), server
            ),
        ),
        Service(JOBS, lambda server: job_pb2_grpc.add_JobServiceServicer_to_server(jobs, server)),
    ]
    async with Endpoint(configured, services, token_verifier(configured), metrics) as endpoint:
        await endpoint.set_serving(True)
        running = RunningEndpoint(endpoint, metrics, jobs, configured)
        try:
            yield running
        finally:
            for channel in running.channels:
                await channel.close()


@dataclass(frozen=True)
class Failure:
    """A failed call as a client reads it."""

    code: grpc.StatusCode
    message: str
    reason: str
    info: ErrorInfo
    fields: list[str]
    reasons: dict[str, str]
    retry_after_s: float | None

    @property
    def metadata(self) -> dict[str, str]:
        """The ids, states and limits that the error is about."""
        return dict(self.info.metadata)


async def failure(call: Any) -> Failure:
    """Reads a call's Status and its details."""
    trailing = dict(await call.trailing_metadata())
    status = Status.FromString(trailing["grpc-status-details-bin"])
    info, bad, retry = ErrorInfo(), BadRequest(), RetryInfo()
    found = [detail.Unpack(retry) for detail in status.details]
    for detail in status.details:
        detail.Unpack(info)
        detail.Unpack(bad)
    assert status.code == (await call.code()).value[0]
    assert status.message == await call.details()
    return Failure(
        await call.code(),
        status.message,
        info.reason,
        info,
        [violation.field for violation in bad.field_violations],
        {violation.field: violation.reason for violation in bad.field_violations},
        retry.retry_delay.ToTimedelta().total_seconds() if any(found) else None,
    )
