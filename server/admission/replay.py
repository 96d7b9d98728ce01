"""Replays: a repeated request_id gets the answer that the first one got."""

from typing import TypeVar

from imggen.v1 import errors_pb2 as reasons
from server.domain.jobs import RequestKey
from server.errors import Conflict

T = TypeVar("T")


def same_request(key: RequestKey, replayed: tuple[T, bool] | None) -> T:
    """Returns what a request_id made before; raises Conflict if another request made it."""
    if replayed is None or not replayed[1]:
        raise Conflict(
            f"request_id: {key.id} was used before with another request; use a new UUID",
            reasons.ERROR_REASON_REQUEST_ID_REUSED,
        )
    return replayed[0]
