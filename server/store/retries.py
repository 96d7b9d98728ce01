"""Retries that were asked for under a request_id."""

from uuid import UUID

from server.domain.ids import BatchId, JobId, UserId
from server.domain.jobs import RequestKey
from server.store.database import Executor

_NOTE = """
INSERT INTO retries (user_id, request_id, request_hash, job_id, batch_id)
VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING RETURNING request_id
"""

_FIND = """
SELECT coalesce(job_id, batch_id) AS retried, request_hash FROM retries
WHERE user_id = $1 AND request_id = $2
"""


class Retries:
    """Statements on retries; each is scoped to its user."""

    def __init__(self, database: Executor) -> None:
        self._database = database

    async def note(
        self,
        user: UserId,
        request: RequestKey,
        *,
        job: JobId | None = None,
        batch: BatchId | None = None,
    ) -> bool:
        """Notes what a request_id retries; returns False when it is taken.

        It waits for a transaction that notes the same request_id.
        """
        arguments = (user, request.id, request.digest, job, batch)
        return await self._database.fetchrow(_NOTE, *arguments) is not None

    async def find(self, user: UserId, request: RequestKey) -> tuple[UUID, bool] | None:
        """Returns the job or batch that a request_id retried, and whether by the same request."""
        row = await self._database.fetchrow(_FIND, user, request.id)
        return None if row is None else (row["retried"], row["request_hash"] == request.digest)
