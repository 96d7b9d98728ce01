"""Why models were chosen for a job, and what its attempts paid."""

from collections import defaultdict

from server.domain.ids import JobId, UserId
from server.domain.money import CallName
from server.domain.routes import Route, RoutedAttempt, RoutedCall, RoutedJob
from server.store.database import Executor, Record

_ATTEMPTS = """
SELECT attempt, route,
  CASE outcome WHEN 'upscaled' THEN 'completed' ELSE outcome END AS outcome,
  coalesce(error_message, '') AS error, started_at
FROM attempts WHERE job_id = $1 AND attempt > 0 ORDER BY attempt
"""

_CALLS = """
SELECT attempt, call, provider, cost_micros, estimated, state, request_id
FROM calls WHERE job_id = $1 ORDER BY attempt, begun_at
"""


class Routes:
    """Runs the statements on routes."""

    def __init__(self, database: Executor) -> None:
        self._database = database

    async def of_job(self, user: UserId | None, job: JobId) -> RoutedJob | None:
        """Returns the choices of a job of the user, or of anybody's for None."""
        found = await self._database.fetchrow(
            "SELECT route, reused_from_image_id FROM image_generation_jobs"
            " WHERE id = $1 AND ($2::uuid IS NULL OR user_id = $2) AND kind <> 'plan'",
            job,
            user,
        )
        if found is None:
            return None
        calls = defaultdict[int, list[RoutedCall]](list)
        for row in await self._database.fetch(_CALLS, job):
            calls[row["attempt"]].append(_call(row))
        attempts = [
            _attempt(row, calls[row["attempt"]])
            for row in await self._database.fetch(_ATTEMPTS, job)
        ]
        return RoutedJob(
            job, Route.from_json(found["route"]), tuple(attempts), found["reused_from_image_id"]
        )


def _attempt(row: Record, calls: list[RoutedCall]) -> RoutedAttempt:
    return RoutedAttempt(
        attempt=row["attempt"],
        route=Route.from_json(row["route"]),
        outcome=row["outcome"],
        error=row["error"],
        started_at=row["started_at"],
        calls=tuple(calls),
    )


def _call(row: Record) -> RoutedCall:
    return RoutedCall(
        call=CallName(row["call"]),
        provider=row["provider"],
        cost_micros=row["cost_micros"],
        estimated=row["estimated"],
        unknown=row["state"] == "unknown",
        request_id=row["request_id"],
    )
