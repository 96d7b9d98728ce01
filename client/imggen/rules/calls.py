"""What every call must have: a token, and a method that the service knows."""

from collections.abc import Iterable
from typing import TypeAlias

from imggen.errors import ResourceExhausted, Unauthenticated, Unimplemented
from imggen.v1 import errors_pb2 as reasons

Pairs: TypeAlias = Iterable[tuple[str, str | bytes]]
"""The metadata of a call; a name may come more than once."""

_PAIR_BYTES = 32  # what HTTP/2 counts for each pair (RFC 9113, 6.5.2)


def check_metadata(metadata: Pairs, most: int) -> None:
    """Raises ResourceExhausted for metadata that is larger than `most` bytes."""
    size = sum(len(name) + len(value) + _PAIR_BYTES for name, value in metadata)
    if size > most:
        raise ResourceExhausted(
            f"the metadata of the call, its token included, is too large; send {most} bytes "
            "at most",
            reasons.ERROR_REASON_MESSAGE_TOO_LARGE,
            metadata={"bytes": str(size), "limit": str(most)},
        )


def read_bearer(metadata: Pairs) -> str:
    """Returns the token of a call; raises Unauthenticated for none, or more than one."""
    given = [str(value) for name, value in metadata if name == "authorization"]
    if len(given) > 1:
        raise Unauthenticated(
            f"the call has {len(given)} `authorization` headers; send one, and let no proxy add "
            "another",
            reasons.ERROR_REASON_TOKEN_INVALID,
        )
    scheme, _, token = "".join(given).partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise Unauthenticated(
            "the call has no token; send the metadata `authorization: Bearer <token>`",
            reasons.ERROR_REASON_TOKEN_MISSING,
        )
    return token.strip()


def method_unknown(method: str) -> Unimplemented:
    """Returns the error for a method that the service does not have."""
    return Unimplemented(
        "this server has no such method; it may be older than the client",
        reasons.ERROR_REASON_METHOD_UNKNOWN,
        metadata={"method": method[:100]},
    )
