"""What all groups of the client's methods have: a connection, and how a call is made."""

from typing import TYPE_CHECKING
from uuid import uuid4

from imggen.connection import Answer, Connection, Request

if TYPE_CHECKING:
    import grpc.aio


class Calls:
    """The base of each group of methods."""

    _connection: Connection
    _timeout: float
    _patience: float

    async def _call(
        self, method: "grpc.aio.UnaryUnaryMultiCallable[Request, Answer]", request: Request
    ) -> Answer:
        return await self._connection.call(method, request, self._timeout)


def or_new(request_id: str | None) -> str:
    """Returns the `request_id` of a call, a new one where none is given."""
    return str(uuid4()) if request_id is None else request_id
