"""The sweep: removes the bytes of deleted images, orphaned objects, old events, watches and plans.

An orphan is an object of this system that the database does not know, from a time at which it was
in use. Gateways sweep periodically, one at a time in the whole fleet. A sweep can stop anywhere:
the next one finds the rest.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import timedelta
from uuid import UUID

from server.domain.ids import ImageId
from server.domain.plans import PLAN_KEPT
from server.errors import ImggenError, Unavailable
from server.metrics import GatewayMetrics
from server.storage import Storage
from server.store import Store
from server.store.images import Images
from server.store.store import Statements
from server.upkeep.orphans import Findings, Search, orphans_of
from server.upkeep.usage import CLOCKS_DIFFER

_EVENTS_KEPT = timedelta(days=7)
_IMAGES = 100
_OBJECTS = 500
_OBJECTS_A_SWEEP = 10_000
_GO_ON_S = 5.0
_DELETES_AT_ONCE = 8
_REMOVED_AT_ONCE = 100
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Swept:
    """Counts of a sweep: images swept, orphans removed, failed removals, events, pages of plans."""

    images: int
    orphans: int
    failures: int
    events: int = 0
    plans: int = 0


class Sweeper:
    """Removes objects that no caller can reach any more, and old events, watches and plans.

    Each sweep searches a part of the storage for orphans, and the next one, which comes soon, goes
    on from there. They are removed once all of it was searched, unless they are too many for a day.
    """

    def __init__(
        self,
        store: Store,
        storage: Storage,
        metrics: GatewayMetrics | None = None,
        *,
        events_kept: timedelta = _EVENTS_KEPT,
        objects_a_sweep: int = _OBJECTS_A_SWEEP,
        objects_at_once: int = _OBJECTS,
    ) -> None:
        self._store = store
        self._storage = storage
        self._metrics = metrics or GatewayMetrics()
        self._events_kept = events_kept
        self._objects_a_sweep = objects_a_sweep
        self._search = Search(storage, objects_at_once)
        self._foreign = 0
        self._failures = 0

    @asynccontextmanager
    async def running(self, interval_s: float) -> AsyncIterator[None]:
        """Sweeps in the background while entered, every `interval_s`."""
        task = asyncio.create_task(self._run(interval_s), name="sweep")
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
            await self._search.stop()

    async def sweep(self) -> Swept | None:
        """Sweeps once; returns None when another gateway is sweeping.

        Raises Unavailable when the database or the storage is away.
        """
        async with self._store.alone("sweep") as statements:
            if statements is None:
                return None
            self._failures = 0
            await statements.watches.forget_expired()
            events = await statements.outbox.sweep(self._events_kept)
            plans = await statements.plans.sweep(PLAN_KEPT)
            images = await self._sweep_deleted(statements.images)
            orphans = await self._sweep_orphans(statements)
        swept = Swept(images, orphans, self._failures, events, plans)
        self._metrics.last_sweep.set(self._store.clock.now().timestamp())
        _log.info("swept", extra=asdict(swept))
        return swept

    async def _run(self, interval_s: float) -> None:
        while True:
            # What a restored database does not know is still to be looked at by a person. A search
            # that has begun ends soon, since a restart begins it anew.
            await asyncio.sleep(min(interval_s, _GO_ON_S) if self._search.under_way else interval_s)
            try:
                await self.sweep()
            except Unavailable as error:
                _log.warning("sweep failed", extra={"error": error.message})
            except Exception:
                # The next sweep tries again, and calls are served meanwhile.
                _log.exception("sweep failed")

    async def _sweep_deleted(self, images: Images) -> int:
        count, last = 0, ImageId(UUID(int=0))
        while leftovers := await images.unswept(last, _IMAGES):
            last = max(leftovers)
            # Images that share bytes may be deleted together.
            keys = dict.fromkeys(key for each in leftovers.values() for key in each)
            gone = await self._delete(list(keys))
            clean = [image for image, each in leftovers.items() if gone.issuperset(each)]
            await images.swept(clean)
            count += len(clean)
        return count

    async def _sweep_orphans(self, statements: Statements) -> int:
        found = await self._search.go_on(statements, self._objects_a_sweep)
        if found is None:
            return 0
        self._tell_foreign(found)
        _tell_clock(found)
        removed = await statements.uses.removed_lately()
        too_many = bool(found.orphans) and removed + len(found.orphans) > found.most
        self._metrics.kept_orphans.set(len(found.orphans) if too_many else 0)
        if too_many:
            fields = {"orphans": len(found.orphans), "listed": found.listed, "most": found.most}
            _log.error("orphans kept", extra={**fields, "removed_today": removed})
            return 0
        return await self.remove(statements, found.orphans)

    async def remove(self, statements: Statements, keys: Sequence[str]) -> int:
        """Removes objects that the database still does not know, and returns how many."""
        removed = 0
        # In small parts: meanwhile a job of a restored database may come to need what is left.
        for start in range(0, len(keys), _REMOVED_AT_ONCE):
            some = keys[start : start + _REMOVED_AT_ONCE]
            if orphans := await orphans_of(statements.images, some):
                await statements.uses.note_removal(len(orphans))
                removed += len(await self._delete(orphans))
        return removed

    def _tell_foreign(self, found: Findings) -> None:
        if found.foreign != self._foreign:
            self._foreign = found.foreign
            fields = {"objects": found.foreign, "example": found.example}
            _log.warning("foreign objects", extra=fields)

    async def _delete(self, keys: Sequence[str]) -> set[str]:
        """Removes objects and returns those that are gone; later sweeps try the others again."""
        gone = set()
        deleting = asyncio.Semaphore(_DELETES_AT_ONCE)

        async def delete(key: str) -> None:
            async with deleting:
                try:
                    await self._storage.delete(key)
                except ImggenError as error:
                    _log.warning("object not removed", extra={"key": key, "error": error.message})
                    self._failures += 1
                else:
                    gone.add(key)

        async with asyncio.TaskGroup() as group:
            for key in keys:
                group.create_task(delete(key))
        return gone


def _tell_clock(found: Findings) -> None:
    if abs(found.ahead) >= CLOCKS_DIFFER:
        _log.warning("storage's clock differs", extra={"ahead_s": found.ahead.total_seconds()})
