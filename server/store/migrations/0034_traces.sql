-- The trace that a job belongs to, so that all its attempts are in that of its call.
-- Gateways of the version before leave it NULL; workers of the version before do not read it.

ALTER TABLE image_generation_jobs ADD COLUMN traceparent text;
COMMENT ON COLUMN image_generation_jobs.traceparent IS
  'The W3C traceparent of what asked for it; NULL where that was not traced.';
