"""What the router is told of queues, speeds and budgets, as the database has it at one moment."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from server.domain.ids import UserId
from server.domain.states import Lane, Quality
from server.store.database import Executor
from server.store.joined import drawn_in_lanes, gain_of, overlap_of
from server.store.workers import READY

V = TypeVar("V")

# A row of `models` for each model that has ever drawn, found by steps through the index.
SPEEDS = """
WITH RECURSIVE models AS (
  (SELECT ai_model FROM image_generation_jobs
    WHERE status = 'completed' AND attempt > 0 ORDER BY ai_model LIMIT 1)
  UNION ALL
  SELECT (SELECT j.ai_model FROM image_generation_jobs j
    WHERE j.status = 'completed' AND j.attempt > 0 AND j.ai_model > models.ai_model
    ORDER BY j.ai_model LIMIT 1)
  FROM models WHERE models.ai_model IS NOT NULL
)
SELECT models.ai_model AS model, quality, drawn.images, drawn.seconds, drawn.scored, drawn.score
FROM models, unnest($1::text[]) AS quality, LATERAL (
  SELECT count(*) AS images, avg(extract(epoch FROM a.finished_at - a.started_at)) AS seconds,
    count(i.quality_score) AS scored, avg(i.quality_score) AS score
  FROM (
    SELECT id, attempt, image_id FROM image_generation_jobs j
    WHERE j.status = 'completed' AND j.attempt > 0 AND j.ai_model = models.ai_model
      AND j.spec ->> 'quality' = quality
    ORDER BY j.completed_at DESC LIMIT 100
  ) AS latest JOIN attempts a ON a.job_id = latest.id AND a.attempt = latest.attempt
  LEFT JOIN images i ON i.id = latest.image_id
) AS drawn
WHERE drawn.images > 0
"""
"""The mean times and scores of the latest 100 pictures of each model in each quality of `$1`."""

_OBSERVED = f"""
WITH latest AS ({drawn_in_lanes(100, f"ARRAY['{Lane.LOCAL}']")})
SELECT now() AS now,
  (SELECT jsonb_object_agg(lane, jobs) FROM (
    SELECT lane, count(*) AS jobs FROM job_lanes WHERE open GROUP BY lane
  ) AS waiting) AS waiting,
  (SELECT jsonb_object_agg(key, slots) FROM (
    SELECT key, sum(value::integer) AS slots FROM workers, jsonb_each_text(workers.slots)
    WHERE {READY} GROUP BY key
  ) AS ready) AS slots,
  {gain_of()} AS gain,
  {overlap_of("latest")} AS overlap,
  (SELECT jsonb_object_agg(lane, true) FROM paused_lanes) AS paused,
  (SELECT jsonb_object_agg(lane, models) FROM (
    SELECT lane, CASE WHEN bool_and(models IS NOT NULL) THEN jsonb_agg(models) END AS models
    FROM workers, unnest(lanes) AS lane WHERE {READY} GROUP BY lane
  ) AS served) AS held,
  (SELECT jsonb_object_agg(lane, seconds) FROM (
    SELECT lane, extract(epoch FROM min(coalesce(cold_start, '0'))) AS seconds
    FROM workers, unnest(lanes) AS lane WHERE {READY} GROUP BY lane
  ) AS starting) AS cold_starts,
  (SELECT jsonb_agg(measured) FROM ({SPEEDS}) AS measured) AS speeds,
  (SELECT jsonb_object_agg(l.scope,
      l.limit_micros - coalesce(b.held_micros + b.spent_micros, 0))
    FROM budget_limits l LEFT JOIN budgets b ON b.scope = l.scope AND b.day = current_date
    WHERE l.scope = ANY($2) OR l.scope LIKE 'provider:%') AS rest
"""


@dataclass(frozen=True, slots=True)
class Observed:
    """What the database knows at one moment.

    `gain` is what the local slots are worth, None where no worker tells, and `overlap` how many of
    the latest pictures ran there at once. In the `paused` lanes nothing is claimed. `held` are the
    models that the workers of each lane hold, None where one of them does not tell; it has the
    lanes that somebody serves. `cold_starts` are the seconds that the models of a lane take to
    start, 0 while one is warm. `speeds` are the number and the mean seconds of the latest pictures
    by model and quality, `scores` the number and the mean score of those that were measured; `rest`
    is what is left today by scope, in micros, which is below 0 after a limit was lowered.
    """

    now: datetime
    waiting: Mapping[Lane, int]
    slots: Mapping[Lane, int]
    gain: float | None
    overlap: float
    paused: frozenset[Lane]
    held: Mapping[Lane, frozenset[str] | None]
    cold_starts: Mapping[Lane, float]
    speeds: Mapping[tuple[str, Quality], tuple[int, float]]
    scores: Mapping[tuple[str, Quality], tuple[int, float]]
    rest: Mapping[str, int]


async def observe(database: Executor, user: UserId | None) -> Observed:
    """Returns what the database knows now; the rest of a user's budget only if one is named."""
    scopes = ["global", *([f"user:{user}"] if user else [])]
    row = await database.fetchrow(_OBSERVED, list(Quality), scopes)
    if row is None:
        raise AssertionError("a SELECT without FROM has a row")
    return Observed(
        now=row["now"],
        waiting=_lanes(row["waiting"]),
        slots=_lanes(row["slots"]),
        gain=row["gain"],
        overlap=float(row["overlap"] or 1.0),
        paused=frozenset(_lanes(row["paused"])),
        held={lane: _all(models) for lane, models in _lanes(row["held"]).items()},
        cold_starts=_lanes(row["cold_starts"]),
        speeds={
            (one["model"], Quality(one["quality"])): (one["images"], one["seconds"])
            for one in row["speeds"] or ()
        },
        scores={
            (one["model"], Quality(one["quality"])): (one["scored"], one["score"])
            for one in row["speeds"] or ()
            if one["scored"]
        },
        rest=row["rest"] or {},
    )


def _lanes(values: Mapping[str, V] | None) -> dict[Lane, V]:
    """Returns values by lane, without the lanes that only a newer version knows."""
    known = set(Lane)
    return {Lane(lane): value for lane, value in (values or {}).items() if lane in known}


def _all(models: Sequence[Sequence[str]] | None) -> frozenset[str] | None:
    return None if models is None else frozenset().union(*models)
