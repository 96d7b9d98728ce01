"""Plans: the readings of a story's pages, as jobs without an image that no caller sees."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from imggen.rules.checks import DEFAULT_PRIORITY
from server.domain.ids import JobId, UserId
from server.domain.jobs import Failure
from server.domain.lanes import JobLane
from server.domain.plans import NewReading, Reading
from server.domain.spec import RenderSpec
from server.domain.states import JobStatus, Lane
from server.store.database import Executor, Record
from server.store.lanes import lanes_json
from server.store.scenes import read_not_drawn, read_scene

# One that failed, or was cancelled since its call had ended, is queued again; all others stay as
# they are. Inserted in the order of their ids, so that two statements with the same ones cannot
# deadlock.
_SUBMIT = """
WITH asked AS (
  SELECT * FROM jsonb_to_recordset($1) AS asked (
    id uuid, user_id uuid, story_id uuid, page_id uuid, spec jsonb, spec_version integer,
    limits jsonb, lanes job_lane[], traceparent text
  )
), placed AS (
  SELECT job_id AS id, lanes FROM take_turns((
    SELECT array_agg((id, user_id, $2::integer, lanes)::turn_wanted) FROM asked
  ))
)
INSERT INTO image_generation_jobs AS j (
  id, user_id, story_id, page_id, kind, lane, lanes, turn, priority, spec, spec_version, limits,
  ai_provider, ai_model, traceparent
) SELECT id, user_id, story_id, page_id, 'plan', 'read', placed.lanes, (placed.lanes)[1].turn, $2,
  spec, spec_version, limits, '', '', traceparent
FROM asked JOIN placed USING (id) ORDER BY id
ON CONFLICT (id) DO UPDATE SET
  status = 'queued', queued_at = now(), run_after = now(), completed_at = NULL,
  cancel_requested = false, retry_count = 0, error_reason = NULL, error_message = NULL,
  lanes = excluded.lanes, turn = excluded.turn, traceparent = excluded.traceparent,
  updated_at = now()
WHERE j.status IN ('failed', 'cancelled') AND j.spec - 'seed' = excluded.spec - 'seed'
RETURNING j.id
"""

_FIND = """
SELECT j.id, j.status, j.spec, j.error_reason, j.error_message, s.scene, s.not_drawn
FROM image_generation_jobs j LEFT JOIN scenes s ON s.job_id = j.id
WHERE j.id = ANY($1) AND j.user_id = $2 AND j.kind = 'plan'
"""

# What was paid for stays, to explain the ledger.
_UNPAID = "NOT EXISTS (SELECT FROM calls c WHERE c.job_id = j.id)"

# Reads the rows of `gone`, which it has locked: jobs before what belongs to them, as everywhere.
_REMOVED = """
), lanes AS (
  DELETE FROM job_lanes USING gone WHERE job_id = gone.id
), progress AS (
  DELETE FROM job_progress USING gone WHERE job_id = gone.id
), attempt AS (
  DELETE FROM attempts USING gone WHERE job_id = gone.id
)
DELETE FROM image_generation_jobs j USING gone WHERE j.id = gone.id RETURNING j.id
"""

_DROP = f"""
WITH gone AS (
  SELECT id FROM image_generation_jobs j
  WHERE id = ANY($1) AND kind = 'plan' AND status = 'queued' AND {_UNPAID}
  ORDER BY batch_id, id FOR UPDATE
{_REMOVED}"""

_CANCEL = """
WITH asked AS (
  SELECT id FROM image_generation_jobs WHERE id = ANY($1) AND kind = 'plan' AND status = 'queued'
  ORDER BY batch_id, id FOR NO KEY UPDATE
)
UPDATE image_generation_jobs j SET
  status = 'cancelled', completed_at = now(), updated_at = now(),
  error_reason = 'JOB_CANCELLED', error_message = 'its call has ended'
FROM asked WHERE j.id = asked.id RETURNING j.id
"""

_SWEEP = f"""
WITH gone AS (
  SELECT id FROM image_generation_jobs j
  WHERE kind = 'plan' AND actual_micros = 0 AND status <> 'processing'
    AND updated_at < now() - $1::interval AND {_UNPAID}
  ORDER BY updated_at LIMIT $2 FOR UPDATE SKIP LOCKED
{_REMOVED}"""
_AT_ONCE = 1_000


class Plans:
    """Runs the statements of callers on plans."""

    def __init__(self, database: Executor) -> None:
        self._database = database

    async def submit(self, readings: Sequence[NewReading]) -> list[JobId]:
        """Queues the readings that are not there, or ended without a scene; returns their ids.

        One that is there with other content stays as it is.
        """
        asked = [_asked(one) for one in readings]
        rows = await self._database.fetch(_SUBMIT, asked, DEFAULT_PRIORITY)
        return [row["id"] for row in rows]

    async def find(self, user: UserId, readings: Sequence[JobId]) -> dict[JobId, Reading]:
        """Returns the user's readings that are there."""
        rows = await self._database.fetch(_FIND, readings, user)
        return {row["id"]: _reading(row) for row in rows}

    async def statuses(self, readings: Sequence[JobId]) -> dict[JobId, JobStatus]:
        """Returns how far readings are, without those that are gone."""
        rows = await self._database.fetch(
            "SELECT id, status FROM image_generation_jobs WHERE id = ANY($1)", readings
        )
        return {row["id"]: JobStatus(row["status"]) for row in rows}

    async def drop(self, readings: Sequence[JobId]) -> list[JobId]:
        """Removes the readings that nobody has begun; returns them.

        One whose earlier attempt was paid for is CANCELLED instead.
        """
        dropped = await self._database.fetch(_DROP, readings)
        cancelled = await self._database.fetch(_CANCEL, readings)
        return [row["id"] for row in (*dropped, *cancelled)]

    async def sweep(self, kept: timedelta) -> int:
        """Removes the readings that nothing has happened to for so long; returns how many."""
        count = 0
        while True:
            rows = await self._database.fetch(_SWEEP, kept, _AT_ONCE)
            count += len(rows)
            if len(rows) < _AT_ONCE:
                return count


def _asked(new: NewReading) -> dict[str, Any]:
    return {
        "id": str(new.id),
        "user_id": str(new.user_id),
        "story_id": str(new.story_id) if new.story_id else None,
        "page_id": str(new.page_id) if new.page_id else None,
        "spec": new.spec.to_json(),
        "spec_version": new.spec.plan_version,
        "limits": new.limits.to_json(),
        "lanes": lanes_json([JobLane(Lane.READ, ())]),
        "traceparent": new.trace or None,
    }


def _reading(row: Record) -> Reading:
    reason, losses = row["error_reason"], row["not_drawn"] or {}
    return Reading(
        id=row["id"],
        status=JobStatus(row["status"]),
        spec=RenderSpec.from_json(row["spec"]),
        failure=Failure(reason, row["error_message"]) if reason is not None else None,
        scene=read_scene(row["scene"]) if row["scene"] is not None else None,
        losses={model: read_not_drawn(parts) for model, parts in losses.items()},
    )
