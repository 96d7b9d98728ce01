"""The record of when this database was in use, and of the unknown objects that sweeps removed."""

from datetime import datetime, timedelta
from uuid import UUID

from server.store.database import Executor

_EXTEND = """
UPDATE database_use SET seen_at = now()
WHERE id = $1 AND seen_at = $2 AND seen_at > now() - $3::interval
RETURNING seen_at
"""

# What was removed before the last day counts for nothing.
_NOTE_REMOVAL = """
WITH old AS (DELETE FROM orphan_removals WHERE removed_at < now() - interval '2 days')
INSERT INTO orphan_removals (objects) VALUES ($1)
"""


class Uses:
    """Runs the statements on the record; its times are those of the database's clock."""

    def __init__(self, database: Executor) -> None:
        self._database = database

    async def begin(self, use: UUID) -> datetime:
        """Begins a use, and returns when that was."""
        row = await self._database.fetchrow(
            "INSERT INTO database_use (id) VALUES ($1) RETURNING seen_at", use
        )
        assert row is not None
        seen: datetime = row["seen_at"]
        return seen

    async def extend(self, use: UUID, seen_at: datetime, gap: timedelta) -> datetime | None:
        """Extends a use that was seen last at `seen_at`, and returns when that was.

        Returns None where it is not as it was left, since an older dump was restored, and for one
        that was seen longer ago than the gap: what happened since is not known.
        """
        row = await self._database.fetchrow(_EXTEND, use, seen_at, gap)
        return None if row is None else row["seen_at"]

    async def now(self) -> datetime:
        """Returns the time."""
        row = await self._database.fetchrow("SELECT clock_timestamp() AS now")
        assert row is not None
        now: datetime = row["now"]
        return now

    async def spans(self) -> list[tuple[datetime, datetime]]:
        """Returns the times of use, each with its end, in the order of their beginnings."""
        rows = await self._database.fetch(
            "SELECT began_at, seen_at FROM database_use ORDER BY began_at"
        )
        return [(row["began_at"], row["seen_at"]) for row in rows]

    async def removed_lately(self) -> int:
        """Returns how many unknown objects sweeps have removed within a day."""
        row = await self._database.fetchrow(
            "SELECT coalesce(sum(objects), 0) AS objects FROM orphan_removals"
            " WHERE removed_at > now() - interval '1 day'"
        )
        return int(row["objects"]) if row else 0

    async def note_removal(self, objects: int) -> None:
        """Notes that so many unknown objects are about to be removed."""
        await self._database.execute(_NOTE_REMOVAL, objects)
