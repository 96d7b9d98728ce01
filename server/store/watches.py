"""Previews, and the watches that want them."""

from collections.abc import Mapping, Sequence
from datetime import timedelta

from server.domain.ids import JobId
from server.store.database import Executor


class Watches:
    """Runs the statements on watches and previews."""

    def __init__(self, database: Executor) -> None:
        self._database = database

    async def renew(self, jobs: Sequence[JobId], length: timedelta) -> None:
        """Asks for previews of these jobs, for a while."""
        await self._database.execute(
            "INSERT INTO job_watches (job_id, watched_until)"
            " SELECT id, now() + $2 FROM unnest($1::uuid[]) AS id"
            " ON CONFLICT (job_id) DO UPDATE SET watched_until = excluded.watched_until",
            jobs,
            length,
        )

    async def previews(
        self, seen: Mapping[JobId, tuple[int, int]]
    ) -> dict[JobId, tuple[int, int, bytes, str]]:
        """Returns the previews that are newer than those seen.

        As (attempt, sequence, JPEG, classifier); the classifier is empty if none has checked it.
        """
        rows = await self._database.fetch(
            "SELECT v.job_id, v.attempt, v.seq, v.jpeg, v.checked_by"
            " FROM unnest($1::uuid[], $2::integer[], $3::integer[]) AS s (job_id, attempt, seq)"
            " JOIN job_previews v"
            " ON v.job_id = s.job_id AND (v.attempt, v.seq) > (s.attempt, s.seq)",
            list(seen),
            [attempt for attempt, _ in seen.values()],
            [sequence for _, sequence in seen.values()],
        )
        return {
            row["job_id"]: (row["attempt"], row["seq"], row["jpeg"], row["checked_by"] or "")
            for row in rows
        }

    async def forget_expired(self) -> None:
        """Removes the rows of watches that ended an hour ago."""
        await self._database.execute(
            "DELETE FROM job_watches WHERE watched_until < now() - interval '1 hour'"
        )
