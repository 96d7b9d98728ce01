"""What lanes have to draw, for whoever scales the models that draw it."""

from datetime import timedelta

from server.domain.lanes import Demand
from server.domain.states import Lane, Stage
from server.store.database import Executor
from server.store.joined import gain_of, overlap_of

# An upscale has no model of its own, but that of its image in its lane.
_ITS = f"""($2::text IS NULL OR ai_model = $2 OR lane = '{Lane.UPSCALE}' AND EXISTS (
      SELECT FROM unnest(lanes) AS one WHERE $2 = ANY(one.models)))"""

# Only what is held by the workers of that model counts.
_HOLDS = "($2::text IS NULL OR models IS NULL OR $2 = ANY(models))"

# A paused lane draws nothing, and needs no replica for what waits there. The lower quartile: a
# picture that waited for its turn inside a replica counts its wait as rendering, which would ask
# for more replicas because there are too few. An upscale is all finishing, and renders nothing. $2
# is a model, or NULL for all of the lane.
_DEMAND = f"""
WITH drawn AS (
  SELECT started_at, finished_at, (a.stage_ms ->> CASE $1 WHEN '{Lane.UPSCALE}'
    THEN '{Stage.FINISHING}' ELSE '{Stage.RENDERING}' END)::float AS ms
  FROM (
    SELECT id, attempt FROM image_generation_jobs
    WHERE status = 'completed' AND attempt > 0 AND lane = $1 AND {_ITS}
    ORDER BY completed_at DESC LIMIT 50
  ) AS j JOIN attempts a ON (a.job_id, a.attempt) = (j.id, j.attempt)
  WHERE a.outcome IN ('completed', 'upscaled')
), quick AS (
  SELECT percentile_disc(0.25) WITHIN GROUP (ORDER BY ms) AS ms FROM drawn
)
SELECT waiting.jobs AS waiting, waiting.oldest,
  (SELECT count(*) FROM image_generation_jobs
    WHERE status = 'processing' AND lane = $1 AND {_ITS}) AS running,
  (SELECT ms FROM quick) AS render_ms,
  CASE $1 WHEN '{Lane.LOCAL}' THEN {gain_of(_HOLDS)} END AS gain,
  {overlap_of("drawn", "(SELECT ms FROM quick) * interval '1 ms'")} AS overlap
FROM (
  SELECT count(*) AS jobs, now() - min(queued_at) AS oldest FROM job_lanes
  WHERE lane = $1 AND open AND ($2::text IS NULL OR $2 = ANY(models))
    AND NOT EXISTS (SELECT FROM paused_lanes WHERE lane = $1)
) AS waiting
"""


class Demands:
    """Runs the statement on what lanes have to draw."""

    def __init__(self, database: Executor) -> None:
        self._database = database

    async def of(self, lane: Lane, model: str | None = None) -> Demand:
        """Returns what a lane has to draw now, or what a model may draw of it."""
        row = await self._database.fetchrow(_DEMAND, lane, model)
        if row is None:
            raise AssertionError("an aggregate has a row")
        ms, gain = row["render_ms"], row["gain"]
        return Demand(
            waiting=row["waiting"],
            running=row["running"],
            oldest=row["oldest"] or timedelta(0),
            render=None if ms is None else timedelta(milliseconds=ms),
            at_once=max(1.0, gain, float(row["overlap"] or 1.0)) if gain else 1.0,
        )
