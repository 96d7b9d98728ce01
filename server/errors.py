"""The errors the house raises: each carries a gRPC code, a reason and what would be right."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

import grpc

from imggen.v1.errors_pb2 import ErrorReason


class ImggenError(Exception):
    """Is the base of all errors that may reach a caller; the interceptor makes a Status of it."""

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
    """Is one bad field of a request: its path, what is wrong with it and what would be right."""

    field: str
    description: str
    reason: ErrorReason.ValueType


class InvalidRequest(ImggenError):
    """Carries every bad field of a request at once; its reason is the first one's."""

    code = grpc.StatusCode.INVALID_ARGUMENT

    def __init__(self, violations: list[Violation]) -> None:
        super().__init__(
            "; ".join(f"{v.field}: {v.description}" for v in violations),
            violations[0].reason,
            metadata={"field": violations[0].field},
        )
        self.violations = tuple(violations)


class NotFound(ImggenError):
    """Says that the caller owns no such thing, whether or not somebody else does."""

    code = grpc.StatusCode.NOT_FOUND


class Conflict(ImggenError):
    """Says that a request_id was used before with another request."""

    code = grpc.StatusCode.ALREADY_EXISTS


class FailedPrecondition(ImggenError):
    """Says that the thing exists but is not in a state that allows the call."""

    code = grpc.StatusCode.FAILED_PRECONDITION


class Unauthenticated(ImggenError):
    """Says that the token is missing, malformed, expired, forged or for somebody else."""

    code = grpc.StatusCode.UNAUTHENTICATED


class ResourceExhausted(ImggenError):
    """Says that a budget or a queue is full; `retry_after` says when it may have room."""

    code = grpc.StatusCode.RESOURCE_EXHAUSTED


class Unavailable(ImggenError):
    """Says that a part this call needs is away for the moment; the call may be repeated."""

    code = grpc.StatusCode.UNAVAILABLE


class DeadlineExceeded(ImggenError):
    """Says that the caller's deadline passed before the answer was ready."""

    code = grpc.StatusCode.DEADLINE_EXCEEDED


class Unimplemented(ImggenError):
    """Says that the server has no such method; the client may be newer."""

    code = grpc.StatusCode.UNIMPLEMENTED
