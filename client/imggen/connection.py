"""Sends calls with the token and the deadline, and turns gRPC's errors into typed ones."""

import asyncio
import os
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING, TypeVar

from imggen import forks
from imggen.channel import open_channel
from imggen.errors import ClientUnusable, ImggenError
from imggen.keeping import kept
from imggen.loading import grpc
from imggen.looping import CLOSED
from imggen.proxying import Proxy
from imggen.status import VERSION_KEY, error_of, says_away, unanswered
from imggen.tokens import Token
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

# A deadline that no caller waits for, within what gRPC's clock can hold.
_LONGEST_S = 10.0 * 365 * 86_400
# gRPC ends a call at its deadline itself, and says more; this is for when it does not.
_GRACE_S = 5.0


class Connection:
    """One channel to one server, opened by the first call, since grpc.aio binds it to the loop.

    It belongs to one process and one event loop; `credentials` makes those of the channel.
    """

    def __init__(
        self,
        target: str,
        credentials: Callable[[], grpc.ChannelCredentials | None],
        token: Token | None,
        proxy: Proxy | None,
    ) -> None:
        self.target = target
        # Whether the server, or a proxy for it, has ever answered: only then is reconnecting
        # worthwhile.
        self.reached = False
        self._credentials = credentials
        self._token = token
        self._proxy = proxy
        self._closed = False
        self._calls = 0
        self._loop: asyncio.AbstractEventLoop | None = None
        self._process = 0

    @kept
    def _channel(self) -> grpc.aio.Channel:
        self._check_usable()
        self._loop, self._process = asyncio.get_running_loop(), os.getpid()
        return forks.opened(lambda: open_channel(self.target, self._credentials(), self._proxy))

    @kept
    def generation(self) -> "GenerationServiceAsyncStub":
        """The methods that request images."""
        return GenerationServiceStub(self._channel)

    @kept
    def jobs(self) -> "JobServiceAsyncStub":
        """The methods that watch and control jobs."""
        return JobServiceStub(self._channel)

    @kept
    def batches(self) -> "BatchServiceAsyncStub":
        """The methods that watch and control batches."""
        return BatchServiceStub(self._channel)

    @kept
    def images(self) -> "ImageServiceAsyncStub":
        """The methods that list, download and delete images."""
        return ImageServiceStub(self._channel)

    @kept
    def routing(self) -> "RoutingServiceAsyncStub":
        """The methods that tell which models draw, at what price, and why."""
        return RoutingServiceStub(self._channel)

    @kept
    def characters(self) -> "CharacterServiceAsyncStub":
        """The methods that manage characters."""
        return CharacterServiceStub(self._channel)

    @kept
    def events(self) -> "EventServiceAsyncStub":
        """The method that streams changes."""
        return EventServiceStub(self._channel)

    @kept
    def stories(self) -> "StoryServiceAsyncStub":
        """The methods that manage stories."""
        return StoryServiceStub(self._channel)

    @kept
    def budgets(self) -> "BudgetServiceAsyncStub":
        """The methods for budgets and spend."""
        return BudgetServiceStub(self._channel)

    @kept
    def admin(self) -> "AdminServiceAsyncStub":
        """The methods for operators."""
        return AdminServiceStub(self._channel)

    @kept
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
        left = _Left(timeout)
        async with self._typed(request, left):
            metadata = await self._metadata(left)
            limit = self._limit(request, left)
            answer = await method(request, timeout=limit, metadata=metadata)
        self.reached = True
        return self._readable(answer, request)

    async def stream(
        self,
        method: "grpc.aio.UnaryStreamMultiCallable[Request, Answer]",
        request: Request,
        timeout: float | None,
    ) -> AsyncGenerator[Answer, None]:
        """Sends a request and yields the answers; a caller that stops early cancels the call."""
        left = _Left(timeout)
        with self.in_use():
            async with self._typed(request, left):
                metadata = await self._metadata(left)
                limit = self._limit(request, left)
                call = method(request, timeout=limit, metadata=metadata)
            answers = aiter(call)
            try:
                while True:
                    # Only the waiting has a limit: what the caller does with an answer has none.
                    async with self._typed(request, left):
                        answer = await anext(answers, _END)
                    if isinstance(answer, _End):
                        return
                    self.reached = True
                    yield self._readable(answer, request)
            finally:
                call.cancel()

    async def server_version(self, timeout: float | None) -> str:
        """Returns the version that the server says it has, empty if none; needs no token."""
        left = _Left(timeout)
        with self.in_use():
            async with self._typed(_HEALTH_CHECK, left):
                check = self._channel.unary_unary(
                    "/grpc.health.v1.Health/Check",
                    request_serializer=bytes,
                    response_deserializer=bytes,
                )
                call = check(b"", timeout=self._limit(_HEALTH_CHECK, left))
                await call
                said = dict(await call.trailing_metadata() or ())
        self.reached = True
        return str(said.get(VERSION_KEY, ""))

    async def close(self) -> None:
        """Ends the calls in progress and closes the channel, if a call has opened it."""
        self._closed = True
        channel, loop = self._let_go(), self._loop
        if channel is None:
            return
        if self._process != os.getpid():
            forks.abandon(channel)
            return
        if loop is asyncio.get_running_loop():
            await channel.close()
        elif loop is not None and loop.is_running():
            closing = asyncio.run_coroutine_threadsafe(_closed(channel), loop)
            await asyncio.wrap_future(closing)
        forks.closed(channel)

    async def rest(self) -> None:
        """Closes the channel until the next call, unless a call is under way."""
        if self._calls or self._loop is not asyncio.get_running_loop():
            return
        channel = self._let_go()
        if channel is not None:
            await channel.close()
            forks.closed(channel)

    def _let_go(self) -> grpc.aio.Channel | None:
        """Returns the channel, and forgets it and its stubs: a stub of a closed one crashes."""
        channel = self._opened()
        for name, member in vars(Connection).items():
            if isinstance(member, kept):
                self.__dict__.pop(name, None)
        return channel

    def _opened(self) -> grpc.aio.Channel | None:
        channel: grpc.aio.Channel | None = self.__dict__.get("_channel")
        return channel

    def _check_usable(self) -> None:
        if self._closed:
            raise ClientUnusable(CLOSED)
        if self._opened() is None:
            forks.check()
        elif self._process != os.getpid():
            raise ClientUnusable(forks.INHERITED)
        elif self._loop is not asyncio.get_running_loop():
            raise ClientUnusable(
                "this client belongs to another event loop; make one in each loop, or a SyncClient"
            )

    @contextmanager
    def in_use(self) -> Iterator[None]:
        """Keeps the channel open."""
        self._calls += 1
        try:
            yield
        finally:
            self._calls -= 1

    @asynccontextmanager
    async def _typed(self, request: object, left: "_Left") -> AsyncIterator[None]:
        """Raises what happens in it as an ImggenError, at the latest soon after the deadline."""
        self._check_usable()
        try:
            async with asyncio.timeout(left.at_most()):
                yield
        except grpc.aio.AioRpcError as raised:
            raise self._error(raised, request, left.timeout) from raised
        except ImggenError:
            raise
        except TimeoutError as late:
            raise unanswered(_name(request), self._where, left.timeout) from late
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if self._closed and task is not None and not task.cancelling():
                raise ClientUnusable(f"the client was closed during {_name(request)}") from None
            raise
        except Exception as raised:
            if self._closed:
                raise ClientUnusable(CLOSED) from raised
            raise ImggenError(
                f"{_name(request)} was not sent: {type(raised).__name__}: {raised}"
            ) from raised

    def _limit(self, request: object, left: "_Left") -> float | None:
        """Returns the time that gRPC has; with none at all, it might still answer (1.85)."""
        seconds = left.seconds()
        if seconds is not None and seconds <= 0:
            raise unanswered(_name(request), self._where, left.timeout)
        return seconds

    def _readable(self, answer: Answer | None, request: object) -> Answer:
        """Returns the answer; gRPC logs that one cannot be read, and passes on None (1.85)."""
        if answer is None:
            raise ImggenError(f"the answer to {_name(request)} from {self._where} cannot be read")
        return answer

    async def _metadata(self, left: "_Left") -> tuple[tuple[str, str], ...]:
        trace = trace_metadata()
        if self._token is None:
            return trace
        async with asyncio.timeout(left.seconds()):
            bearer = await self._token.bearer()
        return (("authorization", bearer), *trace)

    @property
    def _where(self) -> str:
        """The server in the words of an error."""
        return self.target if self._proxy is None else f"{self.target} through {self._proxy}"

    def _error(
        self, raised: grpc.aio.AioRpcError, request: object, timeout: float | None
    ) -> ImggenError:
        self.reached = self.reached or says_away(raised)
        return error_of(raised, method=_name(request), target=self._where, timeout=timeout)


async def _closed(channel: grpc.aio.Channel) -> None:
    await channel.close()


class _End:
    """The end of a stream."""


_END = _End()


class HealthCheckRequest:
    """A request of gRPC's own service, of which the client has no messages."""


_HEALTH_CHECK = HealthCheckRequest()


def _name(request: object) -> str:
    return type(request).__name__.removesuffix("Request")


class _Left:
    """What is left of the time for a call; without a timeout, no end."""

    def __init__(self, timeout: float | None) -> None:
        self.timeout = timeout
        self._began = time.monotonic()

    def seconds(self) -> float | None:
        """Returns the time for gRPC."""
        if self.timeout is None:
            return None
        return min(self.timeout - (time.monotonic() - self._began), _LONGEST_S)

    def at_most(self) -> float | None:
        """Returns the time after which gRPC itself should have said that it is over."""
        left = self.seconds()
        return None if left is None else max(left, 0.0) + _GRACE_S
