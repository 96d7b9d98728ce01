"""Pauses between attempts to reconnect to a server."""

import asyncio
import random

from imggen.errors import ImggenError

_FIRST_PAUSE_S = 0.1
_LONGEST_PAUSE_S = 5.0


class Absence:
    """The time without an answer from the server, with growing, jittered pauses."""

    def __init__(self, patience: float) -> None:
        self._patience = patience
        self.end()

    def end(self) -> None:
        """Resets the time and the pause, after an answer from the server."""
        self._began: float | None = None
        self._pause = _FIRST_PAUSE_S

    async def pause(self, error: ImggenError) -> None:
        """Waits before the next attempt; raises the error after `patience` seconds of absence."""
        now = asyncio.get_running_loop().time()
        if self._began is None:
            self._began = now
        if now - self._began > self._patience:
            raise error
        pause = error.retry_after.total_seconds() if error.retry_after else self._pause
        self._pause = min(self._pause * 2, _LONGEST_PAUSE_S)
        await asyncio.sleep(pause * random.uniform(0.5, 1.0))
