"""Orphans: stored objects of this system that its database does not know, found part by part."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from server.storage import Storage, StoredObject
from server.storage.keys import attempt_of
from server.store.images import Images
from server.store.store import Statements
from server.upkeep.record import ORPHAN_AGE, StorageClock

_FEW = 20
_SHARE = 100
_SHOWN = 120
# So many times as long as it took, from its first part to its last.
_RESTS_FOR = 10


@dataclass(slots=True)
class Findings:
    """What a search of the whole storage has found, of objects that are older than a day.

    `listed` are objects of this system, `orphans` those that the database does not know,
    `unrecorded` the same, but from a time at which it was not in use, and `foreign` all others,
    with one `example`. `ahead` is how far the storage's clock is ahead of the database's.
    """

    listed: int = 0
    orphans: list[str] = field(default_factory=list)
    unrecorded: list[str] = field(default_factory=list)
    foreign: int = 0
    example: str = ""
    ahead: timedelta = timedelta(0)

    @property
    def most(self) -> int:
        """How many orphans may be removed in a day: more are a sign of another database's."""
        return max(_FEW, self.listed // _SHARE)


class Search:
    """Searches a storage for orphans; each call goes on where the last one ended.

    A search of several parts is followed by a rest.
    """

    def __init__(self, storage: Storage, at_once: int) -> None:
        """Takes the number of objects that the database is asked about at once."""
        self._storage = storage
        self._at_once = at_once
        self._clock = StorageClock(storage)
        self._began = self._rests_until = 0.0
        self._found = Findings()
        self._listing: AsyncGenerator[list[StoredObject], None] | None = None

    @property
    def under_way(self) -> bool:
        """Whether it has looked at a part of the storage, and not yet at the rest."""
        return self._listing is not None

    async def go_on(self, statements: Statements, most: int) -> Findings | None:
        """Looks at `most` objects or a few more; returns the findings once all were looked at."""
        now = asyncio.get_running_loop().time()
        if self._listing is None:
            if now < self._rests_until:
                return None
            self._began = now
            self._found = Findings()
            self._listing = self._objects(await statements.uses.now() - ORPHAN_AGE)
        seen = 0
        try:
            async for objects in self._listing:
                await self._look_at(statements, objects)
                seen += len(objects)
                if seen >= most:
                    return None
        except BaseException:
            await self.stop()
            raise
        self._listing = None
        if now > self._began:
            ended = asyncio.get_running_loop().time()
            self._rests_until = ended + _RESTS_FOR * (ended - self._began)
        return self._found

    async def stop(self) -> None:
        """Ends the search; the next one begins anew."""
        listing, self._listing = self._listing, None
        if listing is not None:
            await listing.aclose()

    async def _look_at(self, statements: Statements, objects: Sequence[StoredObject]) -> None:
        ours = {each.key for each in objects if attempt_of(each.key) is not None}
        found = self._found
        found.listed += len(ours)
        for each in objects:
            if each.key not in ours:
                found.foreign += 1
                found.example = found.example or ascii(each.key[:_SHOWN])
        unknown = set(await orphans_of(statements.images, list(ours)))
        if not unknown:
            return
        record = await self._clock.record(statements.uses)
        found.ahead = record.ahead
        for each in objects:
            if each.key in unknown:
                recorded = record.covers(each.modified)
                (found.orphans if recorded else found.unrecorded).append(each.key)

    async def _objects(self, old: datetime) -> AsyncGenerator[list[StoredObject], None]:
        batch: list[StoredObject] = []
        async with aclosing(self._storage.list("", old)) as objects:
            async for found in objects:
                batch.append(found)
                if len(batch) == self._at_once:
                    yield batch
                    batch = []
        if batch:
            yield batch


async def orphans_of(images: Images, keys: Sequence[str]) -> list[str]:
    """Returns those keys of this system that the database does not know."""
    made = {key: attempt for key in keys if (attempt := attempt_of(key)) is not None}
    return await images.orphans(made) if made else []
