"""Orphans: stored objects of this system that its database does not know, found part by part."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import timedelta

from server.clock import Clock
from server.storage import Storage, StoredObject
from server.storage.keys import attempt_of
from server.store.images import Images
from server.upkeep.usage import Span

# A worker commits the keys of an attempt's objects right after it has stored them, or still runs.
ORPHAN_AGE = timedelta(days=1)
_FEW = 20
_SHARE = 100
_SHOWN = 120


@dataclass(slots=True)
class Findings:
    """What a search of the whole storage has found, of objects that are older than a day.

    `listed` are objects of this system, `orphans` those that the database does not know,
    `unrecorded` the same, but from a time at which it was not in use, and `foreign` all others,
    with one `example`.
    """

    listed: int = 0
    orphans: list[str] = field(default_factory=list)
    unrecorded: list[str] = field(default_factory=list)
    foreign: int = 0
    example: str = ""

    @property
    def most(self) -> int:
        """How many orphans may be removed in a day: more are a sign of another database's."""
        return max(_FEW, self.listed // _SHARE)


class Search:
    """Searches a storage for orphans; each call goes on where the last one ended."""

    def __init__(self, storage: Storage, clock: Clock, at_once: int) -> None:
        """Takes the number of objects that the database is asked about at once."""
        self._storage = storage
        self._clock = clock
        self._at_once = at_once
        self._found = Findings()
        self._listing: AsyncGenerator[list[StoredObject], None] | None = None

    async def go_on(self, images: Images, in_use: Sequence[Span], most: int) -> Findings | None:
        """Looks at `most` objects or a few more; returns the findings once all were looked at."""
        if self._listing is None:
            self._found = Findings()
            self._listing = self._old_objects()
        seen = 0
        try:
            async for objects in self._listing:
                await self._look_at(images, in_use, objects)
                seen += len(objects)
                if seen >= most:
                    return None
        except BaseException:
            await self.stop()
            raise
        self._listing = None
        return self._found

    async def stop(self) -> None:
        """Ends the search; the next one begins anew."""
        listing, self._listing = self._listing, None
        if listing is not None:
            await listing.aclose()

    async def _look_at(
        self, images: Images, in_use: Sequence[Span], objects: Sequence[StoredObject]
    ) -> None:
        ours = {each.key for each in objects if attempt_of(each.key) is not None}
        found = self._found
        found.listed += len(ours)
        for each in objects:
            if each.key not in ours:
                found.foreign += 1
                found.example = found.example or ascii(each.key[:_SHOWN])
        unknown = set(await orphans_of(images, list(ours)))
        for each in objects:
            if each.key in unknown:
                recorded = any(began <= each.modified <= ended for began, ended in in_use)
                (found.orphans if recorded else found.unrecorded).append(each.key)

    async def _old_objects(self) -> AsyncGenerator[list[StoredObject], None]:
        batch: list[StoredObject] = []
        old = self._clock.now() - ORPHAN_AGE
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
