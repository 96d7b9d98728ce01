"""Usage: the record of when this database was in use, which a gateway keeps while it runs."""

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from server.errors import Unavailable
from server.store.uses import Uses

_INTERVAL_S = 30.0
CLOCKS_DIFFER = timedelta(minutes=5)
"""Clocks that differ by less count as one: what is near an edge of the record is not in it."""

Span = tuple[datetime, datetime]
_log = logging.getLogger(__name__)


class Usage:
    """Notes every half minute that the database is in use."""

    def __init__(self, uses: Uses, interval_s: float = _INTERVAL_S) -> None:
        self._uses = uses
        self._interval_s = interval_s
        self._use: UUID | None = None
        self._seen: datetime | None = None

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Notes it in the background while entered: at once, then again and again."""
        task = asyncio.create_task(self._run(), name="usage")
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def note(self) -> None:
        """Notes that the database is in use; after a gap, or a restored dump, that it is again."""
        if self._use is not None and self._seen is not None:
            gap = timedelta(seconds=2 * self._interval_s)
            self._seen = await self._uses.extend(self._use, self._seen, gap)
        if self._seen is None:
            self._use = uuid4()
            self._seen = await self._uses.begin(self._use)

    async def _run(self) -> None:
        while True:
            try:
                await self.note()
            except Unavailable as error:
                _log.warning("use not noted", extra={"error": error.message})
            except Exception:
                # Calls are served all the same; what is stored meanwhile is never swept.
                _log.exception("use not noted")
            await asyncio.sleep(self._interval_s)


def surely_in_use(spans: Sequence[Span]) -> list[Span]:
    """Returns the times within spans, joined where they overlap, that no clock puts outside."""
    joined: list[Span] = []
    for began, ended in sorted(spans):
        if joined and began <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], ended))
        else:
            joined.append((began, ended))
    sure = [(began + CLOCKS_DIFFER, ended - CLOCKS_DIFFER) for began, ended in joined]
    return [(began, ended) for began, ended in sure if began < ended]
