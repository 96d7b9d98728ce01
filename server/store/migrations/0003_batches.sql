-- Whole stories: a batch's jobs wait for each other and for room; and fair turns between users.
--
-- A claim takes `ready` jobs in the order of (priority, turn). When a job of a batch ends, the
-- functions below decide which others become ready, so that a claim never reads rows that it
-- cannot take, however many there are.

ALTER TABLE batches
  -- 'processing' while one of its jobs waits or runs; kept by advance_batch
  ADD COLUMN status text NOT NULL DEFAULT 'processing' CHECK (
    status IN ('processing', 'completed', 'failed', 'cancelled')
  ),
  ADD COLUMN completed_at timestamptz,
  ADD CHECK ((status = 'processing') = (completed_at IS NULL)),
  ADD CHECK ((request_id IS NULL) = (request_hash IS NULL));
CREATE INDEX batches_user ON batches (user_id, created_at DESC, id DESC);
CREATE INDEX batches_open ON batches (id) WHERE status = 'processing';

ALTER TABLE image_generation_jobs
  DROP CONSTRAINT image_generation_jobs_kind_check,
  ADD CONSTRAINT image_generation_jobs_kind_check CHECK (kind IN ('portrait', 'scene', 'cover')),
  ADD COLUMN batch_position integer,  -- the order in which a batch's jobs become ready
  ADD COLUMN ready boolean NOT NULL DEFAULT true,  -- a queued job that is not ready waits for its batch
  ADD COLUMN turn bigint NOT NULL DEFAULT 0,  -- its place in the order in which users are served; lower first
  ADD CHECK ((batch_id IS NULL) = (batch_position IS NULL)),
  ADD CHECK (ready OR batch_id IS NOT NULL);

DROP INDEX idx_img_jobs_status;
-- Claims read its queued part; new turns start from its processing part.
CREATE INDEX idx_img_jobs_status ON image_generation_jobs (lane, status, priority, turn, queued_at)
  WHERE status IN ('queued', 'processing') AND ready;
CREATE INDEX jobs_turns ON image_generation_jobs (user_id, lane, priority, turn)
  WHERE status IN ('queued', 'processing') AND ready;
CREATE INDEX jobs_batch ON image_generation_jobs (batch_id, status, ready, batch_position)
  WHERE batch_id IS NOT NULL;

-- The turn of a user's next job: one after the user's last, and never before what runs now.
-- So waiting users take turns, even if one of them submitted a hundred jobs first; a new user is
-- next; and an idle user saves up no turns (start-time fair queueing, Goyal, Vin and Cheng 1996,
-- with every job of length 1). Two jobs that a user submits at the same moment may get the same
-- turn, which costs the other users one place.
CREATE FUNCTION next_turn(whose uuid, in_lane text, urgency integer) RETURNS bigint
LANGUAGE sql STABLE AS $$
  SELECT greatest(
    coalesce(
      (SELECT max(turn) FROM image_generation_jobs
        WHERE lane = in_lane AND status = 'processing' AND priority = urgency AND ready),
      (SELECT min(turn) FROM image_generation_jobs
        WHERE lane = in_lane AND status = 'queued' AND priority = urgency AND ready),
      0
    ),
    (SELECT max(turn) + 1 FROM image_generation_jobs
      WHERE user_id = whose AND lane = in_lane AND priority = urgency
        AND status IN ('queued', 'processing') AND ready)
  )
$$;

-- Brings a batch up to date: jobs that need one that ended without a picture fail, and so do those
-- that need them; then as many jobs become ready as the batch has room for, of those whose needs
-- are met, in order; then the batch's status follows, and the money of failed jobs is released.
--
-- It can be called at any time and any number of times. The batch's row lock lets in one caller at
-- a time, and each statement here sees what the others have committed before it. Rows that another
-- transaction locks are skipped, since what ends or retries a job calls this afterwards; a worker
-- calls it for batches without a ready or running job.
CREATE FUNCTION advance_batch(which uuid) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  most integer;
  open integer;
  failed_now integer;
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
      WHERE images.id = ended.image_id RETURNING images.id
    ), money AS (
      INSERT INTO ledger (job_id, attempt, kind, provider, amount_micros)
      SELECT id, attempt, 'release', ai_provider, estimated_micros FROM ended
    ), budget AS (
      UPDATE budgets SET held_micros = held_micros - freed.micros FROM (
        SELECT queued_at::date AS day, sum(estimated_micros) AS micros FROM ended GROUP BY 1
      ) AS freed
      WHERE freed.micros > 0 AND budgets.scope = 'global' AND budgets.day = freed.day
        AND (SELECT count(*) FROM image) > 0  -- locked last
    )
    SELECT count(*) INTO failed_now FROM ended;
    EXIT WHEN failed_now = 0;
  END LOOP;

  SELECT count(*) INTO open FROM image_generation_jobs
  WHERE batch_id = which AND ready AND status IN ('queued', 'processing');

  UPDATE image_generation_jobs j SET
    ready = true, turn = next_turn(j.user_id, j.lane, j.priority) + chosen.place - 1
  FROM (
    SELECT id, row_number() OVER (PARTITION BY lane, priority ORDER BY batch_position) AS place
    FROM (
      SELECT w.id, w.lane, w.priority, w.batch_position FROM image_generation_jobs w
      WHERE w.batch_id = which AND w.status = 'queued' AND NOT w.ready AND NOT EXISTS (
        SELECT FROM job_dependencies d JOIN image_generation_jobs n ON n.id = d.needs_job_id
        WHERE d.job_id = w.id AND n.status <> 'completed'
      )
      ORDER BY w.batch_position LIMIT greatest(most - open, 0) FOR UPDATE OF w SKIP LOCKED
    ) AS free
  ) AS chosen
  WHERE j.id = chosen.id;

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
END $$;

CREATE FUNCTION lock_batch_of_job() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM FROM batches WHERE id = NEW.batch_id FOR NO KEY UPDATE;
  RETURN NEW;
END $$;

CREATE FUNCTION advance_batch_of_job() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM advance_batch(NEW.batch_id);
  RETURN NULL;
END $$;

-- A statement that ends or retries a job of a batch advances the batch in the same transaction.
-- Locks are taken in one order everywhere: jobs, then their batch, then budgets.
CREATE TRIGGER batch_locked BEFORE UPDATE OF status ON image_generation_jobs
  FOR EACH ROW WHEN (
    NEW.batch_id IS NOT NULL AND pg_trigger_depth() = 0
    AND (OLD.status IN ('queued', 'processing')) <> (NEW.status IN ('queued', 'processing'))
  ) EXECUTE FUNCTION lock_batch_of_job();
CREATE TRIGGER batch_moved AFTER UPDATE OF status ON image_generation_jobs
  FOR EACH ROW WHEN (
    NEW.batch_id IS NOT NULL AND pg_trigger_depth() = 0
    AND (OLD.status IN ('queued', 'processing')) <> (NEW.status IN ('queued', 'processing'))
  ) EXECUTE FUNCTION advance_batch_of_job();
