"""Jobs that an admin's action is about, whoever owns them."""

from collections.abc import Collection, Sequence
from datetime import datetime

from server.domain.actions import Selection
from server.domain.batches import Node
from server.domain.ids import JobId, UserId
from server.domain.states import JobStatus
from server.store.database import Executor, Record

# A batch by itself, and each job without one: what is changed in one transaction.
_GROUPED = """
SELECT user_id, batch_id, array_agg(id ORDER BY id) AS jobs FROM chosen
GROUP BY user_id, batch_id, CASE WHEN batch_id IS NULL THEN id END
ORDER BY min(created_at), min(id::text)
"""

_OPEN = f"""
WITH chosen AS (
  SELECT id, user_id, batch_id, created_at FROM image_generation_jobs
  WHERE user_id = $1 AND status IN ('queued', 'processing') AND kind <> 'plan'
    AND NOT cancel_requested AND queued_at <= coalesce($2, now())
) {_GROUPED}
"""

_FAILED = """
WITH chosen AS (
  SELECT j.id, j.user_id, j.batch_id, j.created_at
  FROM image_generation_jobs j JOIN images i
    ON i.id = coalesce(j.image_id, j.upscales_image_id) AND i.deleted_at IS NULL
  WHERE j.status = 'failed' AND j.kind <> 'plan' AND j.completed_at <= coalesce($2, now()) AND %s
) %s
"""
_FAILED_OF_USER = _FAILED % ("j.user_id = $1", _GROUPED)
_FAILED_NAMED = _FAILED % ("j.id = ANY($1)", _GROUPED)

# Their images are locked, too: money is held for jobs whose images must not be deleted meanwhile.
_LOCK = """
SELECT j.id, j.status, j.cancel_requested, i.deleted_at IS NOT NULL AS deleted
FROM image_generation_jobs j JOIN images i ON i.id = coalesce(j.image_id, j.upscales_image_id)
WHERE j.id = ANY($1) ORDER BY j.id FOR NO KEY UPDATE OF j, i
"""

_ENDED_SINCE = """
SELECT id FROM image_generation_jobs
WHERE id = ANY($1) AND status IN ('failed', 'cancelled') AND completed_at > $2
"""

_UNKNOWN = "SELECT DISTINCT job_id FROM calls WHERE job_id = ANY($1) AND state = 'unknown'"


class Selections:
    """Runs the statements that choose jobs for actions of admins."""

    def __init__(self, database: Executor) -> None:
        self._database = database

    async def open_jobs(self, user: UserId, until: datetime | None) -> list[Selection]:
        """Returns a user's jobs that wait or run and whose cancel nobody has requested.

        Only those that were queued until a time, where one is given.
        """
        return await self._selected(_OPEN, user, until)

    async def failed_of_user(self, user: UserId, until: datetime | None) -> list[Selection]:
        """Returns a user's failed jobs that can be drawn again; those that failed until a time."""
        return await self._selected(_FAILED_OF_USER, user, until)

    async def failed_named(
        self, jobs: Collection[JobId], until: datetime | None
    ) -> list[Selection]:
        """Returns the failed ones of some jobs, as `failed_of_user` does."""
        return await self._selected(_FAILED_NAMED, list(jobs), until)

    async def lock(self, jobs: Collection[JobId]) -> dict[JobId, Node]:
        """Locks jobs without a batch until the transaction ends; returns how they are then."""
        rows = await self._database.fetch(_LOCK, list(jobs))
        return {row["id"]: _node(row) for row in rows}

    async def ended_since(self, jobs: Collection[JobId], since: datetime) -> set[JobId]:
        """Returns the jobs that have failed or were cancelled after a time."""
        rows = await self._database.fetch(_ENDED_SINCE, list(jobs), since)
        return {JobId(row["id"]) for row in rows}

    async def with_unknown_calls(self, jobs: Collection[JobId]) -> set[JobId]:
        """Returns the jobs that have a paid call of which nobody knows whether it was billed."""
        rows = await self._database.fetch(_UNKNOWN, list(jobs))
        return {JobId(row["job_id"]) for row in rows}

    async def _selected(
        self, query: str, of: UserId | Sequence[JobId], until: datetime | None
    ) -> list[Selection]:
        rows = await self._database.fetch(query, of, until)
        return [Selection(row["user_id"], row["batch_id"], tuple(row["jobs"])) for row in rows]


def _node(row: Record) -> Node:
    return Node(
        id=row["id"],
        status=JobStatus(row["status"]),
        cancel_requested=row["cancel_requested"],
        dependency_failed=False,
        deleted=row["deleted"],
        needs=frozenset(),
    )
