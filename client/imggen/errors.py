"""The errors that calls raise: one class per kind, each with a reason for programs."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

import grpc

from imggen.v1.errors_pb2 import ERROR_REASON_UNSPECIFIED, ErrorReason
from imggen.v1.job_pb2 import Job

_PREFIX = "ERROR_REASON_"


def reason_name(reason: ErrorReason.ValueType) -> str:
    """Returns the reason without its prefix, for instance `STYLE_UNKNOWN`; empty for none."""
    if reason == ERROR_REASON_UNSPECIFIED:
        return ""
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
