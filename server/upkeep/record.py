"""When stored objects are from: a storage dates them by a clock of its own, which may be wrong."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import uuid4

from server.storage import Storage, StorageUnavailable
from server.storage.keys import object_key
from server.storage.trial import NOBODY
from server.store.uses import Uses
from server.upkeep.usage import Span, surely_in_use

# A worker commits the keys of an attempt's objects right after it has stored them, or still runs.
ORPHAN_AGE = timedelta(days=1)
_TYPE = "image/png"
_EVER = datetime.max.replace(tzinfo=UTC)
_NONE = timedelta(0)
_READ_AGAIN_S = 3600.0


@dataclass(frozen=True, slots=True)
class Record:
    """The times at which the database was in use, by its clock, which says `now`.

    `ahead` is how far the storage's clock is ahead of it, negative for one that is behind. It may
    have been right, or as it is now, when an object was stored; what is said here holds for both.
    """

    in_use: Sequence[Span]
    now: datetime
    ahead: timedelta = _NONE

    def covers(self, modified: datetime) -> bool:
        """Whether what the storage dates so is a day old, and from a time of use, surely."""
        first, last = modified - max(self.ahead, _NONE), modified - min(self.ahead, _NONE)
        return last <= self.now - ORPHAN_AGE and any(
            began <= first and last <= ended for began, ended in self.in_use
        )


class StorageClock:
    """The clock of a storage, read by an object that is written, listed and removed again."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self._ahead = _NONE
        self._good_until = 0.0

    async def record(self, uses: Uses) -> Record:
        """Returns the record of use; reads the clock if that was not done within an hour.

        Raises StorageUnavailable where a listing does not show the object.
        """
        now = asyncio.get_running_loop().time()
        if now >= self._good_until:
            self._ahead = await self._read(uses)
            self._good_until = now + _READ_AGAIN_S
        return Record(surely_in_use(await uses.spans()), await uses.now(), self._ahead)

    async def _read(self, uses: Uses) -> timedelta:
        job = uuid4()
        key = object_key(NOBODY, job, 0, job.bytes, _TYPE)
        before = await uses.now()
        try:
            await self._storage.put(key, job.bytes, _TYPE)
            after = await uses.now()
            listing = self._storage.list(f"{NOBODY}/{job}/", _EVER)
            dates = [found.modified async for found in listing]
        finally:
            await self._storage.delete(key)
        if not dates:
            raise StorageUnavailable("read its clock", "what was just written is not listed")
        return max(dates[0] - after, _NONE) + min(dates[0] - before, _NONE)
