"""Errors as the google.rpc.Status that a caller gets."""

from collections.abc import Sequence
from dataclasses import dataclass

from google.protobuf.message import Message
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo, QuotaFailure, RetryInfo
from google.rpc.status_pb2 import Status

from imggen.errors import ImggenError, Violation, reason_name
from imggen.loading import grpc
from imggen.rules.texts import cut
from imggen.status import DOMAIN
from imggen.v1 import errors_pb2 as reasons

# Clients refuse more than 8 kB of metadata (gRPC's default), and a lost Status would hide
# what was wrong; the message travels twice, once percent-encoded.
_MESSAGE_BYTES = 1000
_DETAILS_BYTES = 4000


@dataclass(frozen=True, slots=True)
class Refusal:
    """The answer to a call that failed; `details` is a serialized google.rpc.Status."""

    code: grpc.StatusCode
    reason: str
    message: str
    details: bytes


def refusal(error: ImggenError) -> Refusal:
    """Returns an error as a code, a message and a Status with its details, ErrorInfo always."""
    reason = reason_name(error.reason)
    message = cut(_unicode(error.message), _MESSAGE_BYTES)
    status = Status(code=error.code.value[0], message=message)
    _add(status, ErrorInfo(reason=reason, domain=DOMAIN, metadata=_small(error.metadata)))
    if error.retry_after is not None:
        retry = RetryInfo()
        retry.retry_delay.FromTimedelta(error.retry_after)
        _add(status, retry)
    if error.reason == reasons.ERROR_REASON_BUDGET_EXHAUSTED and "scope" in error.metadata:
        _add(status, _quota(error.metadata["scope"]))
    if error.violations:
        _add(status, _bad_request(error.violations))
    return Refusal(error.code, reason, message, status.SerializeToString())


def _quota(scope: str) -> QuotaFailure:
    failure = QuotaFailure()
    failure.violations.add(subject=scope, description="the day's budget is used up")
    return failure


def _bad_request(violations: Sequence[Violation]) -> BadRequest:
    bad = BadRequest()
    size = 0
    for count, violation in enumerate(violations):
        description = cut(_unicode(violation.description), _MESSAGE_BYTES)
        size += len(violation.field) + len(description.encode()) + 40
        if size > _DETAILS_BYTES:
            left = len(violations) - count
            bad.field_violations.add(field="", description=f"and {left} more; correct these first")
            break
        bad.field_violations.add(
            field=_unicode(violation.field),
            description=description,
            reason=reason_name(violation.reason),
        )
    return bad


def _add(status: Status, detail: Message) -> None:
    status.details.add().Pack(detail)


def _small(metadata: dict[str, str]) -> dict[str, str]:
    return {key: cut(_unicode(value), 256) for key, value in metadata.items()}


def _unicode(text: str) -> str:
    # A token or a header may hold what is no Unicode, which protobuf would refuse.
    return text.encode(errors="replace").decode()
