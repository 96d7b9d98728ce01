"""The interceptor of every call: its caller, deadline, log line, metrics and Status."""

import asyncio
import inspect
import logging
import random
import secrets
from collections.abc import Awaitable, Callable, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any, Never, NoReturn, TypeAlias

import grpc
import grpc.aio
from google.protobuf.message import DecodeError

from imggen.rules.calls import check_metadata, method_unknown, read_bearer
from imggen.rules.refusals import refusal
from imggen.status import DETAILS_KEY, VERSION_KEY
from imggen.v1 import errors_pb2 as reasons
from server.edge import reflection
from server.edge.calls import Call, OpenCalls, shutting_down
from server.edge.status import explain
from server.edge.writes import Writes
from server.errors import (
    ImggenError,
    InvalidRequest,
    ResourceExhausted,
    Violation,
)
from server.identity.caller import Context, serve_as
from server.identity.tokens import TokenVerifier
from server.metrics import GatewayMetrics
from server.store.causes import Again
from server.traces import NO_SPAN, NO_TRACES, Kind, Span, Traces
from server.traces.spans import enter

Handler: TypeAlias = "grpc.RpcMethodHandler[Any, Any]"

REQUEST_ID_KEY = "x-request-id"
TRACE_KEY = "traceparent"

OPEN_SERVICES = frozenset({"grpc.health.v1.Health", *reflection.NAMES})
"""The services that need no token, and that answer while the gateway drains."""

# By OpenTelemetry's conventions: what is the caller's fault is no error of a server.
_FAULTS = frozenset(
    {
        grpc.StatusCode.UNKNOWN,
        grpc.StatusCode.DEADLINE_EXCEEDED,
        grpc.StatusCode.UNIMPLEMENTED,
        grpc.StatusCode.INTERNAL,
        grpc.StatusCode.UNAVAILABLE,
        grpc.StatusCode.DATA_LOSS,
    }
)

_VERSION = (VERSION_KEY, version("imggen"))
"""The version of the contract and of all that is released with it, for `imggen version`."""

_MET_PAUSES_S = (0.02, 0.05, 0.1)
_log = logging.getLogger("imggen.calls")


@dataclass(frozen=True, slots=True)
class CallLimits:
    """Limits of a call: the deadline where the caller set none, and the sizes of what it sends."""

    default_deadline_s: float
    max_request_bytes: int
    max_metadata_bytes: int


@dataclass(frozen=True, slots=True)
class _Unreadable:
    """Passed to the handler in place of a request that could not be read."""

    error: ImggenError


def _nothing(_peer: str) -> None:
    """Hears of a peer in vain."""


