"""Lanes that admins have paused: nothing is claimed there until they are resumed."""

from server.domain.ids import UserId
from server.domain.states import Lane
from server.store.database import Executor

PAUSED = """NOT EXISTS (SELECT FROM unnest($1::text[]) AS asked (lane)
    WHERE asked.lane NOT IN (SELECT lane FROM paused_lanes))"""
"""Whether all lanes of $1 are paused."""


class PausedLanes:
    """Runs the statements on paused lanes."""

    def __init__(self, database: Executor) -> None:
        self._database = database

    async def pause(self, lane: Lane, by: UserId) -> bool:
        """Pauses a lane; returns False if it was paused."""
        row = await self._database.fetchrow(
            "INSERT INTO paused_lanes (lane, paused_by) VALUES ($1, $2)"
            " ON CONFLICT DO NOTHING RETURNING lane",
            lane,
            by,
        )
        return row is not None

    async def resume(self, lane: Lane) -> bool:
        """Resumes a lane; returns False if it was not paused."""
        row = await self._database.fetchrow(
            "DELETE FROM paused_lanes WHERE lane = $1 RETURNING lane", lane
        )
        return row is not None
