"""What all groups of the client's methods have: a connection, and how a call is made."""

import time
from typing import TYPE_CHECKING
from uuid import uuid4

from imggen.absence import Absence
from imggen.connection import Answer, Connection, Request
from imggen.errors import DeadlineExceeded, ImggenError
from imggen.status import was_cut

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
        """Returns the answer of a call, which is repeated where only the way to imggen broke."""
        ends = time.monotonic() + self._timeout
        left = self._timeout
        absence = Absence(self._connection, self._timeout)
        cut: ImggenError | None = None
        with self._connection.in_use():
            while True:
                try:
                    return await self._connection.call(method, request, left)
                except DeadlineExceeded:
                    if cut is None:
                        raise
                    raise cut from None
                except ImggenError as error:
                    if not was_cut(error) or not _repeats(request):
                        raise
                    cut = error
                await absence.pause(cut)
                left = ends - time.monotonic()


def or_new(request_id: str | None) -> str:
    """Returns the `request_id` of a call, a new one where none is given."""
    return str(uuid4()) if request_id is None else request_id


def _repeats(request: object) -> bool:
    """Returns whether a call does the same when it is sent again.

    Only creates and retries are not idempotent, and they are with a `request_id`.
    """
    return bool(getattr(request, "request_id", True))
