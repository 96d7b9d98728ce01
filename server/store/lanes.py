"""Lanes of waiting jobs. The rows of `job_lanes` follow them by triggers (0012_job_lanes.sql)."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from server.domain.ids import JobId
from server.domain.lanes import JobLane, Reroute, WaitingJob
from server.domain.spec import SPEC_VERSION, RenderSpec
from server.domain.states import Lane
from server.store.claims import limits_of
from server.store.database import Executor, Record
from server.store.scenes import read_shown

# A job that another statement has locked is left alone: it is being claimed, ended or rerouted.
_REROUTE = """
WITH asked AS (
  SELECT * FROM jsonb_to_recordset($1) AS asked (id uuid, seen job_lane[], lanes job_lane[])
), waiting AS (
  SELECT j.id, j.user_id, j.priority, j.turn, j.queued_at,
    with_turns_of(asked.lanes, lanes_of(j)) AS lanes
  FROM image_generation_jobs j JOIN asked USING (id)
  WHERE j.status = 'queued' AND without_turns(lanes_of(j)) = asked.seen
  ORDER BY j.batch_id, j.id FOR UPDATE OF j SKIP LOCKED
)
UPDATE image_generation_jobs j SET
  lanes = placed.lanes, lane = (placed.lanes)[1].lane, turn = coalesce((placed.lanes)[1].turn, 0)
FROM take_turns((
  SELECT array_agg((id, user_id, priority, lanes)::turn_wanted ORDER BY turn, queued_at)
  FROM waiting
)) AS placed
WHERE j.id = placed.job_id RETURNING j.id
"""


# By the primary key of job_lanes, so that a page costs as much as its jobs.
_WAITING = """
SELECT j.id, j.spec, j.limits, j.ai_model, j.passed_over, to_jsonb(lanes_of(j)) AS lanes,
  s.scene, s.not_drawn
FROM image_generation_jobs j
LEFT JOIN scenes s ON s.job_id = j.id AND (j.limits ->> 'min_score')::float > 0
WHERE j.id IN (
  SELECT job_id FROM job_lanes
  WHERE job_id > $1 AND spec_version <= $2 AND lane NOT IN ('read', 'upscale')
  ORDER BY job_id LIMIT $3
) ORDER BY j.id
"""


async def waiting_after(database: Executor, job: JobId, most: int) -> list[WaitingJob]:
    """Returns jobs that wait in lanes, in the order of their ids, from after one on."""
    rows = await database.fetch(_WAITING, job, SPEC_VERSION, most)
    return [replace(waiting_of(row), shown=read_shown(row)) for row in rows]


def waiting_of(row: Record) -> WaitingJob:
    """Returns the job of a row."""
    return WaitingJob(
        job_id=row["id"],
        spec=RenderSpec.from_json(row["spec"]),
        limits=limits_of(row),
        passed_over=frozenset(row["passed_over"]),
        lanes=lanes_from_json(row["lanes"]),
    )


async def reroute_each(database: Executor, changes: Sequence[Reroute]) -> list[JobId]:
    """Sets the lanes of waiting jobs; returns those that waited with the lanes that were seen."""
    asked = [
        {
            "id": str(change.job_id),
            "seen": lanes_json(change.seen),
            "lanes": lanes_json(change.lanes),
        }
        for change in changes
    ]
    return [row["id"] for row in await database.fetch(_REROUTE, asked)]


def lanes_json(lanes: Sequence[JobLane]) -> list[dict[str, Any]]:
    """Returns lanes as JSON for the database; raises ValueError for none, or the same one twice."""
    if not lanes or len({one.lane for one in lanes}) < len(lanes):
        raise ValueError(f"lanes: {lanes!r}; a job has at least one lane, and each lane once")
    return [
        {
            "lane": one.lane,
            "models": list(one.models),
            "opens_at": None if one.opens_at is None else one.opens_at.isoformat(),
        }
        for one in lanes
    ]


def lanes_from_json(lanes: Sequence[Mapping[str, Any]]) -> tuple[JobLane, ...]:
    """Returns the lanes of a job that the database has as JSON."""
    return tuple(
        JobLane(
            Lane(one["lane"]),
            tuple(one["models"]),
            None if one["opens_at"] is None else datetime.fromisoformat(one["opens_at"]),
        )
        for one in lanes
    )
