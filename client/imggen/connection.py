"""Sends calls with the token and the deadline, and turns gRPC's errors into typed ones."""

import inspect
from collections.abc import AsyncGenerator, Awaitable, Callable
from functools import cached_property
from typing import TYPE_CHECKING, TypeVar

import grpc
import grpc.aio

from imggen.channel import open_channel
from imggen.errors import ImggenError
from imggen.rules.calls import VERSION_KEY
from imggen.status import error_of, says_away
from imggen.tracing import trace_metadata
from imggen.v1.admin_pb2_grpc import AdminServiceStub
from imggen.v1.batch_pb2_grpc import BatchServiceStub
from imggen.v1.budget_pb2_grpc import BudgetServiceStub
from imggen.v1.character_pb2_grpc import CharacterServiceStub
from imggen.v1.event_pb2_grpc import EventServiceStub
from imggen.v1.generation_pb2_grpc import GenerationServiceStub
from imggen.v1.image_pb2_grpc import ImageServiceStub
from imggen.v1.job_pb2_grpc import JobServiceStub
from imggen.v1.routing_pb2_grpc import RoutingServiceStub
from imggen.v1.story_pb2_grpc import StoryServiceStub
from imggen.v1.style_pb2_grpc import StyleServiceStub

if TYPE_CHECKING:
    from imggen.v1.admin_pb2_grpc import AdminServiceAsyncStub
    from imggen.v1.batch_pb2_grpc import BatchServiceAsyncStub
    from imggen.v1.budget_pb2_grpc import BudgetServiceAsyncStub
    from imggen.v1.character_pb2_grpc import CharacterServiceAsyncStub
    from imggen.v1.event_pb2_grpc import EventServiceAsyncStub
    from imggen.v1.generation_pb2_grpc import GenerationServiceAsyncStub
    from imggen.v1.image_pb2_grpc import ImageServiceAsyncStub
    from imggen.v1.job_pb2_grpc import JobServiceAsyncStub
    from imggen.v1.routing_pb2_grpc import RoutingServiceAsyncStub
    from imggen.v1.story_pb2_grpc import StoryServiceAsyncStub
    from imggen.v1.style_pb2_grpc import StyleServiceAsyncStub

Request = TypeVar("Request")
Answer = TypeVar("Answer")

TokenSource = str | Callable[[], str | Awaitable[str]]


class Connection:
    """One channel to one server, opened by the first call, since grpc.aio binds it to the loop."""

    def __init__(
        self, target: str, credentials: grpc.ChannelCredentials | None, token: TokenSource | None
    ) -> None:
        self.target = target
        # Whether the server, or a proxy for it, has ever answered: only then is reconnecting
        # worthwhile.
        self.reached = False
        self._credentials = credentials
        self._token = token

    @cached_property
    def _channel(self) -> grpc.aio.Channel:
        return open_channel(self.target, self._credentials)

    @cached_property
    def generation(self) -> "GenerationServiceAsyncStub":
        """The methods that request images."""
        return GenerationServiceStub(self._channel)

    @cached_property
    def jobs(self) -> "JobServiceAsyncStub":
        """The methods that watch and control jobs."""
        return JobServiceStub(self._channel)

    @cached_property
    def batches(self) -> "BatchServiceAsyncStub":
        """The methods that watch and control batches."""
        return BatchServiceStub(self._channel)

    @cached_property
    def images(self) -> "ImageServiceAsyncStub":
        """The methods that list, download and delete images."""
        return ImageServiceStub(self._channel)

    @cached_property
    def routing(self) -> "RoutingServiceAsyncStub":
        """The methods that tell which models draw, at what price, and why."""
        return RoutingServiceStub(self._channel)

    @cached_property
    def characters(self) -> "CharacterServiceAsyncStub":
        """The methods that manage characters."""
        return CharacterServiceStub(self._channel)

    @cached_property
    def events(self) -> "EventServiceAsyncStub":
        """The method that streams changes."""
        return EventServiceStub(self._channel)

    @cached_property
    def stories(self) -> "StoryServiceAsyncStub":
        """The methods that manage stories."""
        return StoryServiceStub(self._channel)

    @cached_property
    def budgets(self) -> "BudgetServiceAsyncStub":
        """The methods for budgets and spend."""
        return BudgetServiceStub(self._channel)

    @cached_property
    def admin(self) -> "AdminServiceAsyncStub":
        """The methods for operators."""
        return AdminServiceStub(self._channel)

    @cached_property
    def styles(self) -> "StyleServiceAsyncStub":
        """The method that lists styles."""
        return StyleServiceStub(self._channel)

    async def call(
        self,
        method: "grpc.aio.UnaryUnaryMultiCallable[Request, Answer]",
        request: Request,
        timeout: float | None,
    ) -> Answer:
        """Sends a request and returns the answer; raises the typed error."""
        try:
            answer = await method(request, timeout=timeout, metadata=await self._metadata())
        except grpc.aio.AioRpcError as raised:
            raise self._error(raised, request, timeout) from raised
        self.reached = True
        return answer

    async def stream(
        self,
        method: "grpc.aio.UnaryStreamMultiCallable[Request, Answer]",
        request: Request,
        timeout: float | None,
    ) -> AsyncGenerator[Answer, None]:
        """Sends a request and yields the answers; a caller that stops early cancels the call."""
        call = method(request, timeout=timeout, metadata=await self._metadata())
        try:
            async for answer in call:
                self.reached = True
                yield answer
        except grpc.aio.AioRpcError as raised:
            raise self._error(raised, request, timeout) from raised
        finally:
            call.cancel()

    async def server_version(self, timeout: float | None) -> str:
        """Returns the version that the server says it has, empty if none; needs no token."""
        check = self._channel.unary_unary(
            "/grpc.health.v1.Health/Check", request_serializer=bytes, response_deserializer=bytes
        )
        call = check(b"", timeout=timeout)
        try:
            await call
            said = dict(await call.trailing_metadata() or ())
        except grpc.aio.AioRpcError as raised:
            raise self._error(raised, b"", timeout) from raised
        return str(said.get(VERSION_KEY, ""))

    async def close(self) -> None:
        """Ends the calls in progress and closes the channel, if a call has opened it."""
        if "_channel" in self.__dict__:
            await self._channel.close()

    async def _metadata(self) -> tuple[tuple[str, str], ...]:
        trace = trace_metadata()
        if self._token is None:
            return trace
        token = self._token if isinstance(self._token, str) else self._token()
        if inspect.isawaitable(token):
            token = await token
        return (("authorization", f"Bearer {token}"), *trace)

    def _error(
        self, raised: grpc.aio.AioRpcError, request: object, timeout: float | None
    ) -> ImggenError:
        self.reached = self.reached or says_away(raised)
        method = type(request).__name__.removesuffix("Request")
        return error_of(raised, method=method, target=self.target, timeout=timeout)
