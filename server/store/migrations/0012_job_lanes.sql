-- A waiting job stands in each lane that its offers allow, and runs in the one that claims it first.
--
-- `image_generation_jobs.lanes` is the truth; `job_lanes` is what claims read: a row for each lane of
-- a job exactly while the job is queued and ready. `keep_lanes` writes these rows after every
-- statement that inserts or changes jobs, whoever wrote it, older versions too. Whoever writes a row
-- has locked its job before, so that claims of two lanes cannot deadlock.

CREATE TYPE job_lane AS (
  lane text,
  models text[],  -- those that the job's offers allow there
  opens_at timestamptz,  -- from when; NULL: at once
  turn bigint  -- NULL until the job is queued there
);

ALTER TABLE image_generation_jobs ADD COLUMN lanes job_lane[] CHECK (cardinality(lanes) > 0);
COMMENT ON COLUMN image_generation_jobs.lanes IS 'The lanes that its offers allow, the first choice first. NULL where an older version admitted it: lane alone, with ai_model.';

CREATE TABLE job_lanes (
  job_id uuid NOT NULL,  -- no foreign key: keep_lanes alone writes here, and each check would be a lock
  lane text NOT NULL,
  user_id uuid NOT NULL,
  priority integer NOT NULL,
  turn bigint NOT NULL,
  queued_at timestamptz NOT NULL,
  spec_version integer NOT NULL,
  models text[] NOT NULL,
  opens_at timestamptz NOT NULL,  -- when the lane and the job's run_after let it start
  open boolean NOT NULL,  -- a claim takes open rows; it opens those whose time has come for the next
  PRIMARY KEY (job_id, lane)
) WITH (
  -- Every row is deleted soon after it is inserted: counted, not a share of a size that changes all
  -- the time, and at full speed, since the table is small. No row is updated in place: the columns
  -- that change are indexed, so that a lower fillfactor would gain nothing.
  autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000,
  autovacuum_vacuum_insert_scale_factor = 0, autovacuum_vacuum_insert_threshold = 2000,
  autovacuum_analyze_scale_factor = 0, autovacuum_analyze_threshold = 2000,
  autovacuum_vacuum_cost_delay = 0
);
COMMENT ON TABLE job_lanes IS 'The queue: a row for each lane of a job that is queued and ready.';
CREATE INDEX job_lanes_order ON job_lanes (lane, open, priority, turn, queued_at);
CREATE INDEX job_lanes_opening ON job_lanes (lane, opens_at) WHERE NOT open;
CREATE INDEX job_lanes_turns ON job_lanes (user_id, lane, priority, turn);

-- New turns start from what runs. idx_img_jobs_status still has queued jobs, for the claims of
-- workers of older versions; a later migration can take them out.
DROP INDEX jobs_turns;
CREATE INDEX jobs_turns ON image_generation_jobs (user_id, lane, priority, turn)
  WHERE status = 'processing' AND ready;

CREATE FUNCTION lanes_of(job image_generation_jobs) RETURNS job_lane[] LANGUAGE sql IMMUTABLE AS $$
  SELECT coalesce(
    job.lanes, ARRAY[(job.lane, ARRAY[job.ai_model::text], NULL, job.turn)::job_lane]
  )
$$;

CREATE FUNCTION without_turns(lanes job_lane[]) RETURNS job_lane[] LANGUAGE sql IMMUTABLE AS $$
  SELECT array_agg((one.lane, one.models, one.opens_at, NULL)::job_lane ORDER BY place)
  FROM unnest(lanes) WITH ORDINALITY AS one (lane, models, opens_at, turn, place)
$$;

-- Lanes with the turns that others have; NULL in a lane that is new.
CREATE FUNCTION with_turns_of(lanes job_lane[], others job_lane[]) RETURNS job_lane[]
LANGUAGE sql IMMUTABLE AS $$
  SELECT array_agg((one.lane, one.models, one.opens_at, other.turn)::job_lane ORDER BY place)
  FROM unnest(lanes) WITH ORDINALITY AS one (lane, models, opens_at, turn, place)
  LEFT JOIN unnest(others) AS other ON other.lane = one.lane
$$;

-- The turn of a user's next job in a lane: one after the user's last, and never before what runs now
-- (0003_batches.sql says why). Where nothing runs, it starts from what waits, and what may not start
-- yet counts only where nothing else waits.
CREATE OR REPLACE FUNCTION next_turn(whose uuid, in_lane text, urgency integer) RETURNS bigint
LANGUAGE sql STABLE AS $$
  SELECT greatest(
    coalesce(
      (SELECT max(turn) FROM image_generation_jobs
        WHERE lane = in_lane AND status = 'processing' AND priority = urgency AND ready),
      (SELECT min(turn) FROM job_lanes WHERE lane = in_lane AND open AND priority = urgency),
      (SELECT min(turn) FROM job_lanes WHERE lane = in_lane AND NOT open AND priority = urgency),
      0
    ),
    (SELECT max(turn) + 1 FROM image_generation_jobs
      WHERE user_id = whose AND lane = in_lane AND priority = urgency
        AND status = 'processing' AND ready),
    (SELECT max(turn) + 1 FROM job_lanes
      WHERE user_id = whose AND lane = in_lane AND priority = urgency)
  )
