"""Claims: the one statement by which workers take jobs from a lane."""

from dataclasses import replace

from server.domain.jobs import Claim
from server.domain.limits import Limits
from server.domain.models import Size
from server.domain.spec import RenderSpec
from server.domain.states import Lane
from server.domain.upscales import Upscale
from server.store.database import Record
from server.store.workers import READY

BROKEN = """a.job_id = j.id
      AND (a.error_reason = 'PICTURE_BROKEN' OR a.refused_sha256 IS NOT NULL)"""
"""Whether an attempt `a` of a job `j` made a picture that was broken, or that was refused."""

REFUSED = "a.job_id = j.id AND a.error_reason = 'CONTENT_POLICY' AND a.started_at >= j.queued_at"
REFUSED += " AND a.refused_sha256 IS NULL"
"""Whether a provider refused what an attempt `a` sent of a job `j`, since its caller queued it."""

REFUSED_PICTURE = "a.job_id = j.id AND a.started_at >= j.queued_at AND a.refused_sha256 IS NOT NULL"
"""Whether the picture of an attempt `a` of a job `j` was refused, since its caller queued it."""

UNCHECKED = "(coalesce(j.error_reason, '') IN ('CHECK_UNAVAILABLE', 'SIGNING_UNAVAILABLE'))"
"""Whether a job `j` last waited for a classifier or a key that was away, and not for an offer."""

# The seed of the spec, and another one after each picture that was broken or refused: as far away
# as the golden ratio moves it, since the next numbers may be the seeds of its caller's other jobs.
_SEED = f"""(
    SELECT CASE count(*) WHEN 0 THEN (j.spec ->> 'seed')::bigint
      ELSE ((j.spec ->> 'seed')::bigint + count(*) * 2654435769) % 4294967296 END
    FROM attempts a WHERE j.attempt > 1 AND {BROKEN})"""

_DUE = """
  SELECT l.ctid FROM job_lanes l JOIN image_generation_jobs j ON j.id = l.job_id
  WHERE l.lane = $1 AND NOT l.open AND l.opens_at <= now()
  ORDER BY l.opens_at LIMIT %s
  FOR UPDATE OF j SKIP LOCKED FOR UPDATE OF l SKIP LOCKED
"""
_OPEN = "l.lane = $1 AND l.open"
_PLACE = "l.models, l.priority, l.turn, l.queued_at"

# Whether a worker may claim a job: it holds one of the job's models, or nobody does who is ready. A
# worker that does not tell what it holds claims all.
_MINE = "(l.models && $7 OR NOT coalesce(l.models && (SELECT models FROM elsewhere), false))"

# How long a job stood open and no worker took it, but for the time between two polls: nobody looked
# for an offer, or at its classifier, meanwhile, so that it is no time without one.
_UNSEEN = "greatest(now() - greatest(next.opens_at, j.updated_at) - interval '10 seconds', '0')"

