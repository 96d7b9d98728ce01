"""Budgets: what may be spent in a day. A hold takes its place before the money is spent."""

from server.store.database import Executor

_HOLD = """
INSERT INTO budgets AS b (scope, day, limit_micros, held_micros)
SELECT 'global', current_date, $2::bigint, $1::bigint WHERE $1::bigint <= $2::bigint
ON CONFLICT (scope, day) DO UPDATE SET
  limit_micros = excluded.limit_micros, held_micros = b.held_micros + excluded.held_micros
WHERE b.held_micros + b.spent_micros + excluded.held_micros <= excluded.limit_micros
RETURNING scope
"""


class Budgets:
    """Runs the statements on budgets; their rows are locked last in a transaction."""

    def __init__(self, database: Executor) -> None:
        self._database = database

    async def hold(self, price_micros: int, limit_micros: int) -> bool:
        """Holds a price against today's limit; False when the rest does not cover it."""
        return await self._database.fetchrow(_HOLD, price_micros, limit_micros) is not None
