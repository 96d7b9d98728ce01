"""Offers of ended jobs: a retry may be admitted with another one than the job had."""

from collections.abc import Collection, Sequence

from server.domain.ids import JobId, UserId
from server.domain.lanes import Reoffer, WaitingJob
from server.store.database import Executor
from server.store.lanes import lanes_json, waiting_of

_ENDED = """
SELECT j.id, j.spec, j.limits, j.ai_model, '{}'::text[] AS passed_over,
  to_jsonb(lanes_of(j)) AS lanes
FROM image_generation_jobs j
WHERE j.id = ANY($1) AND j.user_id = $2 AND j.status IN ('failed', 'cancelled')
ORDER BY j.batch_id, j.id FOR NO KEY UPDATE
"""

_SET = """
UPDATE image_generation_jobs j SET
  ai_provider = asked.provider, ai_model = asked.model, estimated_micros = asked.price,
  cropped_from = asked.cropped_from, lanes = asked.lanes, lane = (asked.lanes)[1].lane
FROM jsonb_to_recordset($1)
  AS asked (
    id uuid, provider text, model text, price bigint, cropped_from text, lanes job_lane[]
  )
WHERE j.id = asked.id AND j.status IN ('failed', 'cancelled')
"""


class Offers:
    """Runs the statements that change the offers of ended jobs, before they are queued again."""

    def __init__(self, database: Executor) -> None:
        self._database = database

    async def of_ended(self, user: UserId, jobs: Collection[JobId]) -> list[WaitingJob]:
        """Returns what decides which offers ended jobs of a user have, as retries start anew.

        They are locked.
        """
        return [waiting_of(row) for row in await self._database.fetch(_ENDED, list(jobs), user)]

    async def set_each(self, offers: Sequence[Reoffer]) -> None:
        """Sets the first offers of ended jobs, their prices and the lanes they will wait in."""
        asked = [
            {
                "id": str(one.job_id),
                "provider": one.provider,
                "model": one.model,
                "price": one.price_micros,
                "cropped_from": one.cropped_from,
                "lanes": lanes_json(one.lanes),
            }
            for one in offers
        ]
        await self._database.execute(_SET, asked)
