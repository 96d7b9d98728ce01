"""Retirements: operators are told of offered models that go, at the start and once a day."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import date

from server.clock import SYSTEM_CLOCK, Clock
from server.routing.catalogue import Catalogue

_INTERVAL_S = 600.0
_log = logging.getLogger(__name__)


class RetirementNotices:
    """Logs which models of a catalogue retire soon, or have: once a day (UTC)."""

    def __init__(self, catalogue: Catalogue, clock: Clock = SYSTEM_CLOCK) -> None:
        self._catalogue = catalogue
        self._clock = clock
        self._told: date | None = None

    @asynccontextmanager
    async def running(self, interval_s: float = _INTERVAL_S) -> AsyncIterator[None]:
        """Looks in the background while entered: at once, then every `interval_s`."""
        self.tell()
        task = asyncio.create_task(self._run(interval_s), name="retirements")
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    def tell(self) -> None:
        """Logs the day's notices, unless they were logged on this day."""
        now = self._clock.now()
        if now.date() == self._told:
            return
        self._told = now.date()
        for warning in self._catalogue.warnings(now):
            _log.warning("model retires", extra={"why": warning})

    async def _run(self, interval_s: float) -> None:
        while True:
            await asyncio.sleep(interval_s)
            self.tell()
