"""Endings: the statements that end an attempt without a picture, each fenced by its attempt.

Those that lock many jobs do so in one order, by batch and id, so that they cannot deadlock.
"""

from server.store.claims import BROKEN, REFUSED, UNCHECKED
from server.store.money import HOLDS


def _aftermath(kept: str = "") -> str:
    """Returns the rest of a statement that ends an attempt without a picture.

    It reads the rows of `ended`: `outcome` is how the attempt ended, `status` is the job's new
    status. A released attempt did not fail: `why` says what gave it back, and the job keeps the
    failure that it had before. `kept` is what else is set of the attempt.
    """
    return f"""
), image AS (
  UPDATE images SET status = ended.status, updated_at = now() FROM ended
  WHERE images.id = ended.image_id RETURNING images.id
), preview AS (
  DELETE FROM job_previews v USING ended WHERE v.job_id = ended.id
), attempt AS (
  UPDATE attempts a SET outcome = ended.outcome, finished_at = now(),
    error_reason = CASE ended.outcome WHEN 'released' THEN NULL ELSE ended.error_reason END,
    error_message = CASE ended.outcome WHEN 'released' THEN ended.why
      ELSE ended.error_message END{kept}
  FROM ended WHERE a.job_id = ended.id AND a.attempt = ended.attempt
), money AS MATERIALIZED (
  SELECT release_money({HOLDS}, array_agg(status <> 'queued')) FROM ended
  WHERE (SELECT count(*) FROM image) >= 0  -- locked last
)
SELECT id, status FROM ended, money
"""


_AFTERMATH = _aftermath()

# What is set wherever an attempt ends; its open calls cost their holds.
_RETURNED = " lease_expires_at = NULL, worker = NULL, actual_micros = job_cost(j.id)"
_RETURNED += ", updated_at = now()"

_ROW = "j.id, j.user_id, j.image_id, j.attempt, j.status, j.ai_provider, j.estimated_micros,"
_ROW += " j.queued_at, j.error_reason, j.error_message"

# Full jitter: a random time between now and a ceiling that doubles with each failure.
_BACKOFF = "now() + random() * least($%d::interval * 2 ^ j.retry_count, interval '5 minutes')"

# A second picture that is broken or refused, since its caller queued the job, is the last one.
_AGAIN = f"""($5::boolean AND j.retry_count < j.max_retries
      AND NOT (($3 = 'PICTURE_BROKEN' OR $7::text IS NOT NULL) AND EXISTS (
        SELECT FROM attempts a WHERE {BROKEN} AND a.started_at >= j.queued_at)))"""

_REFUSED_BY = f"ARRAY(SELECT a.model FROM attempts a WHERE {REFUSED} ORDER BY a.attempt)"

# A job whose cancel was requested is never queued again.
_GIVEN_BACK = "(CASE WHEN j.cancel_requested THEN 'cancelled' ELSE 'queued' END)"
_CANCELLED_WHY = "cancelled_why(j.id, 'cancelled while it ran')"
_NOT_WHEN_GIVEN_BACK = "(CASE WHEN j.cancel_requested THEN now() END)"

# Locked before its costs are added up, which then include a call that was begun meanwhile.
_HELD = """
WITH held AS (
  SELECT j.id FROM image_generation_jobs j
  WHERE j.id = $1 AND j.attempt = $2 AND j.status = 'processing' FOR NO KEY UPDATE
)"""

FAIL = f"""{_HELD}, ended AS (
  UPDATE image_generation_jobs j SET
    status = CASE WHEN NOT {_AGAIN} THEN 'failed' ELSE {_GIVEN_BACK} END,
    completed_at = CASE WHEN {_AGAIN} THEN {_NOT_WHEN_GIVEN_BACK} ELSE now() END,
    retry_count = j.retry_count + ({_AGAIN} AND NOT j.cancel_requested)::integer,
    run_after = {_BACKOFF % 6},
    passed_over = {_REFUSED_BY}, no_offer_since = NULL,
    error_reason = CASE WHEN {_AGAIN} AND j.cancel_requested THEN 'JOB_CANCELLED' ELSE $3 END,
    error_message = CASE WHEN {_AGAIN} AND j.cancel_requested THEN {_CANCELLED_WHY}
      ELSE $4 END,{_RETURNED}
  FROM held WHERE j.id = held.id
  RETURNING {_ROW}, 'failed' AS outcome, NULL AS why
{_aftermath(", refused_sha256 = $7, refused_for = $8")}"""

CANCELLED = f"""{_HELD}, ended AS (
  UPDATE image_generation_jobs j SET
    status = 'cancelled', completed_at = now(), error_reason = 'JOB_CANCELLED',
    error_message = {_CANCELLED_WHY},{_RETURNED}
  FROM held WHERE j.id = held.id
  RETURNING {_ROW}, 'cancelled' AS outcome, NULL AS why
{_AFTERMATH}"""

_RELEASED = f"""
    status = {_GIVEN_BACK}, completed_at = {_NOT_WHEN_GIVEN_BACK}, run_after = now(),
    no_offer_since = NULL,
    error_reason = CASE WHEN j.cancel_requested THEN 'JOB_CANCELLED' ELSE j.error_reason END,
    error_message = CASE WHEN j.cancel_requested THEN {_CANCELLED_WHY}
      ELSE j.error_message END,{_RETURNED}"""

