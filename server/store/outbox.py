"""The outbox: committed changes, written by triggers, in an order that can be resumed.

A read returns settled changes only: no transaction, running or future, can add one before its
end.
"""

from datetime import timedelta

from server.domain.changes import Change, ChangedKind, Cursor, Holder, Scope, Stretch
from server.store.database import Executor, Record

# One snapshot has all: how far changes are settled, how far they were swept, and the changes.
#
# All before the oldest transaction of the server, the floor, are settled. It is at hand, and
# almost always enough; which transactions can write the outbox is looked up where it is not.
_READ = """
WITH now AS MATERIALIZED (
  SELECT CASE WHEN $5 THEN outbox_settled()
      ELSE pg_snapshot_xmin(pg_current_snapshot())::text::bigint END AS settled,
    pg_snapshot_xmin(pg_current_snapshot())::text::bigint AS floor,
    pg_snapshot_xmax(pg_current_snapshot())::text::bigint AS ahead
)
SELECT now.settled, now.floor, ($1, $2) >= (swept.xact, swept.id) AND $1 <= now.ahead AS kept,
  EXISTS (SELECT FROM outbox WHERE xact >= now.settled) AS unsettled, change.*
FROM now CROSS JOIN outbox_swept AS swept LEFT JOIN LATERAL (
  SELECT xact, id, at, user_id, object_kind, object_id, status, image_id, batch_id,
    CASE object_kind
      WHEN 'job' THEN (SELECT metadata FROM image_generation_jobs WHERE id = object_id)
      WHEN 'image' THEN
        (SELECT metadata FROM image_generation_jobs j WHERE j.image_id = object_id)
      WHEN 'batch' THEN (SELECT metadata FROM batches WHERE id = object_id)
    END AS metadata,
    CASE WHEN object_kind = 'image' AND status = 'completed'
      THEN (SELECT checked_by FROM images WHERE id = object_id) END AS checked_by
  FROM outbox
  WHERE (xact, id) > ($1::bigint, $2::bigint) AND xact < now.settled
    AND object_kind = ANY($4::text[])%s
  ORDER BY xact, id LIMIT $3
) AS change ON true
ORDER BY change.xact, change.id
"""

_READ_ALL = _READ % ""
_READ_OF_USER = _READ % " AND user_id = $6"

# From the front, so that the rest has no gaps, and only settled changes, which can be read by now.
_SWEEP = """
WITH now AS MATERIALIZED (SELECT outbox_settled() AS settled), front AS (
  SELECT xact, id, bool_and(
    at < now() - $1::interval AND xact < (SELECT settled FROM now)
  ) OVER (ORDER BY xact, id) AS old
  FROM (SELECT xact, id, at FROM outbox ORDER BY xact, id LIMIT $2) AS first
), gone AS (
  DELETE FROM outbox USING front
  WHERE outbox.xact = front.xact AND outbox.id = front.id AND front.old
  RETURNING outbox.xact, outbox.id
), last AS (
  SELECT xact, id FROM gone ORDER BY xact DESC, id DESC LIMIT 1
), note AS (
  UPDATE outbox_swept SET xact = last.xact, id = last.id FROM last
)
SELECT count(*) AS swept FROM gone
"""

# Changes that no transaction of this server can have written came with a dump of another one,
# whose numbers mean nothing here; all earlier cursors expire.
_SWEEP_FOREIGN = """
WITH now AS MATERIALIZED (
  SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint AS settled,
    pg_snapshot_xmax(pg_current_snapshot())::text::bigint AS ahead
), gone AS (
  DELETE FROM outbox USING now WHERE xact >= now.ahead RETURNING outbox.id
)
UPDATE outbox_swept SET xact = now.settled, id = 0 FROM now
WHERE outbox_swept.xact > now.ahead OR EXISTS (SELECT FROM gone)
"""
_AT_ONCE = 5_000

_HOLDERS = """
SELECT writer.xact, writer.pid, writer.prepared, coalesce(session.usename, held.owner) AS user,
  session.application_name AS application,
  clock_timestamp() - coalesce(session.xact_start, held.prepared) AS age
FROM outbox_writers() AS writer LEFT JOIN pg_stat_activity session USING (pid)
LEFT JOIN pg_prepared_xacts held ON held.gid = writer.prepared
ORDER BY writer.xact
"""


class Expired(Exception):
    """Raised when changes after a cursor were swept, or another database made the cursor."""


class Outbox:
    """Runs the statements on the outbox."""

    def __init__(self, database: Executor) -> None:
        self._database = database

    async def read(
        self, after: Cursor, limit: int, scope: Scope, *, closely: bool = True
    ) -> Stretch:
        """Returns the next settled changes of a scope; raises Expired when some were swept.

        Unless it looks `closely`, any transaction of the server holds changes back.
        """
        arguments = (*after, limit, sorted(scope.kinds), closely)
        rows = await (
            self._database.fetch(_READ_ALL, *arguments)
            if scope.user_id is None
            else self._database.fetch(_READ_OF_USER, *arguments, scope.user_id)
        )
        if not rows[0]["kept"]:
            raise Expired
        changes = [_change(row) for row in rows if row["id"] is not None]
        full = len(changes) == limit
        settled = max(after, Cursor(rows[0]["settled"], 0))
        end = changes[-1].cursor if full else settled
        return Stretch(changes, end, full, rows[0]["unsettled"], rows[0]["floor"])

    async def newest(self) -> Cursor:
        """Returns the cursor after everything that is settled now."""
        row = await self._database.fetchrow("SELECT outbox_settled() AS settled")
        assert row is not None
        return Cursor(row["settled"], 0)

    async def holders(self) -> list[Holder]:
        """Returns the open transactions that hold back changes, the first one first."""
        return [Holder(**row) for row in await self._database.fetch(_HOLDERS)]

    async def oldest(self) -> Cursor:
        """Returns the cursor before the oldest change that is kept."""
        row = await self._database.fetchrow("SELECT xact, id FROM outbox_swept")
        assert row is not None
        return Cursor(row["xact"], row["id"])

    async def sweep(self, kept: timedelta) -> int:
        """Removes changes that are older than `kept`; returns how many."""
        await self._database.execute(_SWEEP_FOREIGN)
        count = 0
        while True:
            row = await self._database.fetchrow(_SWEEP, kept, _AT_ONCE)
            count += row["swept"] if row else 0
            if not row or row["swept"] < _AT_ONCE:
                return count


def _change(row: Record) -> Change:
    return Change(
        cursor=Cursor(row["xact"], row["id"]),
        at=row["at"],
        user_id=row["user_id"],
        kind=ChangedKind(row["object_kind"]),
        object_id=row["object_id"],
        status=row["status"],
        image_id=row["image_id"],
        batch_id=row["batch_id"],
        metadata=row["metadata"] or {},
        checked_by=row["checked_by"] or "",
    )
