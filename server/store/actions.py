"""The audit of what admins do to the jobs of others; rows are only added."""

from collections.abc import Collection

from server.domain.actions import Action, ActionId, ActionKind, BegunAction, NewAction
from server.domain.ids import JobId
from server.store.database import Executor, Record

_BEGIN = """
INSERT INTO admin_actions (by_user, kind, target, allow_unknown_calls, request_id, request_hash)
VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (by_user, request_id) DO NOTHING RETURNING id, at
"""

_FIND = """
SELECT id, at, request_hash = $3 AS same FROM admin_actions WHERE by_user = $1 AND request_id = $2
"""

_NOTE = """
INSERT INTO admin_action_jobs (action_id, job_id) SELECT $1, unnest($2::uuid[])
ON CONFLICT DO NOTHING
"""

_SELECT = """
SELECT a.id, a.at, a.by_user AS by, a.kind, a.target, a.allow_unknown_calls,
  (SELECT count(*) FROM admin_action_jobs j WHERE j.action_id = a.id) AS jobs
FROM admin_actions a
"""

_PAGE = f"""
{_SELECT} WHERE $1::uuid IS NULL OR (a.at, a.id) < (SELECT at, id FROM admin_actions WHERE id = $1)
ORDER BY a.at DESC, a.id DESC LIMIT $2
"""

_OF_JOB = f"""
{_SELECT} WHERE a.id IN (SELECT action_id FROM admin_action_jobs WHERE job_id = $1)
ORDER BY a.at, a.id
"""


class Actions:
    """Runs the statements on the audit."""

    def __init__(self, database: Executor) -> None:
        self._database = database

    async def begin(self, action: NewAction) -> BegunAction | None:
        """Writes down an action before it changes anything.

        Under the `request_id` of an earlier one, that goes on. Returns None where it was used with
        another request.
        """
        key = action.request
        row = await self._database.fetchrow(
            *(_BEGIN, action.by, action.kind, action.target, action.allow_unknown_calls),
            *((key.id, key.digest) if key else (None, None)),
        )
        if row is None and key is not None:
            row = await self._database.fetchrow(_FIND, action.by, key.id, key.digest)
            if row is not None and not row["same"]:
                return None
        if row is None:
            raise AssertionError("an action is inserted, or found by its request_id")
        return BegunAction(ActionId(row["id"]), row["at"])

    async def note(self, action: ActionId, jobs: Collection[JobId]) -> None:
        """Writes down which jobs an action changes, in the transaction that changes them."""
        await self._database.execute(_NOTE, action, list(jobs))

    async def get(self, action: ActionId) -> Action:
        """Returns an action that has begun."""
        row = await self._database.fetchrow(f"{_SELECT} WHERE a.id = $1", action)
        if row is None:
            raise AssertionError("actions are never removed")
        return _action(row)

    async def page(self, after: ActionId | None, most: int) -> list[Action]:
        """Returns actions, the newest first: those after one, or from the first for None."""
        return [_action(row) for row in await self._database.fetch(_PAGE, after, most)]

    async def of_job(self, job: JobId) -> list[Action]:
        """Returns the actions that changed a job, the first one first."""
        return [_action(row) for row in await self._database.fetch(_OF_JOB, job)]


def _action(row: Record) -> Action:
    return Action(**{**row, "kind": ActionKind(row["kind"])})
