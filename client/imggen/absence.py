"""Pauses between attempts to reconnect to a server, and which errors another attempt can mend."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import TypeVar

from imggen.connection import Connection
from imggen.errors import Cancelled, ImggenError, Unavailable
from imggen.v1.errors_pb2 import ErrorReason

_FIRST_PAUSE_S = 0.1
_LONGEST_PAUSE_S = 5.0
# A stream that breaks sooner is not there again: the pauses before it go on growing.
_SETTLED_S = 1.0

Answer = TypeVar("Answer")


class Absence:
    """The time without an answer from the server, with growing, jittered pauses.

    It is over after `patience` seconds, which may be infinite.
    """

    def __init__(self, connection: Connection, patience: float) -> None:
        self._connection = connection
        self._patience = patience
        self._began: float | None = None
        self._tried = asyncio.get_running_loop().time()
        self._pause = _FIRST_PAUSE_S

    def end(self) -> None:
        """Ends the absence, after an answer from the server."""
        self._began = None

    async def pause(self, error: ImggenError) -> None:
        """Waits before the next attempt.

        Raises:
            ImggenError: `error`, when another attempt cannot mend it, or the patience is used up.
        """
        clock = asyncio.get_running_loop().time
        if not self._passes(error):
            raise error
        now = clock()
        if self._began is None:
            self._began = now
            if now - self._tried > _SETTLED_S:
                self._pause = _FIRST_PAUSE_S
        if now - self._began > self._patience:
            raise error
        pause = error.retry_after.total_seconds() if error.retry_after else self._pause
        # A proxy may ask for an hour; who waits is not willing to.
        pause = min(pause, self._patience - (now - self._began))
        self._pause = min(self._pause * 2, _LONGEST_PAUSE_S)
        await asyncio.sleep(pause * random.uniform(0.5, 1.0))
        self._tried = clock()

    async def until_answered(self, call: Callable[[], Awaitable[Answer]]) -> Answer:
        """Returns the answer of a call that is repeated while its errors pass."""
        while True:
            try:
                return await call()
            except ImggenError as error:
                failed = error
            await self.pause(failed)

    def _passes(self, error: ImggenError) -> bool:
        """Returns whether another attempt can mend an error.

        The service says so by UNAVAILABLE. Any other status passes that is not the service's: a
        proxy or a load balancer has made it, or the connection broke. A stopping server cancels
        its streams; the caller's own cancel is not an ImggenError.
        """
        if not self._connection.reached:
            return False
        if error.reason == ErrorReason.ERROR_REASON_MESSAGE_TOO_LARGE:
            return False
        return error.foreign or isinstance(error, Unavailable | Cancelled)
