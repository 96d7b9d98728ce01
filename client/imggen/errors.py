"""The errors that calls raise: one class per status code, each with a reason for programs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Self

from imggen.loading import grpc
from imggen.v1.errors_pb2 import ERROR_REASON_UNSPECIFIED, ErrorReason
from imggen.v1.job_pb2 import Job

_PREFIX = "ERROR_REASON_"


def reason_name(reason: ErrorReason.ValueType) -> str:
    """Returns the reason without its prefix, for instance `STYLE_UNKNOWN`; empty if unset.

    A reason that only a newer server knows is `UNKNOWN_` and its number.
    """
    if reason == ERROR_REASON_UNSPECIFIED:
        return ""
    if reason not in ErrorReason.values():
        return f"UNKNOWN_{reason}"
    return ErrorReason.Name(reason).removeprefix(_PREFIX)


def reason_of(name: str) -> ErrorReason.ValueType:
    """Returns the reason with this name; UNSPECIFIED for one that only a newer server knows."""
    if _PREFIX + name not in ErrorReason.keys():  # noqa: SIM118 - an enum wrapper is no mapping
        return ERROR_REASON_UNSPECIFIED
    return ErrorReason.Value(_PREFIX + name)


@dataclass(frozen=True, slots=True)
class Violation:
    """A bad field of a request: its path, what is wrong and what would be right."""

    field: str
    description: str
    reason: ErrorReason.ValueType = ERROR_REASON_UNSPECIFIED


class ImggenError(Exception):
    """The base of every error that a call raises.

    `code` is gRPC's, `reason` the contract's; `retry_after` is set if a retry can succeed, and
    `violations` names every bad field of the request. `metadata` has the ids, states and limits
    that the error is about; the message is the same for all errors of a kind. `foreign` is set
    for a status that is not the service's: a proxy, the network or gRPC itself ended the call.
    """

    code: grpc.StatusCode = grpc.StatusCode.UNKNOWN
    foreign: bool = False

    def __init__(
        self,
        message: str,
        reason: ErrorReason.ValueType = ERROR_REASON_UNSPECIFIED,
        *,
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
        reason = reason_name(self.reason) or self.code.name
        return f"{self.message} [{', '.join([reason, *self.about])}]"

    @property
    def about(self) -> list[str]:
        """The ids, states and limits that the error is about, as `key=value`."""
        return [
            f"{key}={value}" for key, value in self.metadata.items() if value and key != "field"
        ]


class InvalidRequest(ImggenError):
    """A request with bad fields; `violations` lists all of them."""

    code = grpc.StatusCode.INVALID_ARGUMENT

    @classmethod
    def of(cls, violations: Sequence[Violation]) -> Self:
        """Returns the error that names these violations; its reason is the first one's."""
        return cls(
            "; ".join(f"{bad.field}: {bad.description}" for bad in violations),
            violations[0].reason,
            violations=tuple(violations),
            metadata={"field": violations[0].field},
        )


class BadArgument(InvalidRequest, TypeError, ValueError):
    """An argument that no request can carry, and that the client refuses; nothing was sent."""


class NotFound(ImggenError):
    """An object that does not exist, or is not the caller's."""

    code = grpc.StatusCode.NOT_FOUND


class AlreadyExists(ImggenError):
    """A `request_id` that was used before with another request."""

    code = grpc.StatusCode.ALREADY_EXISTS


class FailedPrecondition(ImggenError):
    """An object whose state does not allow the call."""

    code = grpc.StatusCode.FAILED_PRECONDITION


class ClientUnusable(FailedPrecondition, RuntimeError):
    """A client that was closed, or that belongs to another event loop or process."""


class Aborted(ImggenError):
    """A change that lost against another one: read the object again, and decide again."""

    code = grpc.StatusCode.ABORTED


class Unauthenticated(ImggenError):
    """A token that is missing, malformed, expired, forged or for another audience."""

    code = grpc.StatusCode.UNAUTHENTICATED


class PermissionDenied(ImggenError):
    """A caller without the role that the call requires."""

    code = grpc.StatusCode.PERMISSION_DENIED


class ResourceExhausted(ImggenError):
    """A budget that is spent, a queue that is full, or a message that is too large."""

    code = grpc.StatusCode.RESOURCE_EXHAUSTED


class Unavailable(ImggenError):
    """A server, or a dependency of it, that is temporarily unreachable."""

    code = grpc.StatusCode.UNAVAILABLE


class DeadlineExceeded(ImggenError, TimeoutError):
    """A call without an answer in time; a job that was admitted continues."""

    code = grpc.StatusCode.DEADLINE_EXCEEDED


class Cancelled(ImggenError):
    """A call that the other side cancelled; a job that was admitted continues."""

    code = grpc.StatusCode.CANCELLED


class Unimplemented(ImggenError):
    """A method that the server does not know: this client may be newer."""

    code = grpc.StatusCode.UNIMPLEMENTED


class DataLoss(ImggenError):
    """Downloaded bytes that differ from the stored ones."""

    code = grpc.StatusCode.DATA_LOSS


class NotSaved(ImggenError, OSError):
    """A download that could not be written to its file; `__cause__` is the system's error."""

    def __init__(self, cause: OSError) -> None:
        super().__init__(f"the file could not be written: {cause}")
        self.errno, self.filename = cause.errno, cause.filename


class Internal(ImggenError):
    """A fault in the service."""

    code = grpc.StatusCode.INTERNAL


class JobFailed(ImggenError):
    """A job that failed permanently, rather than a call; `retry` queues it again."""

    code = grpc.StatusCode.INTERNAL

    def __init__(self, job: Job) -> None:
        super().__init__(
            job.error.message or "the job failed",
            reason=job.error.reason,
            metadata={"job_id": job.job_id},
        )
        self.job = job


class JobCancelled(ImggenError):
    """A job that was cancelled; `retry` queues it again."""

    code = grpc.StatusCode.CANCELLED

    def __init__(self, job: Job) -> None:
        super().__init__(
            job.error.message or "the job was cancelled",
            reason=job.error.reason or ErrorReason.ERROR_REASON_JOB_CANCELLED,
            metadata={"job_id": job.job_id},
        )
        self.job = job


# The contract numbers its reasons in tens, one class of error each; _KINDS has the exceptions.
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
    10: InvalidRequest,
    11: Aborted,
    12: FailedPrecondition,
    13: JobFailed,
}
_KINDS: Mapping[ErrorReason.ValueType, type[ImggenError]] = {
    ErrorReason.ERROR_REASON_ROLE_REQUIRED: PermissionDenied,
    ErrorReason.ERROR_REASON_DEADLINE_EXCEEDED: DeadlineExceeded,
    ErrorReason.ERROR_REASON_CALL_CANCELLED: Cancelled,
    ErrorReason.ERROR_REASON_METHOD_UNKNOWN: Unimplemented,
    ErrorReason.ERROR_REASON_INTERNAL: Internal,
    ErrorReason.ERROR_REASON_JOB_CANCELLED: JobCancelled,
    # Of jobs, too:
    ErrorReason.ERROR_REASON_CONTENT_POLICY: InvalidRequest,
    ErrorReason.ERROR_REASON_NO_ELIGIBLE_OFFER: FailedPrecondition,
}


def kind_of(reason: ErrorReason.ValueType) -> type[ImggenError] | None:
    """Returns the class of errors with this reason; None if this contract does not know it."""
    if reason == ERROR_REASON_UNSPECIFIED or reason not in ErrorReason.values():
        return None
    return _KINDS.get(reason) or _KINDS_BY_TEN.get(reason // 10)
