"""The errors that imggen raises: each has a gRPC code, a reason, and says what would be right."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

import grpc

from imggen.v1.errors_pb2 import ErrorReason


class ImggenError(Exception):
    """The base of all errors that may reach a caller; the interceptor turns it into a Status."""

    code: grpc.StatusCode = grpc.StatusCode.INTERNAL

    def __init__(
        self,
        message: str,
        reason: ErrorReason.ValueType,
        *,
        metadata: Mapping[str, str] | None = None,
        retry_after: timedelta | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.reason = reason
        self.metadata: dict[str, str] = dict(metadata or {})
        self.retry_after = retry_after


@dataclass(frozen=True, slots=True)
class Violation:
    """One bad field of a request: its path, what is wrong with it and what would be right."""

    field: str
    description: str
    reason: ErrorReason.ValueType


class InvalidRequest(ImggenError):
    """Every bad field of a request at once; the reason is the first one's."""

    code = grpc.StatusCode.INVALID_ARGUMENT

    def __init__(self, violations: list[Violation]) -> None:
        super().__init__(
            "; ".join(f"{v.field}: {v.description}" for v in violations),
            violations[0].reason,
            metadata={"field": violations[0].field},
        )
        self.violations = tuple(violations)


class NotFound(ImggenError):
    """Raised when the caller does not own the thing, whether or not another user does."""

    code = grpc.StatusCode.NOT_FOUND


class Conflict(ImggenError):
    """Raised when a request_id was used before with another request."""

    code = grpc.StatusCode.ALREADY_EXISTS


class FailedPrecondition(ImggenError):
    """Raised when the thing exists but is not in a state that allows the call."""

    code = grpc.StatusCode.FAILED_PRECONDITION


class Unauthenticated(ImggenError):
    """Raised for a token that is missing, malformed, expired, forged or for another service."""

    code = grpc.StatusCode.UNAUTHENTICATED


class ResourceExhausted(ImggenError):
    """Raised when a budget or a queue is full; it may have room after `retry_after`."""

    code = grpc.StatusCode.RESOURCE_EXHAUSTED


class Unavailable(ImggenError):
    """Raised when a part that the call needs is away for the moment; the call may be repeated."""

    code = grpc.StatusCode.UNAVAILABLE


class DeadlineExceeded(ImggenError):
    """Raised when the caller's deadline passed before the answer was ready."""

    code = grpc.StatusCode.DEADLINE_EXCEEDED


class Unimplemented(ImggenError):
    """Raised for a method that the server does not have; the client may be newer."""

    code = grpc.StatusCode.UNIMPLEMENTED
