"""Stalls: operators are told which open transaction holds back all events, and since when."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from time import monotonic

from server.domain.changes import Holder
from server.errors import Unavailable
from server.metrics import GatewayMetrics
from server.store.causes import said_of
from server.store.outbox import Outbox

_LOOKS_S = 3.0
_TOLD_AFTER_S = 10.0
_TOLD_AGAIN_S = 300.0
_log = logging.getLogger(__name__)


class StallNotices:
    """Names the transactions that are open for 10 seconds, and could still write the outbox."""

    def __init__(
        self, outbox: Outbox, metrics: GatewayMetrics, clock: Callable[[], float] = monotonic
    ) -> None:
        self._outbox = outbox
        self._metrics = metrics
        self._clock = clock
        self._seen: dict[int, float] = {}
        self._told: dict[int, float] = {}

    @asynccontextmanager
    async def running(self, interval_s: float = _LOOKS_S) -> AsyncIterator[None]:
        """Looks in the background while entered."""
        task = asyncio.create_task(self._run(interval_s), name="stalls")
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def _run(self, interval_s: float) -> None:
        while True:
            try:
                await self.look()
            except Unavailable as error:
                _log.warning("stalls not looked for", extra={"error": said_of(error)})
            except Exception:
                # The next look tries again.
                _log.exception("stalls not looked for")
            await asyncio.sleep(interval_s)

    async def look(self) -> None:
        """Looks once; raises Unavailable while the database is away."""
        now = self._clock()
        found = await self._outbox.holders()
        self._seen = {one.xact: self._seen.get(one.xact, now) for one in found}
        self._metrics.outbox_held.clear()
        for one in found:
            age_s = self._age_s(one, now)
            if age_s >= _TOLD_AFTER_S:
                pid, name = str(one.pid or ""), one.prepared or one.application or ""
                self._metrics.outbox_held.labels(pid, name).set(age_s)
                self._tell(one, age_s, now)
        for xact in self._told.keys() - self._seen.keys():
            del self._told[xact]
            _log.info("events go on", extra={"xact": xact})

    def _age_s(self, one: Holder, now: float) -> float:
        """Returns how long a transaction is open, at least: who may not know it has seen it."""
        known_s = one.age.total_seconds() if one.age else 0.0
        return max(known_s, now - self._seen[one.xact])

    def _tell(self, one: Holder, age_s: float, now: float) -> None:
        if now - self._told.get(one.xact, float("-inf")) < _TOLD_AGAIN_S:
            return
        self._told[one.xact] = now
        fields: dict[str, object] = {"pid": one.pid, "age_s": round(age_s, 1), "xact": one.xact}
        fields |= {"user": one.user, "application": one.application, "prepared": one.prepared}
        _log.warning("events held back", extra=fields)
