-- Jobs are routed again by their limits whenever they are claimed, and when conditions change.

ALTER TABLE image_generation_jobs
  ADD COLUMN limits jsonb NOT NULL DEFAULT '{}',
  ADD COLUMN route jsonb NOT NULL DEFAULT '{}',
  ADD COLUMN passed_over text[] NOT NULL DEFAULT '{}',
  ADD COLUMN no_offer_since timestamptz;
COMMENT ON COLUMN image_generation_jobs.limits IS
  'What its caller allows to draw it; {} where an older version admitted it.';
COMMENT ON COLUMN image_generation_jobs.route IS
  'The choice when it was admitted: offers, and why not the others. {} as above.';
COMMENT ON COLUMN image_generation_jobs.passed_over IS
  'Models that failed since it was queued or retried last.';
COMMENT ON COLUMN image_generation_jobs.no_offer_since IS
  'Since when no model may draw it; it fails when that lasts.';

ALTER TABLE attempts ADD COLUMN route jsonb NOT NULL DEFAULT '{}';
COMMENT ON COLUMN attempts.route IS
  'The choice at its beginning; {} where nothing was chosen again.';

ALTER TABLE workers ADD COLUMN slots jsonb NOT NULL DEFAULT '{}';
COMMENT ON COLUMN workers.slots IS 'How many jobs it runs at once, by lane.';
