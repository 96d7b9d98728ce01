"""Exceptions as the errors that callers see."""

from imggen.v1 import errors_pb2 as reasons
from server.errors import DeadlineExceeded, ImggenError, Internal


def explain(error: Exception, request_id: str) -> ImggenError:
    """Returns the error that the caller sees; unexpected exceptions become INTERNAL."""
    match error:
        case ImggenError():
            return error
        case TimeoutError():
            return DeadlineExceeded(
                "the answer was not ready in time; repeat the call with a longer deadline",
                reasons.ERROR_REASON_DEADLINE_EXCEEDED,
            )
        case _:
            return Internal(
                "the service failed; its log has the details under this error's request_id",
                reasons.ERROR_REASON_INTERNAL,
                metadata={"request_id": request_id},
            )
