"""Money: the prices of jobs are held in a day's budget, then released or settled.

The three movements are functions of the database (schema.sql); only they write the ledger and
the budget. Statements that end jobs call them on the rows that they end.
"""

from collections.abc import Collection

from server.domain.ids import JobId
from server.store.database import Executor

HOLDS = "array_agg((id, attempt, ai_provider, queued_at::date, estimated_micros)::hold)"
"""The holds of rows of jobs, as `hold_money`, `release_money` and `settle_money` take them.

A CTE that calls one of them must be read by the statement, or it would not run, and must read
every CTE that may wait for a lock, since the budget is locked last.
"""

# Jobs that cost nothing are held by the statement that queues them.
_HOLD = f"""
SELECT hold_money({HOLDS}, $2) AS held FROM image_generation_jobs
WHERE id = ANY($1) AND estimated_micros > 0
"""


class Money:
    """Holds money; call it last in a transaction, since it locks the budget."""

    def __init__(self, database: Executor) -> None:
        self._database = database

    async def hold(self, jobs: Collection[JobId], limit_micros: int) -> bool:
        """Holds the price of jobs in today's budget; False when its rest does not cover it."""
        row = await self._database.fetchrow(_HOLD, list(jobs), limit_micros)
        return row is not None and row["held"] is True
