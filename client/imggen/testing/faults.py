"""The faults that a test can inject into calls, by an interceptor."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any, TypeAlias, cast

import grpc
import grpc.aio
from google.protobuf.message import Message

from imggen.errors import ImggenError, Unavailable
from imggen.rules.calls import method_unknown, read_bearer
from imggen.testing.health import SERVICE
from imggen.testing.rejections import abort, rejection
from imggen.v1.errors_pb2 import ErrorReason
from imggen.v1.image_pb2 import DownloadImageResponse

Context: TypeAlias = "grpc.aio.ServicerContext[Any, Any]"
Handler: TypeAlias = "grpc.RpcMethodHandler[Any, Any] | None"
# The handlers of grpc.aio; the type stubs know only the synchronous ones.
Unary: TypeAlias = Callable[[Message, Context], Awaitable[Message]]
Streaming: TypeAlias = Callable[[Message, Context], AsyncIterator[Message]]


@dataclass(frozen=True, slots=True)
class Received:
    """A request as the fake received it, with the name of its method."""

    method: str
    request: Message


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault of the next call of a method, or of any method if it is empty."""

    method: str = ""
    # Raised before the call does anything.
    error: ImggenError | None = None
    # Whether the connection breaks after the call has done its work; in a stream, after the first
    # message.
    lose_answer: bool = False
    # The status, without any details, that ends the call as a proxy does; the rest as above.
    broken: grpc.StatusCode | None = None
    # Whether the bytes of a download are changed, but not the checksum.
    spoil: bool = False


class Faults(grpc.aio.ServerInterceptor):
    """An interceptor that records calls, checks the token, adds latency and injects faults."""

    def __init__(self, *, token: str | None, latency: float) -> None:
        self.latency = latency
        self.received: list[Received] = []
        self._token = token
        self._faults: list[Fault] = []

    def add(self, fault: Fault) -> None:
        """Adds a fault for a later call."""
        self._faults.append(fault)

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable[Handler]],
        details: grpc.HandlerCallDetails,
    ) -> Handler:
        """Wraps a method's handler."""
        handler = await continuation(details)
        if handler is None:
            return self._unknown(details.method)
        if details.method.startswith(f"/{SERVICE}/"):
            return handler
        method = details.method.rsplit("/", 1)[-1]
        if handler.unary_stream is not None:
            return grpc.unary_stream_rpc_method_handler(
                cast(Any, self._streaming(method, cast(Streaming, handler.unary_stream))),
                handler.request_deserializer,
                handler.response_serializer,
            )
        return grpc.unary_unary_rpc_method_handler(
            cast(Any, self._unary(method, cast(Unary, handler.unary_unary))),
            handler.request_deserializer,
            handler.response_serializer,
        )

    def _unknown(self, method: str) -> Handler:
        async def refuse(_requests: object, context: Context) -> None:
            await abort(context, method_unknown(method))

        # A bidirectional handler can answer any method, since it does so before it reads.
        return grpc.stream_stream_rpc_method_handler(cast(Any, refuse))

    def _unary(self, method: str, answer: Unary) -> Unary:
        async def wrapped(request: Message, context: Context) -> Message:
            try:
                fault = await self._before(method, request, context)
                message = await answer(request, context)
                await _lose(fault, context)
            except ImggenError as error:
                await abort(context, error)
            return message

        return wrapped

    def _streaming(self, method: str, answers: Streaming) -> Streaming:
        async def wrapped(request: Message, context: Context) -> AsyncIterator[Message]:
            try:
                fault = await self._before(method, request, context)
                async for message in answers(request, context):
                    yield _spoilt(message) if fault.spoil else message
                    await _lose(fault, context)
            except ImggenError as error:
                await abort(context, error)

        return wrapped

    async def _before(self, method: str, request: Message, context: Context) -> Fault:
        """Records, delays and authenticates a call; returns the fault for the rest of it."""
        self.received.append(Received(method, request))
        await asyncio.sleep(self.latency)
        self._authenticate(context)
        fault = next((each for each in self._faults if each.method in ("", method)), None)
        if fault is None:
            return Fault()
        self._faults.remove(fault)
        if fault.error is not None:
            raise fault.error
        return fault

    def _authenticate(self, context: Context) -> None:
        if self._token is None:
            return
        if read_bearer(context.invocation_metadata() or ()) != self._token:
            raise rejection(
                ErrorReason.ERROR_REASON_TOKEN_INVALID, "the token is not that of the fake"
            )


async def _lose(fault: Fault, context: Context) -> None:
    if fault.broken is not None:
        await context.abort(fault.broken, "a proxy ended the stream, as the test requested")
    if fault.lose_answer:
        raise Unavailable("the connection broke, as the test requested")


def _spoilt(message: Message) -> Message:
    if isinstance(message, DownloadImageResponse):
        message.data = message.data[::-1]
    return message
