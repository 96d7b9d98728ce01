"""The state of the fleet, for its metrics."""

from collections.abc import Collection

from server.domain.fleet import BudgetState, LaneState, OutboxState
from server.domain.states import Lane
from server.store.database import Executor
from server.store.workers import READY

_LANES = f"""
SELECT asked.lane, paused.lane IS NOT NULL AS paused, waiting.jobs AS waiting,
  CASE WHEN paused.lane IS NULL THEN waiting.oldest END AS oldest,
  running.jobs AS running, ready.workers, coalesce(ready.slots, 0) AS slots
FROM unnest($1::text[]) WITH ORDINALITY AS asked (lane, place)
LEFT JOIN paused_lanes AS paused ON paused.lane = asked.lane
CROSS JOIN LATERAL (
  SELECT count(*) AS jobs, now() - min(queued_at) FILTER (WHERE open) AS oldest
  FROM job_lanes WHERE lane = asked.lane
) AS waiting
CROSS JOIN LATERAL (
  SELECT count(*) AS jobs FROM image_generation_jobs
  WHERE status = 'processing' AND ready AND lane = asked.lane
) AS running
CROSS JOIN LATERAL (
  SELECT count(*) AS workers, sum((slots ->> asked.lane)::integer) AS slots
  FROM workers WHERE asked.lane = ANY(lanes) AND {READY}
) AS ready
ORDER BY asked.place
"""

_BUDGETS = """
SELECT asked.scope, l.limit_micros, coalesce(b.held_micros, 0) AS held_micros,
  coalesce(b.spent_micros, 0) AS spent_micros
FROM unnest($1::text[]) AS asked (scope)
LEFT JOIN budget_limits l ON l.scope = asked.scope
LEFT JOIN budgets b ON b.scope = asked.scope AND b.day = current_date
ORDER BY asked.scope
"""

_OUTBOX = """
SELECT now() - (SELECT at FROM outbox ORDER BY xact, id LIMIT 1) AS oldest,
  now() - (
    SELECT min(at) FROM outbox WHERE xact >= (SELECT outbox_settled())
  ) AS unsettled
"""


class Fleet:
    """Runs the statements on the state of the fleet."""

    def __init__(self, database: Executor) -> None:
        self._database = database

    async def lanes(self) -> list[LaneState]:
        """Returns the state of each lane."""
        rows = await self._database.fetch(_LANES, list(Lane))
        return [LaneState(**{**row, "lane": Lane(row["lane"])}) for row in rows]

    async def budgets(self, scopes: Collection[str]) -> list[BudgetState]:
        """Returns the budgets of some scopes today, in the order of their names."""
        rows = await self._database.fetch(_BUDGETS, sorted(scopes))
        return [BudgetState(**row) for row in rows]

    async def outbox(self) -> OutboxState:
        """Returns the ages of what the outbox has."""
        row = await self._database.fetchrow(_OUTBOX)
        if row is None:
            raise AssertionError("a statement without a table has a row")
        return OutboxState(row["oldest"], row["unsettled"])
