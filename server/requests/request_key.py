"""Request keys: the caller's id of a create, with a digest of the whole request."""

import hashlib

from google.protobuf.message import Message

from server.domain.jobs import RequestKey
from server.requests.checks import Checks


def request_key(checks: Checks, request_id: str, request: Message) -> RequestKey | None:
    """Reads a request_id; its digest is of the whole request, so that another one is seen."""
    key = checks.uuid("request_id", request_id, required=False)
    if not key.int:
        return None
    kind = request.DESCRIPTOR.name.encode()
    octets = request.SerializeToString(deterministic=True)
    return RequestKey(key, hashlib.sha256(kind + b"\0" + octets).digest())
