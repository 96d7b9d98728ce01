"""What every call must have: a token, and a method that the service knows."""

from collections.abc import Mapping

from imggen.errors import Unauthenticated, Unimplemented
from imggen.v1 import errors_pb2 as reasons


def read_bearer(metadata: Mapping[str, str | bytes]) -> str:
    """Returns the token of a call; raises Unauthenticated for none."""
    scheme, _, token = str(metadata.get("authorization", "")).partition(" ")
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
