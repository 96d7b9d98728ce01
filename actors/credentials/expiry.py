"""Expiry: operators are told of a certificate that ends soon, and of one that has ended."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

from actors.credentials.base import PictureSigner
from server.clock import Clock

_SOON = timedelta(days=30)
_LOOKS = timedelta(hours=1)
_log = logging.getLogger(__name__)


class ExpiryWatch:
    """Logs each hour what is left of a signer's certificate, whether anything is drawn or not."""

    def __init__(self, signer: PictureSigner, clock: Clock, looks: timedelta = _LOOKS) -> None:
        """Takes the longest time between two looks."""
        self._signer = signer
        self._clock = clock
        self._looks = looks

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Watches in the background until the block ends."""
        task = asyncio.create_task(self._run(), name="certificate")
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def _run(self) -> None:
        while True:
            left = self._look()
            # At the end itself, not up to an hour after it.
            pause = min(self._looks, left) if left > timedelta() else self._looks
            await asyncio.sleep(pause.total_seconds())

    def _look(self) -> timedelta:
        """Logs how long the certificate still lasts if that is not long, and returns it."""
        until = self._signer.until
        left = until - self._clock.now()
        if left <= timedelta():
            _log.error("certificate expired", extra={"until": until.isoformat()})
        elif left <= _SOON:
            fields = {"until": until.isoformat(), "days": left.days}
            _log.warning("certificate expires soon", extra=fields)
        return left
