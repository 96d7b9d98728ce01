"""Turns gRPC's errors into the typed errors of `imggen.errors`."""

import re
from collections.abc import Mapping
from datetime import timedelta

from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.message import DecodeError, Message
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo, RetryInfo
from google.rpc.status_pb2 import Status

from imggen import errors
from imggen.errors import ImggenError, Violation, reason_of
from imggen.loading import grpc
from imggen.targets import spoken
from imggen.v1.errors_pb2 import ErrorReason

DETAILS_KEY = "grpc-status-details-bin"
DOMAIN = "imggen.dev"
# The second is of the same page, where its end is read before its headers.
_AWAY = re.compile(
    r"http2 header with status: 50[234]\b|Data frame with END_STREAM flag received|RST_STREAM"
)
# What gRPC makes of a stream that was reset; it repeats UNAVAILABLE itself.
_CUT = (errors.Internal, errors.Cancelled)

VERSION_KEY = "x-imggen-version"
"""The trailing metadata in which a server says its version."""

_KINDS: Mapping[grpc.StatusCode, type[ImggenError]] = {
    kind.code: kind
    for kind in (
        errors.InvalidRequest,
        errors.NotFound,
        errors.AlreadyExists,
        errors.FailedPrecondition,
        errors.Aborted,
        errors.Unauthenticated,
        errors.PermissionDenied,
        errors.ResourceExhausted,
        errors.Unavailable,
        errors.DeadlineExceeded,
        errors.Cancelled,
        errors.Unimplemented,
        errors.DataLoss,
        errors.Internal,
    )
}


def error_of(
    raised: grpc.aio.AioRpcError, *, method: str, target: str, timeout: float | None
) -> ImggenError:
    """Returns the typed error, from the server's details or, without them, from the code."""
    status = _details(raised)
    if status is not None:
        return _from_details(raised.code(), status)
    error = _without_details(raised, method, target, timeout)
    error.foreign = True
    return error


def says_away(raised: grpc.aio.AioRpcError) -> bool:
    """Returns whether a proxy has answered that the service behind it is away for now.

    It does so in HTTP, without a status of gRPC, which gRPC tells in its own words (1.85).
    """
    return bool(_AWAY.search(raised.details() or ""))


def was_cut(error: ImggenError) -> bool:
    """Returns whether a call was ended on its way to imggen, so that it may go well next time."""
    return error.foreign and isinstance(error, _CUT)


def unanswered(method: str, target: str, timeout: float | None) -> errors.DeadlineExceeded:
    """Returns the error of a call without an answer in time."""
    return errors.DeadlineExceeded(
        f"{method} had no answer from {spoken(target)} within {timeout:g} s; check the address, or"
        " raise Client(timeout=...)"
        if timeout is not None
        else f"{method} had no answer from {spoken(target)} in time",
        reason=ErrorReason.ERROR_REASON_DEADLINE_EXCEEDED,
    )


def _without_details(
    raised: grpc.aio.AioRpcError, method: str, target: str, timeout: float | None
) -> ImggenError:
    text = raised.details() or ""
    kind = _KINDS.get(raised.code(), errors.Internal)
    match raised.code():
        case grpc.StatusCode.DEADLINE_EXCEEDED:
            return unanswered(method, target, timeout)
        case grpc.StatusCode.UNAVAILABLE:
            return kind(
                f"cannot reach {spoken(target)} ({text}); check that the server runs there, the "
                "address, and that both sides speak TLS or neither does"
            )
        case grpc.StatusCode.RESOURCE_EXHAUSTED if "larger than max" in text:
            return kind(
                f"the message of {method} is too large: {text}",
                reason=ErrorReason.ERROR_REASON_MESSAGE_TOO_LARGE,
            )
        case grpc.StatusCode.CANCELLED:
            return kind(
                f"{method} was cancelled: {text}", reason=ErrorReason.ERROR_REASON_CALL_CANCELLED
            )
        case grpc.StatusCode.UNIMPLEMENTED:
            return kind(
                f"{target} does not know {method}; it may be older than this client, or not imggen",
                reason=ErrorReason.ERROR_REASON_METHOD_UNKNOWN,
            )
        case code:
            return kind(
                f"{method} was ended between here and imggen at {target}: {text or code.name}"
            )


def _details(raised: grpc.aio.AioRpcError) -> Status | None:
    for key, value in raised.trailing_metadata() or ():
        if key == DETAILS_KEY and isinstance(value, bytes):
            try:
                return Status.FromString(value)
            except DecodeError:  # set by a proxy; the code alone still classifies the error
                return None
    return None


def _from_details(code: grpc.StatusCode, status: Status) -> ImggenError:
    information, bad_request, retry = ErrorInfo(), BadRequest(), RetryInfo()
    for detail in status.details:
        for message in (information, bad_request, retry):
            _unpack(detail, message)
    error = _KINDS.get(code, errors.Internal)(
        status.message,
        reason=reason_of(information.reason if information.domain == DOMAIN else ""),
        violations=tuple(
            Violation(bad.field, bad.description, reason_of(bad.reason))
            for bad in bad_request.field_violations
        ),
        retry_after=_delay_of(retry),
        metadata=information.metadata,
    )
    error.foreign = information.domain != DOMAIN
    return error


def _unpack(detail: AnyMessage, message: Message) -> None:
    """Reads a detail into a message of its kind; one that a proxy has spoilt is left out."""
    try:
        detail.Unpack(message)
    except DecodeError:
        message.Clear()


def _delay_of(retry: RetryInfo) -> timedelta | None:
    """Returns when to try again; None for a time that is none, or that no clock has."""
    try:
        delay = retry.retry_delay.ToTimedelta()
    except (ValueError, OverflowError):
        return None
    return delay if delay > timedelta() else None
