-- Money in one place: the functions that hold, release and settle it, for every statement that ends
-- or queues jobs and for advance_batch. Each writes the ledger and the budget together.
--
-- All jobs share the row of a budget. It is locked last in a transaction, after jobs, batches,
-- images and references, and days in their order, so that transactions cannot deadlock, and wait
-- for it no longer than a commit. Jobs that cost nothing write the ledger only.

-- The price of a job, and the day whose budget holds it: the day on which it was queued.
CREATE TYPE hold AS (
  job_id uuid,
  attempt integer,
  provider text,
  day date,
  micros bigint
);

-- Holds money in today's budget; returns false, with nothing held, if its rest does not cover all.
CREATE FUNCTION hold_money(holds hold[], most bigint) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
  price bigint := (SELECT coalesce(sum(micros), 0) FROM unnest(holds));
BEGIN
  IF price > 0 THEN
    INSERT INTO budgets AS b (scope, day, limit_micros, held_micros)
    SELECT 'global', current_date, most, price WHERE price <= most
    ON CONFLICT (scope, day) DO UPDATE SET
      limit_micros = excluded.limit_micros, held_micros = b.held_micros + excluded.held_micros
    WHERE b.held_micros + b.spent_micros + excluded.held_micros <= excluded.limit_micros;
    IF NOT FOUND THEN
      RETURN false;
    END IF;
  END IF;
  INSERT INTO ledger (job_id, attempt, kind, provider, amount_micros)
  SELECT job_id, attempt, 'hold', provider, micros FROM unnest(holds);
  RETURN true;
END $$;

-- Takes holds out of their days' budgets, and adds the costs.
CREATE FUNCTION end_holds(holds hold[], costs bigint[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  ended record;
BEGIN
  FOR ended IN
    SELECT day, sum(micros) AS held, coalesce(sum(cost), 0) AS spent
    FROM unnest(holds, costs) AS h (job_id, attempt, provider, day, micros, cost)
    GROUP BY day HAVING sum(micros) > 0 OR sum(cost) > 0 ORDER BY day
  LOOP
    UPDATE budgets SET
      held_micros = held_micros - ended.held, spent_micros = spent_micros + ended.spent
    WHERE scope = 'global' AND day = ended.day;
  END LOOP;
END $$;

-- Releases the holds of jobs that ended without a picture.
CREATE FUNCTION release_money(holds hold[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO ledger (job_id, attempt, kind, provider, amount_micros)
  SELECT job_id, attempt, 'release', provider, micros FROM unnest(holds);
  PERFORM end_holds(holds, NULL);
END $$;

-- Turns holds into costs, one of `costs` for each hold.
CREATE FUNCTION settle_money(holds hold[], costs bigint[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO ledger (job_id, attempt, kind, provider, amount_micros)
  SELECT job_id, attempt, 'settle', provider, cost
  FROM unnest(holds, costs) AS h (job_id, attempt, provider, day, micros, cost);
  PERFORM end_holds(holds, costs);
END $$;

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

  PERFORM release_money(failed);
END $$;
