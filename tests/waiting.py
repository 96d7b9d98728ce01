"""The rule of the queue: a job has its rows of `job_lanes` exactly while it is queued and ready."""

OUT_OF_STEP = """
WITH expected AS (
  SELECT j.id AS job_id, one.lane, j.user_id, j.priority, one.turn, j.queued_at, j.spec_version,
    one.models, greatest(one.opens_at, j.run_after) AS opens_at
  FROM image_generation_jobs j, unnest(lanes_of(j)) AS one
  WHERE j.status = 'queued' AND j.ready
), stored AS (
  SELECT job_id, lane, user_id, priority, turn, queued_at, spec_version, models, opens_at
  FROM job_lanes
)
SELECT job_id::text AS job FROM (
  (TABLE expected EXCEPT TABLE stored) UNION (TABLE stored EXCEPT TABLE expected)
) AS differing
UNION SELECT job_id::text FROM job_lanes WHERE open AND opens_at > now()
"""
"""The jobs whose rows are missing, left over, different, or open before their time."""