# The most urgent priority first, and within it users take turns: `turn` is a job's place in that
# order, given when it is queued (next_turn in schema.sql). `job_lanes` has jobs that are ready
# only, and those that a lane may not take yet are not `open`, so that a claim reads no rows but
# those that it takes; that its worker cannot read a job's version is seen in the index. Rows whose
# time has come are opened by OPEN, and by a claim as many as it may take, for the next one: after
# an outage 100,000 come due within minutes, and to open 500 made a claim last half a second.
#
# A lane that an admin has paused gives none, and a worker that one drains gets none. A worker names
# some jobs, 1,000 at most, that it does not want.
#
# A job is left to the workers that hold its models ($7 are those of this one), as long as there
# are some: see _MINE. `heads` finds the first job of each list of models, by steps through an
# index, and the walk goes from the first to the last job that is this worker's: what others draw
# is not read, but for what stands between two jobs of its own.
#
# Jobs are locked before their rows of job_lanes, as everywhere. The second lock skips a row that
# another lane's claim or a reroute has removed since this statement began.
CLAIM = f"""
WITH RECURSIVE due AS ({_DUE % "$3"}), opened AS (
  UPDATE job_lanes SET open = true WHERE ctid = ANY(ARRAY(SELECT ctid FROM due)) RETURNING 1
), elsewhere AS MATERIALIZED (
  SELECT array_agg(DISTINCT held) AS models FROM workers, unnest(models) AS held
  WHERE $1 = ANY(lanes) AND {READY} AND held <> ALL($7::text[])
), heads AS (
  (SELECT {_PLACE} FROM job_lanes l WHERE {_OPEN} ORDER BY {_PLACE} LIMIT 1)
  UNION ALL
  SELECT following.* FROM heads, LATERAL (
    SELECT {_PLACE} FROM job_lanes l WHERE {_OPEN} AND l.models > heads.models
    ORDER BY {_PLACE} LIMIT 1
  ) AS following
), mine AS (
  SELECT l.* FROM heads l WHERE {_MINE}
), first AS (
  SELECT priority, turn, queued_at FROM mine ORDER BY priority, turn, queued_at LIMIT 1
), last AS (
  SELECT tail.* FROM mine, LATERAL (
    SELECT l.priority, l.turn, l.queued_at FROM job_lanes l
    WHERE {_OPEN} AND l.models = mine.models
    ORDER BY l.priority DESC, l.turn DESC, l.queued_at DESC LIMIT 1
  ) AS tail
  ORDER BY priority DESC, turn DESC, queued_at DESC LIMIT 1
), next AS (
  SELECT l.turn, l.job_id, l.models, l.opens_at
  FROM job_lanes l JOIN image_generation_jobs j ON j.id = l.job_id
  WHERE {_OPEN} AND l.spec_version <= $2 AND l.job_id <> ALL($6) AND {_MINE}
    AND (l.priority, l.turn, l.queued_at) >= (SELECT priority, turn, queued_at FROM first)
    AND (l.priority, l.turn, l.queued_at) <= (SELECT priority, turn, queued_at FROM last)
    AND NOT EXISTS (SELECT FROM paused_lanes WHERE lane = $1)
    AND NOT EXISTS (SELECT FROM workers WHERE name = $4 AND draining)
  ORDER BY l.priority, l.turn, l.queued_at LIMIT $3
  FOR UPDATE OF j SKIP LOCKED FOR UPDATE OF l SKIP LOCKED
), claimed AS (
  UPDATE image_generation_jobs j SET
    status = 'processing', attempt = j.attempt + 1, worker = $4, lane = $1, turn = next.turn,
    lease_expires_at = now() + $5, started_at = coalesce(j.started_at, now()), updated_at = now(),
    no_offer_since = j.no_offer_since + {_UNSEEN}
  FROM next WHERE j.id = next.job_id
  RETURNING j.id, j.user_id, j.image_id, j.upscales_image_id, j.print_width, j.print_height,
    j.attempt, j.spec, j.lane, next.models, j.ai_provider,
    j.ai_model, j.estimated_micros, j.priority, j.turn, j.queued_at, j.batch_id, j.limits,
    j.passed_over, j.traceparent,
    extract(epoch FROM now() - j.no_offer_since) AS waited_s,
    extract(epoch FROM now() - j.queued_at) AS queued_s,
    {UNCHECKED} AS unchecked, {_SEED} AS seed
), image AS (
  UPDATE images SET status = 'generating', updated_at = now() FROM claimed
  WHERE images.id = claimed.image_id RETURNING images.id, images.parent_image_id
), attempt AS (
  INSERT INTO attempts (job_id, attempt, worker, provider, model, seed)
  SELECT id, attempt, $4, ai_provider, ai_model, seed FROM claimed
)
SELECT claimed.*, image.parent_image_id, opened.jobs AS opened
FROM (SELECT count(*) AS jobs FROM opened) AS opened LEFT JOIN claimed ON true
LEFT JOIN image ON image.id = claimed.image_id
ORDER BY priority, turn, queued_at
"""

OPEN = f"""
UPDATE job_lanes SET open = true WHERE ctid = ANY(ARRAY({_DUE % "$2"})) RETURNING true
"""


def claim_of(row: Record) -> Claim:
    """Returns the claim of a row; raises the errors of a spec that is damaged."""
    waited_s = float(row["waited_s"] or 0)
    return Claim(
        job_id=row["id"],
        user_id=row["user_id"],
        image_id=row["image_id"],
        attempt=row["attempt"],
        spec=replace(RenderSpec.from_json(row["spec"]), seed=row["seed"]),
        lane=Lane(row["lane"]),
        provider=row["ai_provider"],
        price_micros=row["estimated_micros"],
        batch_id=row["batch_id"],
        models=tuple(row["models"]),
        limits=limits_of(row),
        unoffered_s=0.0 if row["unchecked"] else waited_s,
        unchecked_s=waited_s if row["unchecked"] else 0.0,
        passed_over=frozenset(row["passed_over"]),
        trace=row["traceparent"] or "",
        queued_s=float(row["queued_s"]),
        upscale=_upscale(row),
        parent=row["parent_image_id"],
    )


def _upscale(row: Record) -> Upscale | None:
    if row["upscales_image_id"] is None:
        return None
    return Upscale(row["upscales_image_id"], Size(row["print_width"], row["print_height"]))


def limits_of(row: Record) -> Limits:
    """Returns the limits of a job; one that an older version admitted is bound to its model."""
    if not row["limits"]:
        return Limits(model=row["ai_model"])
    return Limits.from_json(row["limits"])
