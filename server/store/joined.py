"""What the slots of lanes are worth: by what workers tell, and by the latest pictures."""

from server.domain.states import Lane
from server.store.workers import READY


def gain_of(workers: str = "true") -> str:
    """Returns the gain of the local lane, by the workers that are ready and meet a condition.

    NULL where none of them tells; of the others, which may draw in turns, each counts as one.
    """
    return f"""(SELECT sum(coalesce(gain, 1)) FILTER (
      WHERE EXISTS (SELECT FROM workers WHERE gain IS NOT NULL AND {READY} AND {workers}))
    FROM workers WHERE '{Lane.LOCAL}' = ANY(lanes) AND {READY} AND {workers})"""


def overlap_of(rows: str, length: str = "finished_at - started_at") -> str:
    """Returns how many of some rows ran at once, on average, while any did.

    They have a start and an end; `length` is what of the time between them counts. NULL for none.
    """
    return f"""(SELECT extract(epoch FROM sum({length})) / nullif(extract(epoch FROM (
      SELECT sum(upper(span) - lower(span)) FROM (
        SELECT unnest(range_agg(tstzrange(started_at, finished_at))) AS span FROM {rows} AS those
      ) AS spans)), 0)
    FROM {rows} AS those)"""


def drawn_in_lanes(most: int, lanes: str = "$1::text[]") -> str:
    """Returns the query of the latest pictures of some lanes: a step through the index each."""
    return f"""
  SELECT j.kind, j.batch_id IS NOT NULL AS batched, a.started_at, a.finished_at
  FROM unnest({lanes}) AS asked (lane), LATERAL (
    SELECT id, attempt, kind, batch_id FROM image_generation_jobs
    WHERE status = 'completed' AND attempt > 0 AND lane = asked.lane
    ORDER BY completed_at DESC LIMIT {most}
  ) AS j JOIN attempts a ON (a.job_id, a.attempt) = (j.id, j.attempt)
    AND a.outcome IN ('completed', 'upscaled')
  ORDER BY a.finished_at DESC LIMIT {most}
"""
