-- Upscales: jobs that make the print asset of an image anew. The unique index on image_id stays what it
-- is, that of the jobs that draw: whatever follows it from an image means the job that drew it, and an
-- upscale neither sets its image's status nor its model, seed and cost. So it has a column of its own,
-- of which an image may have any number. Older workers do not claim an upscale, since they have no
-- slots of its lane, and do not route it, since its spec version is one that they do not know. Older
-- gateways cannot list it: roll all gateways before callers upscale.

ALTER TABLE image_generation_jobs
  ADD COLUMN upscales_image_id uuid REFERENCES images(id),
  ADD COLUMN print_width integer,
  ADD COLUMN print_height integer,
  DROP CONSTRAINT image_generation_jobs_kind_check,
  ADD CONSTRAINT image_generation_jobs_kind_check
    CHECK (kind IN ('portrait', 'scene', 'cover', 'plan', 'upscale')),
  ADD CONSTRAINT image_generation_jobs_upscale_check CHECK (
    (kind = 'upscale') = (lane = 'upscale')
    AND num_nonnulls(upscales_image_id, print_width, print_height)
      = CASE kind WHEN 'upscale' THEN 3 ELSE 0 END
    AND (kind <> 'upscale' OR image_id IS NULL AND batch_id IS NULL)
  );
COMMENT ON COLUMN image_generation_jobs.upscales_image_id IS
  'The image whose print asset the job makes anew; NULL for those that draw an image, which have image_id, and for plans.';
COMMENT ON COLUMN image_generation_jobs.print_width IS
  'The pixels of the print asset that an upscale makes; NULL for other jobs.';

-- What an image waits for before it is swept, and which jobs end with it.
CREATE INDEX jobs_upscales ON image_generation_jobs (upscales_image_id)
  WHERE upscales_image_id IS NOT NULL;

ALTER TABLE attempts
  ADD COLUMN upscaling jsonb NOT NULL DEFAULT '{}',
  DROP CONSTRAINT attempts_outcome_check,
  ADD CONSTRAINT attempts_outcome_check CHECK (outcome IN (
    'running', 'completed', 'failed', 'lost', 'released', 'cancelled', 'reused', 'read', 'upscaled'
  ));
COMMENT ON COLUMN attempts.outcome IS
  'reused: no attempt, but what is known of the picture of a job that draws nothing; its number is 0. read, upscaled: completed, by reading a page, or by a new print asset; the speed of models is that of the completed ones.';
COMMENT ON COLUMN attempts.upscaling IS
  'How a model enlarged the picture: {tile, ran_out_at}, in pixels of a side; tile is 0 where memory ran out and Lanczos did. {} where no model was asked to.';

-- Lists of images read it, and find an image by the metadata of the job that drew it.
ALTER TABLE job_metadata ALTER COLUMN image_id DROP NOT NULL;
COMMENT ON COLUMN job_metadata.image_id IS 'The image that the job draws; NULL for an upscale.';

CREATE OR REPLACE FUNCTION note_new_jobs() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO outbox (xact, user_id, object_kind, object_id, status, image_id, batch_id)
  SELECT changed_in, user_id, 'job', id, status, coalesce(image_id, upscales_image_id), batch_id
  FROM added WHERE kind <> 'plan';
  RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION note_job() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.kind = 'plan' THEN
    RETURN NEW;
  END IF;
  NEW.changed_in := place_behind(OLD.changed_in);
  INSERT INTO outbox (xact, user_id, object_kind, object_id, status, image_id, batch_id)
  VALUES (
    NEW.changed_in, NEW.user_id, 'job', NEW.id, NEW.status,
    coalesce(NEW.image_id, NEW.upscales_image_id), NEW.batch_id
  );
  RETURN NEW;
END $$;