RELEASE = f"""
WITH held AS (
  SELECT j.id FROM image_generation_jobs j
  JOIN unnest($1::uuid[], $2::integer[]) AS held (id, attempt) USING (id)
  WHERE j.attempt = held.attempt AND j.status = 'processing'
  ORDER BY j.batch_id, j.id FOR UPDATE OF j
), ended AS (
  UPDATE image_generation_jobs j SET{_RELEASED}
  FROM held WHERE j.id = held.id
  RETURNING {_ROW}, 'released' AS outcome, $3::text AS why
{_AFTERMATH}"""

# The time without a check and the time without an offer are two: each begins when the other ends.
_WAITED_SINCE = f"""(CASE WHEN ({UNCHECKED}) =
        (coalesce(held.reason, '') IN ('CHECK_UNAVAILABLE', 'SIGNING_UNAVAILABLE'))
      THEN j.no_offer_since END)"""
_STILL_SO = f"NOT (held.nothing IS TRUE AND {UNCHECKED})"

# Back to the queue with other lanes, without spending a retry.
GIVE_BACK = f"""
WITH asked AS (
  SELECT * FROM jsonb_to_recordset($1) AS asked (
    id uuid, attempt integer, lanes job_lane[], outcome text, nothing boolean, model text,
    reason text, message text, afresh boolean, why text
  )
), held AS (
  SELECT asked.*, j.user_id, j.priority, j.turn, j.queued_at,
    with_turns_of(asked.lanes, lanes_of(j)) AS stands
  FROM image_generation_jobs j JOIN asked USING (id)
  WHERE j.attempt = asked.attempt AND j.status = 'processing'
  ORDER BY j.batch_id, j.id FOR UPDATE OF j
), ended AS (
  UPDATE image_generation_jobs j SET
    lanes = placed.lanes, lane = (placed.lanes)[1].lane, turn = (placed.lanes)[1].turn,
    status = {_GIVEN_BACK}, completed_at = {_NOT_WHEN_GIVEN_BACK}, run_after = now(),
    passed_over = CASE WHEN held.afresh THEN {_REFUSED_BY}
      ELSE j.passed_over || array_remove(ARRAY[held.model], NULL) END,
    no_offer_since = CASE WHEN held.nothing THEN coalesce({_WAITED_SINCE}, now())
      WHEN held.outcome = 'failed' THEN {_WAITED_SINCE} END,
    error_reason = CASE WHEN j.cancel_requested THEN 'JOB_CANCELLED'
      ELSE coalesce(held.reason, CASE WHEN {_STILL_SO} THEN j.error_reason END) END,
    error_message = CASE WHEN j.cancel_requested THEN {_CANCELLED_WHY}
      ELSE coalesce(held.message, CASE WHEN {_STILL_SO} THEN j.error_message END) END,{_RETURNED}
  FROM held, take_turns((
    SELECT array_agg((id, user_id, priority, stands)::turn_wanted ORDER BY turn, queued_at)
    FROM held
  )) AS placed
  WHERE j.id = placed.job_id AND j.id = held.id
  RETURNING {_ROW}, held.outcome, held.why
{_AFTERMATH}"""

RESCUE = f"""
WITH lost AS (
  SELECT id, CASE WHEN cancel_requested THEN 'cancelled'
    WHEN retry_count < max_retries THEN 'queued' ELSE 'failed' END AS next
  FROM image_generation_jobs
  WHERE status = 'processing' AND lease_expires_at < now()
  ORDER BY lease_expires_at LIMIT 100 FOR UPDATE SKIP LOCKED
), ended AS (
  UPDATE image_generation_jobs j SET
    status = lost.next,
    completed_at = CASE lost.next WHEN 'queued' THEN NULL ELSE now() END,
    retry_count = j.retry_count + (lost.next = 'queued')::integer,
    run_after = {_BACKOFF % 1}, no_offer_since = NULL,
    error_reason = CASE lost.next WHEN 'cancelled' THEN 'JOB_CANCELLED' ELSE 'WORKER_LOST' END,
    error_message = CASE lost.next WHEN 'cancelled'
      THEN cancelled_why(j.id, 'cancelled; its worker was lost')
      ELSE 'the worker ' || j.worker || ' was lost' END,{_RETURNED}
  FROM lost WHERE j.id = lost.id
  RETURNING {_ROW}, 'lost' AS outcome, NULL AS why
{_AFTERMATH}"""


# A claim writes a row of each attempt with its seed; one spec without a valid seed would fail the
# claims of all jobs, of every worker, until it is removed.
FAIL_UNCLAIMABLE = f"""
WITH ended AS (
  UPDATE image_generation_jobs j SET
    status = 'failed', completed_at = now(), error_reason = $3, error_message = $4,{_RETURNED}
  WHERE j.id IN (SELECT job_id FROM job_lanes WHERE lane = $1 AND open AND spec_version <= $2)
    AND j.status = 'queued'
    AND (jsonb_typeof(j.spec -> 'seed') = 'number' AND j.spec ->> 'seed' ~ '^[0-9]{{1,18}}$')
      IS NOT TRUE
  RETURNING {_ROW}, 'failed' AS outcome, NULL AS why
{_AFTERMATH}"""
