"""Paid calls as operators see and settle them; attempts begin and end theirs in `Money`."""

from uuid import UUID

from server.domain.ids import JobId
from server.domain.money import BookedCall, CallName, CallState
from server.store.database import Executor, Record

_COLUMNS = """job_id, attempt, call, user_id, provider, model, day, begun_at, request_id,
  held_micros, cost_micros, state, estimated"""

_UNSETTLED = f"""
SELECT {_COLUMNS} FROM calls
WHERE estimated AND ($1::uuid IS NULL OR (begun_at, job_id, attempt, call) > (
  SELECT begun_at, job_id, attempt, call FROM calls
  WHERE job_id = $1 AND attempt = $2 AND call = $3
))
ORDER BY begun_at, job_id, attempt, call LIMIT $4
"""

# What a call holds never changes, so that it can be compared before the call is locked.
_SETTLE = f"""
WITH asked AS MATERIALIZED (
  SELECT * FROM calls WHERE job_id = $1 AND attempt = $2 AND call = $3
), settled AS (
  SELECT call.* FROM asked,
    LATERAL settle_estimated(asked.job_id, asked.attempt, asked.call, $4) AS call
  WHERE $5 OR $4 <= asked.held_micros
)
SELECT {_COLUMNS} FROM settled
UNION ALL
SELECT {_COLUMNS} FROM asked WHERE NOT $5 AND $4 > held_micros
"""


_OF_JOB = f"SELECT {_COLUMNS} FROM calls WHERE job_id = $1 ORDER BY attempt, begun_at, call"


class Calls:
    """Runs the statements on paid calls."""

    def __init__(self, database: Executor) -> None:
        self._database = database

    async def unsettled(self, after: str | None, most: int) -> list[BookedCall]:
        """Returns the calls whose cost is not known, the oldest first.

        Those after the one with a key, or from the first for None; a key that no call has is after
        all of them.
        """
        job, attempt, name = (None, None, None) if after is None else _parts(after)
        rows = await self._database.fetch(_UNSETTLED, job, attempt, name, most)
        return [_call(row) for row in rows]

    async def of_job(self, job: JobId) -> list[BookedCall]:
        """Returns the calls of a job, the first one first."""
        return [_call(row) for row in await self._database.fetch(_OF_JOB, job)]

    async def settle(
        self,
        job: JobId,
        attempt: int,
        name: CallName,
        cost_micros: int,
        *,
        above_hold: bool = False,
    ) -> BookedCall | None:
        """Books what a call cost, 0 for one that was not billed, if that is not known.

        A cost above the call's hold is booked only where `above_hold` allows it. The call is locked
        with its job, so that one of several settles counts. Returns the call as it is then, None if
        there is no such call.
        """
        row = await self._database.fetchrow(_SETTLE, job, attempt, name, cost_micros, above_hold)
        return None if row is None else _call(row)


def key_of_call(call: BookedCall) -> str:
    """Returns the place of a call in a list."""
    return f"{call.job_id}/{call.attempt}/{call.name}"


def _parts(key: str) -> tuple[UUID, int, str]:
    job, attempt, name = key.split("/")
    return UUID(job), int(attempt), name


def _call(row: Record) -> BookedCall:
    fields = dict(row)
    name, state = CallName(fields.pop("call")), CallState(fields.pop("state"))
    return BookedCall(**fields, name=name, state=state)
