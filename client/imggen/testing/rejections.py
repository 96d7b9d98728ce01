"""The fake's rejections: the contract's errors, as the typed errors of `imggen.errors`."""

from collections.abc import Collection
from typing import NoReturn
from uuid import UUID

import grpc
import grpc.aio
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo, RetryInfo
from google.rpc.status_pb2 import Status

from imggen.errors import (
    ImggenError,
    InvalidRequest,
    JobCancelled,
    JobFailed,
    Violation,
    kind_of,
    reason_name,
)
from imggen.status import DETAILS_KEY, DOMAIN
from imggen.v1.errors_pb2 import ErrorReason


def rejection(reason: ErrorReason.ValueType, message: str = "") -> ImggenError:
    """Returns the error of a call with this reason.

    Raises:
        ValueError: Only jobs fail with this reason, never calls.
    """
    kind = kind_of(reason)
    if kind is None or issubclass(kind, JobFailed | JobCancelled):
        raise ValueError(f"{reason_name(reason)} is a reason of jobs; use fail_next_job")
    return kind(message or f"the fake was told to fail with {reason_name(reason)}", reason=reason)


async def abort(
    context: "grpc.aio.ServicerContext[object, object]", error: ImggenError
) -> NoReturn:
    """Ends a call with a `google.rpc.Status`, as the real server does."""
    status = Status(code=error.code.value[0], message=error.message)
    status.details.add().Pack(
        ErrorInfo(reason=reason_name(error.reason), domain=DOMAIN, metadata=error.metadata)
    )
    if error.violations:
        bad = BadRequest()
        for violation in error.violations:
            bad.field_violations.add(
                field=violation.field,
                description=violation.description,
                reason=reason_name(violation.reason),
            )
        status.details.add().Pack(bad)
    if error.retry_after is not None:
        retry = RetryInfo()
        retry.retry_delay.FromTimedelta(error.retry_after)
        status.details.add().Pack(retry)
    await context.abort(error.code, error.message, ((DETAILS_KEY, status.SerializeToString()),))


class Check:
    """The violations of a request, collected so that one rejection names all."""

    def __init__(self) -> None:
        self._violations: list[Violation] = []

    def bad(self, field: str, description: str, reason: ErrorReason.ValueType) -> None:
        """Adds a violation."""
        self._violations.append(Violation(field, description, reason))

    def required(self, field: str, value: str) -> None:
        """Adds a violation for an empty text."""
        if not value.strip():
            self.bad(field, "is required", ErrorReason.ERROR_REASON_FIELD_REQUIRED)

    def id(self, field: str, value: str, *, optional: bool = False) -> None:
        """Adds a violation for an id that is missing or not a UUID."""
        if not value:
            if not optional:
                self.required(field, value)
            return
        try:
            UUID(value)
        except ValueError:
            self.bad(field, f'"{value}" is not a UUID', ErrorReason.ERROR_REASON_MALFORMED_ID)

    def choice(
        self, field: str, value: str, choices: Collection[str], reason: ErrorReason.ValueType
    ) -> None:
        """Adds a violation for a text that is neither empty nor one of the choices."""
        if value and value not in choices:
            self.bad(field, f'"{value}" is not offered; use one of {", ".join(choices)}', reason)

    def range(self, field: str, value: int, low: int, high: int) -> None:
        """Adds a violation for a number outside its range."""
        if not low <= value <= high:
            self.bad(
                field,
                f"{value} is out of range; use {low} to {high}",
                ErrorReason.ERROR_REASON_FIELD_OUT_OF_RANGE,
            )

    def done(self) -> None:
        """Raises InvalidRequest if there are violations."""
        if self._violations:
            raise InvalidRequest(
                "; ".join(f"{bad.field}: {bad.description}" for bad in self._violations),
                reason=self._violations[0].reason,
                violations=tuple(self._violations),
            )
