"""The objects of attempts: a drawn picture waits to be stored, a failed attempt leaves nothing."""

import asyncio
import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import chain, repeat
from typing import Protocol
from uuid import UUID

from actors.worker.patience import STORE_PAUSES_S
from actors.worker.signing import Signed
from imggen.v1 import errors_pb2
from server.domain.ids import JobId
from server.domain.jobs import Claim
from server.errors import ImggenError, Internal, Unavailable
from server.storage import Storage, StorageFull, StorageUnavailable, object_key

_REMOVED_WITHIN_S = 20.0
# Of one object, before the storage is asked whether it takes others.
_TRIES = 8
# Tries that failed right after the storage had taken another object.
_REFUSALS = 3
_log = logging.getLogger(__name__)


class NotStored(Internal):
    """Raised for an object that the storage does not take while it takes others."""

    def __init__(self, size: int, error: StorageUnavailable) -> None:
        super().__init__(
            f"storage: it takes other pictures, and not this one of {size:,} bytes "
            f"({error.problem}); look for a limit of the storage, or of a proxy before it",
            errors_pb2.ERROR_REASON_STORE_FAILED,
        )


class KnownObjects(Protocol):
    """Tells which objects completed attempts have."""

    async def orphans(self, keys: Mapping[str, tuple[UUID, int]]) -> list[str]:
        """Returns the keys that no asset points to, of attempts, by job and number, that ended."""
        ...


class JobObjects:
    """Stores what attempts made, for as long as it takes, and removes it again if they fail.

    A drawn picture may be paid: while the storage is away or full it waits here, as long as its
    lease lasts. Meanwhile nothing more should be drawn. One that the storage does not take while it
    takes others would wait for good, and fails.
    """

    def __init__(self, storage: Storage, pauses_s: Sequence[float] = STORE_PAUSES_S) -> None:
        """Takes the pauses between the tries of one write; the last one repeats."""
        self._storage = storage
        self._pauses_s = pauses_s
        self._writes: dict[tuple[JobId, int], dict[str, asyncio.Task[None]]] = {}
        self._waiting = 0
        self._problem: StorageUnavailable | None = None
        self._trial: asyncio.Task[None] | None = None

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

    async def put(self, claim: Claim, asset: Signed) -> str:
        """Stores an asset of an attempt and returns its key; waits while the storage is away.

        Raises NotStored for one that the storage refuses again and again, and takes others.
        """
        key = object_key(claim.user_id, claim.job_id, claim.attempt, asset.data, asset.content_type)
        refusals = 0
        for tries, pause in enumerate(self._pauses(), start=1):
            writing = asyncio.create_task(self._storage.put(key, asset.data, asset.content_type))
            self._writes.setdefault(_owner(claim), {})[key] = writing
            try:
                # Its thread goes on when nobody awaits it, and would write what was removed.
                await asyncio.shield(writing)
            except StorageUnavailable as error:
                await self._wait(key, error, pause)
                if tries < _TRIES or isinstance(error, StorageFull):  # which needs room, not luck
                    continue
                # What failed before the storage took another object may have been an outage.
                if refusals == _REFUSALS:
                    raise self._not_stored(claim, asset, error) from error
                refusals = refusals + 1 if await self._takes_others() else 0
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
                trials = () if self._trial is None else (self._trial,)
                await asyncio.gather(*writes.values(), *trials, return_exceptions=True)
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
        with self._held_up():
            await asyncio.sleep(pause_s)

    @contextmanager
    def _held_up(self) -> Iterator[None]:
        """Counts a picture as waiting, so that nobody else asks the storage meanwhile."""
        self._waiting += 1
        try:
            yield
        finally:
            self._waiting -= 1

    async def _takes_others(self) -> bool:
        if self._trial is None or self._trial.done():
            self._trial = asyncio.create_task(self._storage.check())
        try:
            with self._held_up():
                # As with writes: one that was broken off could leave its object behind.
                await asyncio.shield(self._trial)
        except StorageUnavailable:
            return False
        return True

    def _not_stored(self, claim: Claim, asset: Signed, error: StorageUnavailable) -> NotStored:
        fields = {"job_id": str(claim.job_id), "attempt": claim.attempt, "bytes": len(asset.data)}
        _log.error("object refused", extra={**fields, "error": error.message})
        return NotStored(len(asset.data), error)

    def _answers(self) -> None:
        # While a picture waits, a smaller object that was taken says little.
        if self._problem is not None and not self._waiting:
            self._problem = None
            _log.info("storage answers")


def _owner(claim: Claim) -> tuple[JobId, int]:
    return claim.job_id, claim.attempt