$$;

-- A job that wants a turn in each of its lanes that has none.
CREATE TYPE turn_wanted AS (
  job_id uuid,
  user_id uuid,
  priority integer,
  lanes job_lane[]
);

-- Gives turns to jobs, in their order: those of one user in one lane come one after the other.
CREATE FUNCTION take_turns(jobs turn_wanted[]) RETURNS TABLE (job_id uuid, lanes job_lane[])
LANGUAGE sql STABLE AS $$
  WITH stands AS (
    SELECT job.job_id, job.user_id, job.priority, job.place AS job_place, one.*
    FROM unnest(jobs) WITH ORDINALITY AS job (job_id, user_id, priority, lanes, place),
      unnest(job.lanes) WITH ORDINALITY AS one (lane, models, opens_at, turn, place)
  ), starts AS (
    SELECT user_id, lane, priority, next_turn(user_id, lane, priority) AS first
    FROM (SELECT DISTINCT user_id, lane, priority FROM stands WHERE turn IS NULL) AS wanted
  ), placed AS (
    SELECT s.*, coalesce(s.turn, starts.first - 1 + row_number() OVER (
      PARTITION BY s.user_id, s.lane, s.priority, s.turn IS NULL ORDER BY s.job_place
    )) AS taken
    FROM stands s LEFT JOIN starts USING (user_id, lane, priority)
  )
  SELECT job_id, array_agg((lane, models, opens_at, taken)::job_lane ORDER BY place)
  FROM placed GROUP BY job_id
$$;

-- Makes job_lanes follow the jobs that a statement has inserted or changed. It reads their rows as
-- they are now: advance_batch, which runs before it, may have changed them again.
--
-- Its plans are kept while the tables grow from nothing to very many rows, so each row is looked up
-- by its key whatever the planner knows of the tables: OFFSET 0 keeps a subquery apart.
CREATE FUNCTION keep_lanes() RETURNS trigger LANGUAGE plpgsql SET enable_seqscan = off AS $$
BEGIN
  DELETE FROM job_lanes WHERE ctid = ANY(ARRAY(
    SELECT l.ctid FROM changed c,
      LATERAL (SELECT ctid, lane FROM job_lanes WHERE job_id = c.id OFFSET 0) AS l,
      LATERAL (
        SELECT j.status = 'queued' AND j.ready AS waits, lanes_of(j) AS lanes
        FROM image_generation_jobs j WHERE j.id = c.id OFFSET 0
      ) AS job
    WHERE NOT (job.waits AND EXISTS (SELECT FROM unnest(job.lanes) AS o WHERE o.lane = l.lane))
  ));
  INSERT INTO job_lanes AS l (
    job_id, lane, user_id, priority, turn, queued_at, spec_version, models, opens_at, open
  )
  SELECT c.id, one.lane, job.user_id, job.priority, one.turn, job.queued_at, job.spec_version,
    one.models, greatest(one.opens_at, job.run_after),
    greatest(one.opens_at, job.run_after) <= now()
  FROM changed c,
    LATERAL (
      SELECT j.user_id, j.priority, j.queued_at, j.spec_version, j.run_after, lanes_of(j) AS lanes
      FROM image_generation_jobs j
      WHERE j.id = c.id AND j.status = 'queued' AND j.ready OFFSET 0
    ) AS job,
    unnest(job.lanes) AS one
  WHERE c.status = 'queued'
  ON CONFLICT (job_id, lane) DO UPDATE SET
    priority = excluded.priority, turn = excluded.turn, queued_at = excluded.queued_at,
    spec_version = excluded.spec_version, models = excluded.models,
    opens_at = excluded.opens_at, open = excluded.open
  WHERE (l.priority, l.turn, l.queued_at, l.spec_version, l.models, l.opens_at)
    IS DISTINCT FROM (excluded.priority, excluded.turn, excluded.queued_at,
      excluded.spec_version, excluded.models, excluded.opens_at);
  RETURN NULL;
END $$;

CREATE TRIGGER lanes_of_new_jobs AFTER INSERT ON image_generation_jobs
  REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION keep_lanes();
CREATE TRIGGER lanes_of_changed_jobs AFTER UPDATE ON image_generation_jobs
  REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION keep_lanes();

