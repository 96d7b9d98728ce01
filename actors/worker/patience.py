"""Patience: writes an end in spite of a database outage."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from server.errors import Unavailable

_PAUSE_S = 0.2
_PAUSE_MAX_S = 2.0
STORE_PAUSES_S = (0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 12.8)
"""The pauses while the storage is away: half a minute, since another render would cost far more."""
CHECK_PAUSES_S = (0.5, 1.0, 2.0, 4.0, 8.0, 15.0, 30.0, 60.0)
"""The pauses while what checks pictures is away: two minutes, since the picture may be paid."""
SIGN_PAUSES_S = (0.2, 0.4, 0.8, 1.6)
"""The pauses while the key that signs is away: short, since what was drawn is kept."""
T = TypeVar("T")


class Patience:
    """Writes the ends of attempts, and retries for as long as the database is away.

    Meanwhile no worker can take a job over, and this one could not start another. A draining
    worker gives up after a lease of `lease_s` seconds.
    """

    def __init__(self, lease_s: float, draining: Callable[[], bool]) -> None:
        self._lease_s = lease_s
        self._draining = draining

    async def write(self, write: Callable[[], Awaitable[T]]) -> T:
        """Retries a write until it succeeds; raises Unavailable when it gives up."""
        pause_s, waited_s = _PAUSE_S, 0.0
        while True:
            try:
                return await write()
            except Unavailable:
                if self._draining() and waited_s >= self._lease_s:
                    raise
            await asyncio.sleep(pause_s)
            waited_s += pause_s
            pause_s = min(2 * pause_s, _PAUSE_MAX_S)
