"""Budgets: their limits, and what is held and spent of them in a day."""

from datetime import date

from server.domain.ids import UserId
from server.domain.money import Budget, Spend
from server.store.database import Executor, Record

_GET = """
SELECT asked.scope, coalesce($2, current_date) AS day, l.limit_micros,
  coalesce(b.held_micros, 0) AS held_micros, coalesce(b.spent_micros, 0) AS spent_micros,
  l.set_by, l.set_at
FROM (SELECT $1::text AS scope) AS asked
LEFT JOIN budget_limits l ON l.scope = asked.scope
LEFT JOIN budgets b ON b.scope = asked.scope AND b.day = coalesce($2, current_date)
"""

# Holds lock the budget of a day before they read its limit: those under way end first, and those
# that come next find the new limit.
_LOCKED = """
WITH today AS (
  INSERT INTO budgets (scope, day) VALUES ($1, current_date)
  ON CONFLICT (scope, day) DO UPDATE SET scope = excluded.scope RETURNING scope
)
"""

_SET = f"""
{_LOCKED} INSERT INTO budget_limits (scope, limit_micros, set_by) SELECT scope, $2, $3 FROM today
ON CONFLICT (scope) DO UPDATE SET
  limit_micros = excluded.limit_micros, set_by = excluded.set_by, set_at = now()
"""

_REMOVE = "DELETE FROM budget_limits WHERE scope = $1"

_RESET = f"""
{_LOCKED} UPDATE budget_limits l SET limit_micros = $2, set_by = NULL, set_at = now()
FROM today WHERE l.scope = today.scope
"""

_GROUPS = {
    "day": "c.day::text",
    "provider": "c.provider",
    "model": "c.model",
    "user": "c.user_id::text",
    "style": "coalesce(i.style, '')",
    "story": "coalesce(j.story_id::text, '')",
}
"""The columns that spend can be grouped by."""

# An attempt makes one render, so that the one of the attempt that completed its job drew the image:
# each image counts once, whatever the groups are.
_SPEND = """
SELECT key, count(*) AS calls,
  count(*) FILTER (WHERE drew) AS images,
  sum(cost_micros)::bigint AS cost_micros,
  coalesce(sum(cost_micros) FILTER (WHERE state = 'unknown'), 0)::bigint AS unknown_micros,
  coalesce(sum(cost_micros) FILTER (WHERE estimated AND state <> 'unknown'), 0)::bigint
    AS estimated_micros,
  coalesce(sum(held_micros) FILTER (WHERE state = 'open'), 0)::bigint AS held_micros
FROM (
  SELECT c.*, ({group}) COLLATE "C" AS key,
    j.status = 'completed' AND c.call = 'render' AND c.attempt = j.attempt AS drew
  FROM calls c JOIN image_generation_jobs j ON j.id = c.job_id
  LEFT JOIN images i ON i.id = j.image_id
  WHERE c.day BETWEEN $1 AND $2 AND ($3::uuid IS NULL OR c.user_id = $3)
) AS call
WHERE $4::text IS NULL OR key > $4
GROUP BY key ORDER BY key LIMIT $5
"""


class Budgets:
    """Runs the statements on budgets; movements of money are in `Money`."""

    def __init__(self, database: Executor) -> None:
        self._database = database

    async def get(self, scope: str, day: date | None = None) -> Budget:
        """Returns the budget of a scope on a day, today's if it is None."""
        row = await self._database.fetchrow(_GET, scope, day)
        if row is None:
            raise ValueError("the budget of a scope always has one row")
        return _budget(row)

    async def set_limit(self, scope: str, limit_micros: int, by: UserId) -> None:
        """Sets the limit of a scope from now on, until it is set again.

        What is held and spent stays; once this returns, no hold is made by the limit before.
        """
        await self._database.execute(_SET, scope, limit_micros, by)

    async def spend(
        self,
        days: tuple[date, date],
        group: str,
        user: UserId | None,
        *,
        after: str | None,
        most: int,
    ) -> list[Spend]:
        """Returns what paid calls of some days cost, in groups, in the order of their keys.

        Those of one user, or of all for None; the groups after a key, or from the first for None.
        """
        query = _SPEND.format(group=_GROUPS[group])
        rows = await self._database.fetch(query, *days, user, after, most)
        return [Spend(**row) for row in rows]

    async def today(self) -> date:
        """Returns the day (UTC) by the clock of the database."""
        row = await self._database.fetchrow("SELECT current_date AS day")
        if row is None:
            raise ValueError("the database has no day")
        day: date = row["day"]
        return day

    async def remove_limit(self, scope: str, default_micros: int) -> None:
        """Removes the limit of a scope; `global` gets the gateway's setting instead."""
        if scope == "global":
            await self._database.execute(_RESET, scope, default_micros)
        else:
            await self._database.execute(_REMOVE, scope)


def _budget(row: Record) -> Budget:
    return Budget(**row)
