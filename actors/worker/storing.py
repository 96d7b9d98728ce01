"""The objects of attempts: a drawn picture waits to be stored, a failed attempt leaves nothing."""

import asyncio
import logging
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain, repeat
from typing import Protocol
from uuid import UUID

from actors.finishing.forms import RenderedAsset
from actors.worker.patience import STORE_PAUSES_S
from server.domain.ids import JobId
from server.domain.jobs import Claim
from server.errors import ImggenError, Unavailable
from server.storage import Storage, StorageUnavailable, object_key

_REMOVED_WITHIN_S = 20.0
_log = logging.getLogger(__name__)


class KnownObjects(Protocol):
    """Tells which objects completed attempts have."""

    async def orphans(self, keys: Mapping[str, tuple[UUID, int]]) -> list[str]:
        """Returns the keys that no asset points to, of attempts, by job and number, that ended."""
        ...


class JobObjects:
    """Stores what attempts made, for as long as it takes, and removes it again if they fail.

    A drawn picture may be paid: while the storage is away or full it waits here, as long as its
    lease lasts. Meanwhile nothing more should be drawn.
    """

    def __init__(self, storage: Storage, pauses_s: Sequence[float] = STORE_PAUSES_S) -> None:
        """Takes the pauses between the tries of one write; the last one repeats."""
        self._storage = storage
        self._pauses_s = pauses_s
        self._writes: dict[tuple[JobId, int], dict[str, asyncio.Task[None]]] = {}
        self._waiting = 0
        self._problem: StorageUnavailable | None = None

    @property
    def away(self) -> bool:
        """Whether the last that was asked of the storage failed."""
        return self._problem is not None

    async def check(self) -> None:
        """Raises StorageUnavailable while the storage is away; asks it if no picture waits."""
        if self._problem is None:
            return
        if self._waiting:  # and its next try will tell
            raise self._problem
        try:
            await self._storage.check()
        except StorageUnavailable as error:
            self._problem = error
            raise
        self._answers()

    def failed(self, error: StorageUnavailable) -> None:
        """Notes that the storage is away, or refuses what it is asked."""
        self._problem = error

    async def put(self, claim: Claim, asset: RenderedAsset) -> str:
        """Stores an asset of an attempt and returns its key; waits while the storage is away."""
        key = object_key(claim.user_id, claim.job_id, claim.attempt, asset.data, asset.content_type)
        for pause in self._pauses():
            writing = asyncio.create_task(self._storage.put(key, asset.data, asset.content_type))
            self._writes.setdefault(_owner(claim), {})[key] = writing
            try:
                # Its thread goes on when nobody awaits it, and would write what was removed.
                await asyncio.shield(writing)
            except StorageUnavailable as error:
                await self._wait(key, error, pause)
            else:
                self._answers()
                break
        return key

    def keep(self, claim: Claim) -> None:
        """Leaves the objects of an attempt where they are: its job is completed."""
        self._writes.pop(_owner(claim), None)

    async def end(self, claim: Claim, known: KnownObjects) -> None:
        """Removes the objects of an attempt that were not kept, if nothing points to them.

        What it cannot remove is swept after a day.
        """
        writes = self._writes.pop(_owner(claim), None)
        if not writes:
            return
        try:
            async with asyncio.timeout(_REMOVED_WITHIN_S):
                await asyncio.gather(*writes.values(), return_exceptions=True)
                # A completion whose answer was lost may have taken effect, or still may.
                of_attempt = dict.fromkeys(writes, _owner(claim))
                for key in await known.orphans(of_attempt):
                    await self._storage.delete(key)
        except (ImggenError, TimeoutError) as error:
            why = error.message if isinstance(error, Unavailable) else type(error).__name__
            fields = {"job_id": str(claim.job_id), "attempt": claim.attempt, "error": why}
            _log.warning("objects not removed", extra=fields)

    def _pauses(self) -> Iterator[float]:
        return chain(self._pauses_s, repeat(self._pauses_s[-1]))

    async def _wait(self, key: str, error: StorageUnavailable, pause_s: float) -> None:
        self.failed(error)
        _log.warning("storage away", extra={"key": key, "error": error.message})
        self._waiting += 1
        try:
            await asyncio.sleep(pause_s)
        finally:
            self._waiting -= 1

    def _answers(self) -> None:
        # While a picture waits, a smaller object that was taken says little.
        if self._problem is not None and not self._waiting:
            self._problem = None
            _log.info("storage answers")


def _owner(claim: Claim) -> tuple[JobId, int]:
    return claim.job_id, claim.attempt
