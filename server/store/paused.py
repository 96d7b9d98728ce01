"""Lanes that admins have paused: nothing is claimed there until they are resumed."""

from server.domain.ids import UserId
from server.domain.states import Lane
from server.store.database import Executor

PAUSED = """NOT EXISTS (SELECT FROM unnest($1::text[]) AS asked (lane)
    WHERE asked.lane NOT IN (SELECT lane FROM paused_lanes))"""
"""Whether all lanes of $1 are paused."""

# What waits there begins its time without an offer, or without a check, anew: nobody could look for
# one meanwhile. Jobs are locked in the order of all statements that lock many.
_RESUME = """
WITH resumed AS (
  DELETE FROM paused_lanes WHERE lane = $1 RETURNING lane
), waiting AS (
  SELECT j.id FROM image_generation_jobs j
  WHERE j.status = 'queued' AND j.no_offer_since IS NOT NULL
    AND j.id IN (SELECT job_id FROM job_lanes JOIN resumed USING (lane))
  ORDER BY j.batch_id, j.id FOR NO KEY UPDATE OF j
), begun AS (
  UPDATE image_generation_jobs j SET no_offer_since = now() FROM waiting WHERE j.id = waiting.id
)
SELECT lane FROM resumed
"""


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
        """Resumes a lane; returns False if it was not paused.

        The pause is no part of the time for which no model may draw what waits there.
        """
        return await self._database.fetchrow(_RESUME, lane) is not None
