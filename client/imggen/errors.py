"""The errors that calls raise: one class per kind, each with a reason for programs."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

import grpc

from imggen.v1.errors_pb2 import ERROR_REASON_UNSPECIFIED, ErrorReason
from imggen.v1.job_pb2 import Job

_PREFIX = "ERROR_REASON_"


def reason_name(reason: ErrorReason.ValueType) -> str:
    """Returns the reason without its prefix, for instance `STYLE_UNKNOWN`; empty for none.

    A newer server's reason, which has no name here, is `UNKNOWN_` and its number.
    """
    if reason == ERROR_REASON_UNSPECIFIED:
        return ""
    if reason not in ErrorReason.values():
        return f"UNKNOWN_{reason}"
    return ErrorReason.Name(reason).removeprefix(_PREFIX)


def reason_of(name: str) -> ErrorReason.ValueType:
    """Returns the reason of that name; a newer server's unknown reason is UNSPECIFIED."""
    if _PREFIX + name not in ErrorReason.keys():  # noqa: SIM118 - an enum wrapper is no mapping
        return ERROR_REASON_UNSPECIFIED
    return ErrorReason.Value(_PREFIX + name)


@dataclass(frozen=True, slots=True)
class Violation:
    """Is one bad field of a request: its path, what is wrong and what would be right."""

    field: str
    description: str
    reason: ErrorReason.ValueType = ERROR_REASON_UNSPECIFIED


class ImggenError(Exception):
    """Is the base of every error that a call raises.

    `code` is gRPC's, `reason` the contract's; `retry_after` is set where waiting helps, and
    `violations` names every bad field of the request.
    """

    code: grpc.StatusCode = grpc.StatusCode.UNKNOWN

    def __init__(
        self,
        message: str,
        *,
        reason: ErrorReason.ValueType = ERROR_REASON_UNSPECIFIED,
        violations: tuple[Violation, ...] = (),
        retry_after: timedelta | None = None,
        metadata: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.reason = reason
        self.violations = violations
        self.retry_after = retry_after
        self.metadata: dict[str, str] = dict(metadata or {})

    def __str__(self) -> str:
        return f"{self.message} [{reason_name(self.reason) or self.code.name}]"


class InvalidRequest(ImggenError):
    """Says that fields of the request are bad; `violations` has them all."""

    code = grpc.StatusCode.INVALID_ARGUMENT


class NotFound(ImggenError):
    """Says that the caller has no such thing."""

    code = grpc.StatusCode.NOT_FOUND


class AlreadyExists(ImggenError):
    """Says that the `request_id` was used before with another request."""

    code = grpc.StatusCode.ALREADY_EXISTS


class FailedPrecondition(ImggenError):
    """Says that the thing is not in a state that allows the call."""

    code = grpc.StatusCode.FAILED_PRECONDITION


class Unauthenticated(ImggenError):
    """Says that the token is missing, malformed, expired, forged or for somebody else."""

    code = grpc.StatusCode.UNAUTHENTICATED


class PermissionDenied(ImggenError):
    """Says that the caller lacks the role that the call needs."""

    code = grpc.StatusCode.PERMISSION_DENIED


class ResourceExhausted(ImggenError):
    """Says that the budget is spent, or that a message is too large."""

    code = grpc.StatusCode.RESOURCE_EXHAUSTED


class Unavailable(ImggenError):
    """Says that the server, or a part it needs, cannot be reached for the moment."""

    code = grpc.StatusCode.UNAVAILABLE


class DeadlineExceeded(ImggenError, TimeoutError):
    """Says that there was no answer in time; a job that was admitted goes on."""

    code = grpc.StatusCode.DEADLINE_EXCEEDED


class Cancelled(ImggenError):
    """Says that the other side cancelled the call; a job that was admitted goes on."""

    code = grpc.StatusCode.CANCELLED


class Unimplemented(ImggenError):
    """Says that the server does not know the method: this client may be newer."""

    code = grpc.StatusCode.UNIMPLEMENTED


class DataLoss(ImggenError):
    """Says that downloaded bytes are not those that were stored."""

    code = grpc.StatusCode.DATA_LOSS


class Internal(ImggenError):
    """Says that the service has a fault."""

    code = grpc.StatusCode.INTERNAL


class JobFailed(ImggenError):
    """Says that the job, not the call, failed for good; `retry` starts it again."""

    code = grpc.StatusCode.INTERNAL

    def __init__(self, job: Job) -> None:
        super().__init__(
            job.error.message or f"job {job.job_id} failed",
            reason=job.error.reason,
            metadata={"job_id": job.job_id},
        )
        self.job = job


class JobCancelled(ImggenError):
    """Says that the job was cancelled; `retry` starts it again."""

    code = grpc.StatusCode.CANCELLED

    def __init__(self, job: Job) -> None:
        super().__init__(
            job.error.message or f"job {job.job_id} was cancelled",
            reason=job.error.reason or ErrorReason.ERROR_REASON_JOB_CANCELLED,
            metadata={"job_id": job.job_id},
        )
        self.job = job


# The contract numbers its reasons in tens, one kind of error each, but for those below.
_KINDS_BY_TEN: Mapping[int, type[ImggenError]] = {
    0: InvalidRequest,
    1: InvalidRequest,
    2: NotFound,
    3: AlreadyExists,
    4: FailedPrecondition,
    5: Unauthenticated,
    6: ResourceExhausted,
    7: Unavailable,
    9: JobFailed,
}
_KINDS: Mapping[ErrorReason.ValueType, type[ImggenError]] = {
    ErrorReason.ERROR_REASON_ROLE_REQUIRED: PermissionDenied,
    ErrorReason.ERROR_REASON_DEADLINE_EXCEEDED: DeadlineExceeded,
    ErrorReason.ERROR_REASON_CALL_CANCELLED: Cancelled,
    ErrorReason.ERROR_REASON_METHOD_UNKNOWN: Unimplemented,
    ErrorReason.ERROR_REASON_INTERNAL: Internal,
    ErrorReason.ERROR_REASON_JOB_CANCELLED: JobCancelled,
}


def kind_of(reason: ErrorReason.ValueType) -> type[ImggenError] | None:
    """Returns the class of errors with this reason; None for one that is not of this contract."""
    if reason == ERROR_REASON_UNSPECIFIED or reason not in ErrorReason.values():
        return None
    return _KINDS.get(reason) or _KINDS_BY_TEN.get(reason // 10)