class CallInterceptor(grpc.aio.ServerInterceptor):
    """Wraps every method once, when it is first called; the wrapper then serves all its calls.

    It is one interceptor and not a chain, since gRPC walks a chain again for each call, and
    it is the only place where an exception becomes a Status.
    """

    def __init__(
        self,
        verifier: TokenVerifier,
        metrics: GatewayMetrics,
        calls: OpenCalls,
        limits: CallLimits,
        traces: Traces = NO_TRACES,
        heard: Callable[[str], None] = _nothing,
    ) -> None:
        """Takes what hears of the peer of each call."""
        self._traces = traces
        self._heard = heard
        self._verifier = verifier
        self._metrics = metrics
        self._calls = calls
        self._limits = limits
        self._wrapped: dict[str, Handler] = {}

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable["Handler | None"]],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> Handler:
        """Returns the handler of the method, wrapped."""
        method = handler_call_details.method
        wrapped = self._wrapped.get(method)
        if wrapped is not None:
            return wrapped
        handler = await continuation(handler_call_details)
        if handler is None:
            return self._unknown(method)
        wrapped = self._wrapped[method] = self._wrap(method, handler)
        return wrapped

    def _wrap(self, method: str, handler: Handler) -> Handler:
        read = _bounded(handler.request_deserializer, self._limits.max_request_bytes)
        write = handler.response_serializer
        needs_token = method.split("/")[1] not in OPEN_SERVICES
        if handler.unary_unary is not None:
            one = self._with_one_answer(method, handler.unary_unary, needs_token)
            return grpc.unary_unary_rpc_method_handler(one, read, write)
        if handler.unary_stream is not None:
            many = self._with_answers(method, handler.unary_stream, needs_token)
            return grpc.unary_stream_rpc_method_handler(many, read, write)
        if handler.stream_stream is not None:
            many = self._with_answers(method, handler.stream_stream, needs_token)
            return grpc.stream_stream_rpc_method_handler(many, handler.request_deserializer, write)
        raise TypeError(f"{method}: the contract has no methods that only stream requests")

    def _unknown(self, method: str) -> Handler:
        async def refuse(_requests: object, _context: Context) -> Never:
            raise method_unknown(method)

        # A bidirectional handler can answer any method, since it does so before it reads.
        return grpc.stream_stream_rpc_method_handler(
            self._with_answers("unknown", refuse, needs_token=False)
        )

    def _with_one_answer(
        self, method: str, behaviour: Callable[..., Any], needs_token: bool
    ) -> Callable[..., Any]:
        async def answer(request: object, context: Context) -> object:
            call = self._begin(method, context, streaming=False, traced=needs_token)
            try:
                await self._admit(call, request, context, needs_token)
                # Typed as float, but None for a call without a deadline.
                if context.time_remaining() is not None:
                    response: object = await _repeated(behaviour, request, context)
                else:
                    async with asyncio.timeout(self._limits.default_deadline_s):
                        response = await _repeated(behaviour, request, context)
            except BaseException as error:
                await self._fail(call, context, error)
            self._end(call)
            return response

        return answer

    def _with_answers(
        self, method: str, behaviour: Callable[..., Any], needs_token: bool
    ) -> Callable[..., Any]:
        # It writes instead of yielding, so that a drain's cancel always arrives here.
        async def answer(request: object, context: Context) -> None:
            call = self._begin(method, context, streaming=True, traced=needs_token)
            writes = Writes(context)
            try:
                await self._admit(call, request, context, needs_token)
                answers = behaviour(request, context)
                if inspect.isawaitable(answers):
                    await answers
                else:
                    async with aclosing(answers):
                        async for message in answers:
                            await writes.write(message)
            except BaseException as error:
                await writes.settle()
                await self._fail(call, context, error)
            self._end(call)

        return answer

    def _begin(self, method: str, context: Context, *, streaming: bool, traced: bool) -> Call:
        task = asyncio.current_task()
        assert task is not None
        # Each reading of the metadata decodes it again.
        pairs = context.invocation_metadata() or ()
        metadata = dict(pairs)
        request_id = _request_id(metadata)
        context.set_trailing_metadata(((REQUEST_ID_KEY, request_id), _VERSION))
        call = Call(method, request_id, pairs, task, task.get_loop().time(), streaming)
        if traced:
            call.span = self._span(method, metadata)
            enter(call.span)
        self._calls.add(call)
        self._heard(context.peer())
        return call

    def _span(self, method: str, metadata: Mapping[str, str | bytes]) -> Span:
        name = method.removeprefix("/")
        service, _, rpc = name.partition("/")
        about = {"rpc.system": "grpc", "rpc.service": service, "rpc.method": rpc}
        parent = metadata.get(TRACE_KEY, "")
        return self._traces.begin(
            name, Kind.SERVER, parent if isinstance(parent, str) else "", about
        )

    async def _admit(
        self, call: Call, request: object, context: Context, needs_token: bool
    ) -> None:
        check_metadata(call.metadata, self._limits.max_metadata_bytes)
        if needs_token:
            if self._calls.draining:
                raise shutting_down()
            caller = await self._verifier.verify(read_bearer(call.metadata))
            call.user_id = caller.user_id
            serve_as(caller)
        if type(request) is _Unreadable:
            raise request.error

    async def _fail(self, call: Call, context: Context, error: BaseException) -> NoReturn:
        self._calls.remove(call)
        match error:
            case grpc.aio.AbortError():
                call.code = context.code()
            case asyncio.CancelledError() if call.ended_by_drain:
                call.task.uncancel()
                await self._refuse(call, context, shutting_down())
            case asyncio.CancelledError():
                late = context.time_remaining() == 0
                call.code = grpc.StatusCode.DEADLINE_EXCEEDED if late else grpc.StatusCode.CANCELLED
            case Exception():
                await self._refuse(call, context, error)
        self._end(call)
        raise error

    async def _refuse(self, call: Call, context: Context, error: Exception) -> Never:
        explained = explain(error, call.request_id)
        answer = refusal(explained)
        call.code, call.reason = answer.code, answer.reason
        if explained.code is grpc.StatusCode.INTERNAL:
            _log.error("call failed", extra=_fields(call), exc_info=error)
        # Logged and counted first, so that a caller that has the answer can find it.
        self._end(call)
        trailing = ((REQUEST_ID_KEY, call.request_id), _VERSION, (DETAILS_KEY, answer.details))
        await context.abort(answer.code, answer.message, trailing)

    def _end(self, call: Call) -> None:
        self._calls.remove(call)
        seconds = call.task.get_loop().time() - call.started
        self._metrics.count_call(call.method, call.code)
        if call.reason:
            self._metrics.count_refusal(call.reason)
        if not call.streaming:
            self._metrics.time_call(call.method, seconds)
        if _log.isEnabledFor(logging.INFO):
            fields = _fields(call)
            fields["ms"] = round(seconds * 1000, 2)
            _log.info("call", extra=fields)
        if call.span is not NO_SPAN:
            _end_span(call)


