"""The sweep: removes the bytes of deleted images, orphaned objects, old events, watches and plans.

A storage belongs to one database: an object that it does not know is an orphan, whatever stored
it. Gateways sweep periodically, one at a time in the whole fleet. A sweep can stop anywhere: the
next one finds the rest.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing, asynccontextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from server.domain.ids import ImageId
from server.domain.plans import PLAN_KEPT
from server.errors import ImggenError, Unavailable
from server.metrics import GatewayMetrics
from server.storage import Storage
from server.store import Store
from server.store.images import Images

# A worker commits the keys of an attempt's objects right after it stores them, never a day later.
_ORPHAN_AGE = timedelta(days=1)
_EVENTS_KEPT = timedelta(days=7)
_IMAGES = 100
_OBJECTS = 500
_OBJECTS_A_SWEEP = 10_000
_DELETES_AT_ONCE = 8
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

    Each sweep searches a part of the storage for orphans, and the next one goes on from there.
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
        self._objects_at_once = objects_at_once
        self._listing: AsyncGenerator[list[str], None] | None = None
        self._failures = 0

    @asynccontextmanager
    async def running(self, interval_s: float) -> AsyncIterator[None]:
        """Sweeps in the background while entered: at once, then every `interval_s`."""
        task = asyncio.create_task(self._run(interval_s), name="sweep")
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
            await self._stop_listing()

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
            orphans = await self._sweep_orphans(statements.images)
        swept = Swept(images, orphans, self._failures, events, plans)
        self._metrics.last_sweep.set_to_current_time()
        _log.info("swept", extra=asdict(swept))
        return swept

    async def _run(self, interval_s: float) -> None:
        while True:
            try:
                await self.sweep()
            except Unavailable as error:
                _log.warning("sweep failed", extra={"error": error.message})
            except Exception:
                # The next sweep tries again, and calls are served meanwhile.
                _log.exception("sweep failed")
            await asyncio.sleep(interval_s)

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

    async def _sweep_orphans(self, images: Images) -> int:
        count = seen = 0
        if self._listing is None:
            self._listing = self._old_objects()
        try:
            async for keys in self._listing:
                orphans = await images.unknown_keys(keys)
                count += len(await self._delete(orphans))
                seen += len(keys)
                if seen >= self._objects_a_sweep:
                    return count
        except BaseException:
            await self._stop_listing()
            raise
        self._listing = None
        return count

    async def _old_objects(self) -> AsyncGenerator[list[str], None]:
        batch: list[str] = []
        old = datetime.now(UTC) - _ORPHAN_AGE
        async with aclosing(self._storage.list("", old)) as objects:
            async for found in objects:
                batch.append(found.key)
                if len(batch) == self._objects_at_once:
                    yield batch
                    batch = []
        if batch:
            yield batch

    async def _stop_listing(self) -> None:
        listing, self._listing = self._listing, None
        if listing is not None:
            await listing.aclose()

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
