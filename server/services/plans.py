"""Plans: the pages of a story are read by workers, while the call waits."""

import asyncio
import logging
from collections.abc import Iterable, Sequence

from imggen.errors import reason_of
from imggen.rules.states import request_id_reused
from imggen.v1.errors_pb2 import ERROR_REASON_CONTENT_POLICY
from server.domain.ids import JobId, RequestId, UserId
from server.domain.plans import NewReading, Reading
from server.domain.states import JobStatus, Lane
from server.errors import Internal, InvalidRequest, Unavailable
from server.store import Store
from server.store.signals import Signals
from server.watching.plans import PlanWatches

_log = logging.getLogger(__name__)


class PageReading:
    """Has pages read by workers, and leaves nothing where the call ends before they are."""

    def __init__(self, store: Store, signals: Signals, watches: PlanWatches) -> None:
        self._store = store
        self._signals = signals
        self._watches = watches
        self._dropping: set[asyncio.Task[None]] = set()

    async def read(
        self, user: UserId, request: RequestId | None, pages: Sequence[NewReading]
    ) -> list[Reading]:
        """Returns pages as they are read, in their order; waits until all are.

        Those that an earlier call with the same request_id had read are not read again. Raises
        AlreadyExists where that call had other pages, and Internal where one cannot be read.
        """
        if request is not None:
            await self._found(user, request, pages)
        try:
            while pages:
                if await self._store.plans.submit(pages):
                    self._signals.wake([Lane.READ])
                async with self._watches.watch([page.id for page in pages]) as watch:
                    await watch.end()
                found = await self._found(user, request, pages)
                _check(found.values())
                if all(page.id in found and _is_read(found[page.id]) for page in pages):
                    return [found[page.id] for page in pages]
                # Another call with the same request_id ended, and dropped what nobody had begun.
            return []
        except BaseException:
            await self._drop([page.id for page in pages])
            raise

    async def _found(
        self, user: UserId, request: RequestId | None, pages: Sequence[NewReading]
    ) -> dict[JobId, Reading]:
        found = await self._store.plans.find(user, [page.id for page in pages])
        for page in pages:
            if request is not None and page.id in found and found[page.id].spec != page.spec:
                raise request_id_reused(request)
        return found

    async def _drop(self, pages: Sequence[JobId]) -> None:
        """Drops what nobody has begun, also if the call is cancelled meanwhile."""
        task = asyncio.create_task(self._drop_waiting(pages), name="plan dropped")
        self._dropping.add(task)
        task.add_done_callback(self._dropping.discard)
        await asyncio.shield(task)

    async def _drop_waiting(self, pages: Sequence[JobId]) -> None:
        try:
            self._signals.tell(await self._store.plans.drop(pages))
        except Unavailable as error:
            # A worker reads them in vain, or the sweep removes them.
            _log.warning("plan not dropped", extra={"error": error.message})


def _is_read(reading: Reading) -> bool:
    return reading.status is JobStatus.COMPLETED


def _check(readings: Iterable[Reading]) -> None:
    """Raises the failure of a page that cannot be read, or whose text was refused."""
    for one in readings:
        if one.status is JobStatus.FAILED and one.failure is not None:
            reason = reason_of(one.failure.reason)
            if reason == ERROR_REASON_CONTENT_POLICY:
                raise InvalidRequest(one.failure.message, reason)
            raise Internal(one.failure.message, reason)