async def _repeated(
    behaviour: Callable[..., Awaitable[object]], request: object, context: Context
) -> object:
    """Returns the answer; a call whose transaction met another one is made again, a few times."""
    for pause_s in _MET_PAUSES_S:
        try:
            return await behaviour(request, context)
        except Again as met:
            # A single statement was repeated, and what the call did before it may stand.
            if not met.whole:
                raise
            await asyncio.sleep(random.uniform(0, pause_s))
    return await behaviour(request, context)


def _end_span(call: Call) -> None:
    code: int = call.code.value[0]
    call.span.set({"rpc.grpc.status_code": code})
    if call.reason:
        call.span.set({"imggen.reason": call.reason})
    if call.code in _FAULTS:
        call.span.fail(call.code.name)
    call.span.end()


def _fields(call: Call) -> dict[str, object]:
    return {
        "method": call.method,
        "code": call.code.name,
        "reason": call.reason,
        "user_id": call.user_id and str(call.user_id),
        "request_id": call.request_id,
    }


def _request_id(metadata: Mapping[str, str | bytes]) -> str:
    given = metadata.get(REQUEST_ID_KEY)
    if isinstance(given, str) and 0 < len(given) <= 128 and given.isascii() and given.isprintable():
        return given
    return secrets.token_hex(16)


def _bounded(deserialize: Callable[[bytes], Any] | None, most: int) -> Callable[[bytes], Any]:
    """Returns a reader that never fails, so that a bad request gets a Status with a reason."""

    def read(octets: bytes) -> object:
        if len(octets) > most:
            return _Unreadable(
                ResourceExhausted(
                    f"the request is too large; send {most} bytes at most",
                    reasons.ERROR_REASON_MESSAGE_TOO_LARGE,
                    metadata={"bytes": str(len(octets)), "limit": str(most)},
                )
            )
        try:
            return deserialize(octets) if deserialize else octets
        except DecodeError:
            return _Unreadable(_not_a_message())

    return read


def _not_a_message() -> InvalidRequest:
    return InvalidRequest.of(
        [
            Violation(
                "",
                "the bytes are not the method's request message; use the stubs of imggen.v1",
                reasons.ERROR_REASON_REQUEST_UNREADABLE,
            )
        ]
    )
