"""Alerts: those on money are written with its movements (schema.sql); a gateway sends all."""

from datetime import timedelta

from server.domain.money import Alert, AlertKind
from server.store.database import Executor, Record

NOTE_REFUSAL = """
INSERT INTO alerts (kind, day, scope, percent, limit_micros, held_micros, spent_micros)
SELECT 'budget_used', current_date, l.scope, 100, l.limit_micros, coalesce(b.held_micros, 0),
  coalesce(b.spent_micros, 0)
FROM budget_limits l LEFT JOIN budgets b ON b.scope = l.scope AND b.day = current_date
LEFT JOIN holds h ON h.job_id = $3 AND h.day = current_date
  AND l.scope = ANY(scopes_of(h.provider, h.user_id))
WHERE l.scope = $1 AND coalesce(b.held_micros + b.spent_micros, 0) - coalesce(h.micros, 0) + $2
  > l.limit_micros
ON CONFLICT DO NOTHING
"""
"""Written after a refusal: what an admission refuses is rolled back with all that it wrote.

What one picture costs must not fit: a story may be too dear for a budget that is hardly used, and
the limit or the day may be another one by now. The hold of the job that is refused is its own.
"""

_NOTE_FAILURE = """
INSERT INTO alerts (kind, day, scope, model, reason)
VALUES ('provider_failed', current_date, 'provider:' || $1, $2, $3) ON CONFLICT DO NOTHING
"""

# Those of a newer version are left to its gateways.
_DUE = """
SELECT id, kind, day, scope, percent, model, reason, limit_micros, held_micros, spent_micros,
  job_id, attempt, call, created_at, tries
FROM alerts WHERE delivered_at IS NULL AND given_up_at IS NULL AND next_try_at <= now()
  AND kind = ANY($2)
ORDER BY next_try_at, id LIMIT $1
"""

_DELIVERED = "UPDATE alerts SET delivered_at = now(), tries = tries + 1 WHERE id = $1"

_FAILED = "UPDATE alerts SET tries = tries + 1, next_try_at = now() + $2 WHERE id = $1"

_GIVE_UP = "UPDATE alerts SET tries = tries + 1, given_up_at = now() WHERE id = $1"


class Alerts:
    """Runs the statements on alerts."""

    def __init__(self, database: Executor) -> None:
        self._database = database

    async def note_refusal(self, scope: str, picture_micros: int) -> None:
        """Notes that today's budget of a scope is used up, if it does not cover such a picture."""
        await self._database.execute(NOTE_REFUSAL, scope, picture_micros, None)

    async def note_failure(self, provider: str, model: str, reason: str) -> None:
        """Notes that a provider, or the model that is named, fails so; once a day (UTC)."""
        await self._database.execute(_NOTE_FAILURE, provider, model, reason)

    async def due(self, most: int) -> list[Alert]:
        """Returns the alerts to send now, the longest due first."""
        return [_alert(row) for row in await self._database.fetch(_DUE, most, list(AlertKind))]

    async def delivered(self, alert: Alert) -> None:
        """Notes that an alert was sent; it is not sent again."""
        await self._database.execute(_DELIVERED, alert.id)

    async def failed(self, alert: Alert, again_after: timedelta | None) -> None:
        """Notes that a send failed: the alert is due again after a while, or given up for None."""
        if again_after is None:
            await self._database.execute(_GIVE_UP, alert.id)
        else:
            await self._database.execute(_FAILED, alert.id, again_after)


def _alert(row: Record) -> Alert:
    return Alert(**{**row, "kind": AlertKind(row["kind"])})
