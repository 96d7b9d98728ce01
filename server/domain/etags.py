"""Etags: the version of an object as an opaque text."""

import base64
import hashlib
from uuid import UUID


def etag(object_id: UUID, revision: int) -> str:
    """Returns the etag of a revision: 12 characters, different for each object and revision."""
    octets = object_id.bytes + revision.to_bytes(8, "big")
    return base64.urlsafe_b64encode(hashlib.blake2b(octets, digest_size=9).digest()).decode()
