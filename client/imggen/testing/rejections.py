"""The fake's rejections: the contract's errors, as the typed errors of `imggen.errors`."""

from typing import NoReturn

import grpc.aio

from imggen.errors import ImggenError, JobCancelled, JobFailed, kind_of, reason_name
from imggen.rules.refusals import refusal
from imggen.status import DETAILS_KEY
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
    """Ends a call with a `google.rpc.Status`, as the service does."""
    answer = refusal(error)
    await context.abort(answer.code, answer.message, ((DETAILS_KEY, answer.details),))
