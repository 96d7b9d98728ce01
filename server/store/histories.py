"""Histories of jobs: everything that the tables keep of one."""

from collections import defaultdict

from server.domain.history import JobAttempt, JobHistory, Movement
from server.domain.ids import JobId
from server.domain.money import BookedCall, CallName, Reason
from server.domain.routes import Route
from server.domain.states import Stage
from server.domain.timings import read_step_times
from server.store.actions import Actions
from server.store.calls import Calls
from server.store.database import Executor, Record
from server.store.jobs import Jobs

_ADMITTED = "SELECT route FROM image_generation_jobs WHERE id = $1"

_ATTEMPTS = """
SELECT attempt, worker, provider, model,
  CASE outcome WHEN 'upscaled' THEN 'completed' ELSE outcome END AS outcome,
  coalesce(error_reason, '') AS reason,
  coalesce(error_message, '') AS error, started_at, finished_at, stage_ms, step_times, route
FROM attempts WHERE job_id = $1 AND attempt > 0 ORDER BY attempt
"""

_MOVEMENTS = """
SELECT at, kind, reason, attempt, call, provider, model, day, held_micros, spent_micros
FROM ledger WHERE job_id = $1 ORDER BY id
"""

_STAGES = frozenset(Stage)


class Histories:
    """Runs the statements on the histories of jobs."""

    def __init__(self, database: Executor) -> None:
        self._database = database
        self._actions = Actions(database)
        self._jobs = Jobs(database)
        self._calls = Calls(database)

    async def of_job(self, job: JobId) -> JobHistory | None:
        """Returns the history of a job of anybody; None if there is no such job."""
        found = await self._jobs.get(None, job)
        row = await self._database.fetchrow(_ADMITTED, job)
        if found is None or row is None:
            return None
        calls = defaultdict[int, list[BookedCall]](list)
        for call in await self._calls.of_job(job):
            calls[call.attempt].append(call)
        return JobHistory(
            found,
            Route.from_json(row["route"]),
            tuple(
                _attempt(one, calls[one["attempt"]])
                for one in await self._database.fetch(_ATTEMPTS, job)
            ),
            tuple(_movement(one) for one in await self._database.fetch(_MOVEMENTS, job)),
            tuple(await self._actions.of_job(job)),
        )


def _attempt(row: Record, calls: list[BookedCall]) -> JobAttempt:
    fields = dict(row)
    stages, route = fields.pop("stage_ms"), Route.from_json(fields.pop("route"))
    known = {Stage(key): ms for key, ms in stages.items() if key in _STAGES}
    steps = read_step_times(fields.pop("step_times"))
    return JobAttempt(**fields, stage_ms=known, step_times=steps, route=route, calls=tuple(calls))


def _movement(row: Record) -> Movement:
    call = CallName(row["call"]) if row["call"] else None
    return Movement(**{**row, "reason": Reason(row["reason"]), "call": call})
