"""The fake's rejections: the contract's errors, as the typed errors of `imggen.errors`."""

from typing import NoReturn

import grpc.aio

from imggen.errors import ImggenError, JobCancelled, JobFailed, kind_of, reason_name
from imggen.rules.refusals import refusal
from imggen.rules.safety import text_refused
from imggen.status import DETAILS_KEY
from imggen.v1 import (
    admin_pb2,
    batch_pb2,
    budget_pb2,
    character_pb2,
    event_pb2,
    generation_pb2,
    image_pb2,
    job_pb2,
    routing_pb2,
    story_pb2,
    style_pb2,
)
from imggen.v1.errors_pb2 import (
    ERROR_REASON_CONTENT_POLICY,
    ERROR_REASON_NO_ELIGIBLE_OFFER,
    ErrorReason,
)

_OF_CALLS_AND_JOBS = {ERROR_REASON_CONTENT_POLICY, ERROR_REASON_NO_ELIGIBLE_OFFER}

_FILES = (
    *(admin_pb2, batch_pb2, budget_pb2, character_pb2, event_pb2, generation_pb2),
    *(image_pb2, job_pb2, routing_pb2, story_pb2, style_pb2),
)
_METHODS = {
    method
    for file in _FILES
    for service in file.DESCRIPTOR.services_by_name.values()
    for method in service.methods_by_name
}


def rejection(reason: ErrorReason.ValueType, message: str = "") -> ImggenError:
    """Returns the error of a call with this reason.

    Raises:
        ValueError: Only jobs fail with this reason, never calls.
    """
    kind = kind_of(reason)
    if kind is None or issubclass(kind, JobFailed | JobCancelled):
        raise ValueError(f"{reason_name(reason)} is a reason of jobs; use fail_next_job")
    return kind(message or f"the fake was told to fail with {reason_name(reason)}", reason=reason)


def refused_text(field: str) -> ImggenError:
    """Returns the error of a call with a text that breaks a rule."""
    return text_refused(
        field, stage="admission", category="profanity", rule="profanity-words", digest="5f" * 32
    )


def check_method(name: str) -> None:
    """Raises ValueError for a name that no method of the contract has; an empty one means any."""
    if name and name not in _METHODS:
        raise ValueError(f"{name!r} is no method; use one of {', '.join(sorted(_METHODS))}")


def check_job_reason(reason: ErrorReason.ValueType) -> None:
    """Raises ValueError for a reason with which only calls fail, never jobs."""
    kind = kind_of(reason)
    if reason in _OF_CALLS_AND_JOBS:
        return
    if kind is None or not issubclass(kind, JobFailed):
        raise ValueError(f"{reason_name(reason)} is no reason of a failed job; use fail_next")


async def abort(
    context: "grpc.aio.ServicerContext[object, object]", error: ImggenError
) -> NoReturn:
    """Ends a call with a `google.rpc.Status`, as the service does."""
    answer = refusal(error)
    await context.abort(answer.code, answer.message, ((DETAILS_KEY, answer.details),))
