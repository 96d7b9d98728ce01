-- Plans: the pages of a story are read before anything is drawn. Each page is a job without an image,
-- of the kind `plan` and in the lane `read`. Older workers do not claim it, since they have no slots
-- of that lane, and do not route it, since its spec version is one that they do not know. Older
-- gateways cannot list it: roll all gateways before callers plan stories.

-- Rows that are there have one of the other kinds.
ALTER TABLE image_generation_jobs
  DROP CONSTRAINT image_generation_jobs_kind_check,
  ADD CONSTRAINT image_generation_jobs_kind_check
    CHECK (kind IN ('portrait', 'scene', 'cover', 'plan')),
  ADD CONSTRAINT image_generation_jobs_plan_check
    CHECK ((kind = 'plan') = (lane = 'read') AND (kind <> 'plan' OR image_id IS NULL));

-- For the sweep. Those that were paid for stay, to explain the ledger.
CREATE INDEX jobs_plans ON image_generation_jobs (updated_at)
  WHERE kind = 'plan' AND actual_micros = 0;

ALTER TABLE attempts
  DROP CONSTRAINT attempts_outcome_check,
  ADD CONSTRAINT attempts_outcome_check CHECK (outcome IN (
    'running', 'completed', 'failed', 'lost', 'released', 'cancelled', 'reused', 'read'
  ));
COMMENT ON COLUMN attempts.outcome IS
  'reused: no attempt, but what is known of the picture of a job that draws nothing; its number is 0. read: completed, by reading a page; the speed of models is that of the completed ones.';

ALTER TABLE scenes ADD COLUMN not_drawn jsonb NOT NULL DEFAULT '{}';
COMMENT ON COLUMN scenes.not_drawn IS
  'Of a plan: by model, what its picture would not show as told; {phrase, kind, became}, as in attempts.';

-- Callers see plans as the answer to their call, and never as jobs.
CREATE OR REPLACE FUNCTION note_new_jobs() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO outbox (xact, user_id, object_kind, object_id, status, image_id, batch_id)
  SELECT changed_in, user_id, 'job', id, status, image_id, batch_id FROM added
  WHERE kind <> 'plan';
  RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION note_job() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.kind = 'plan' THEN
    RETURN NEW;
  END IF;
  NEW.changed_in := place_behind(OLD.changed_in);
  INSERT INTO outbox (xact, user_id, object_kind, object_id, status, image_id, batch_id)
  VALUES (NEW.changed_in, NEW.user_id, 'job', NEW.id, NEW.status, NEW.image_id, NEW.batch_id);
  RETURN NEW;
END $$;
