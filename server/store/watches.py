"""Previews, and who wants them."""

from collections.abc import Sequence
from datetime import timedelta

from server.domain.ids import JobId
from server.store.database import Executor


class Watches:
    """Runs the statements on watches and previews."""

    def __init__(self, database: Executor) -> None:
        self._database = database

    async def renew(self, jobs: Sequence[JobId], length: timedelta) -> None:
        """Says that previews of these jobs are wanted for a while."""
        await self._database.execute(
            "INSERT INTO job_watches (job_id, watched_until)"
            " SELECT id, now() + $2 FROM unnest($1::uuid[]) AS id"
            " ON CONFLICT (job_id) DO UPDATE SET watched_until = excluded.watched_until",
            jobs,
            length,
        )

    async def previews(self, jobs: Sequence[JobId]) -> dict[JobId, tuple[int, int, bytes]]:
        """Returns the newest previews as (attempt, sequence, JPEG)."""
        rows = await self._database.fetch(
            "SELECT job_id, attempt, seq, jpeg FROM job_previews WHERE job_id = ANY($1)", jobs
        )
        return {row["job_id"]: (row["attempt"], row["seq"], row["jpeg"]) for row in rows}