INSERT INTO job_lanes (
  job_id, lane, user_id, priority, turn, queued_at, spec_version, models, opens_at, open
)
SELECT id, lane, user_id, priority, turn, queued_at, spec_version, ARRAY[ai_model::text], run_after,
  run_after <= now()
FROM image_generation_jobs WHERE status = 'queued' AND ready;

-- Makes jobs of a batch ready, `most` of those whose needs are met, in order.
CREATE FUNCTION make_ready(which uuid, most bigint) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  WITH free AS (
    SELECT w.id, w.user_id, w.priority, w.batch_position, without_turns(lanes_of(w)) AS lanes
    FROM image_generation_jobs w
    WHERE w.batch_id = which AND w.status = 'queued' AND NOT w.ready AND NOT EXISTS (
      SELECT FROM job_dependencies d JOIN image_generation_jobs n ON n.id = d.needs_job_id
      WHERE d.job_id = w.id AND n.status <> 'completed'
    )
    ORDER BY w.batch_position LIMIT most FOR UPDATE OF w SKIP LOCKED
  )
  UPDATE image_generation_jobs j SET
    ready = true, lanes = placed.lanes, turn = (placed.lanes)[1].turn
  FROM take_turns((
    SELECT array_agg((id, user_id, priority, lanes)::turn_wanted ORDER BY batch_position) FROM free
  )) AS placed
  WHERE j.id = placed.job_id;
END $$;

-- As before, but for make_ready.
-- Brings a batch up to date: jobs that need one that ended without a picture fail, and so do those
-- that need them; then as many jobs become ready as the batch has room for, of those whose needs
-- are met, in order; then the batch's status follows, and the money of failed jobs is released.
--
-- It can be called at any time and any number of times. The batch's row lock lets in one caller at
-- a time, and each statement here sees what the others have committed before it. Rows that another
-- transaction locks are skipped, since what ends or retries a job calls this afterwards; a worker
-- calls it for batches without a ready or running job.
CREATE OR REPLACE FUNCTION advance_batch(which uuid) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  most integer;
  open integer;
  failed_now hold[];
  failed hold[];
  outcome text;
BEGIN
  SELECT max_concurrent INTO most FROM batches WHERE id = which FOR NO KEY UPDATE;

  LOOP
    WITH doomed AS (
      SELECT j.id, (
        SELECT 'the job ' || n.id || ' that it needs '
          || CASE n.status WHEN 'failed' THEN 'has failed' ELSE 'was cancelled' END
        FROM job_dependencies d JOIN image_generation_jobs n ON n.id = d.needs_job_id
        WHERE d.job_id = j.id AND n.status IN ('failed', 'cancelled') LIMIT 1
      ) AS message
      FROM image_generation_jobs j
      WHERE j.batch_id = which AND j.status = 'queued' AND NOT j.ready AND EXISTS (
        SELECT FROM job_dependencies d JOIN image_generation_jobs n ON n.id = d.needs_job_id
        WHERE d.job_id = j.id AND n.status IN ('failed', 'cancelled')
      )
      ORDER BY j.id FOR UPDATE OF j SKIP LOCKED
    ), ended AS (
      UPDATE image_generation_jobs j SET
        status = 'failed', completed_at = now(), updated_at = now(),
        error_reason = 'DEPENDENCY_FAILED', error_message = doomed.message
      FROM doomed WHERE j.id = doomed.id
      RETURNING j.id, j.image_id, j.attempt, j.ai_provider, j.estimated_micros, j.queued_at
    ), image AS (
      UPDATE images SET status = 'failed', updated_at = now() FROM ended
      WHERE images.id = ended.image_id
    )
    SELECT array_agg((id, attempt, ai_provider, queued_at::date, estimated_micros)::hold)
    INTO failed_now FROM ended;
    EXIT WHEN failed_now IS NULL;
    failed := failed || failed_now;
  END LOOP;

  SELECT count(*) INTO open FROM image_generation_jobs
  WHERE batch_id = which AND ready AND status IN ('queued', 'processing');

  PERFORM make_ready(which, greatest(most - open, 0));

  outcome := CASE
    WHEN EXISTS (SELECT FROM image_generation_jobs
      WHERE batch_id = which AND status IN ('queued', 'processing')) THEN 'processing'
    WHEN EXISTS (SELECT FROM image_generation_jobs
      WHERE batch_id = which AND status = 'failed') THEN 'failed'
    WHEN EXISTS (SELECT FROM image_generation_jobs
      WHERE batch_id = which AND status = 'cancelled') THEN 'cancelled'
    ELSE 'completed'
  END;
  UPDATE batches SET
    status = outcome, completed_at = CASE outcome WHEN 'processing' THEN NULL ELSE now() END
  WHERE id = which AND status <> outcome;

  PERFORM release_money(failed);
END $$;
