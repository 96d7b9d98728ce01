-- The latest pictures of each model in each quality, whose times replace the catalogue's.
CREATE INDEX jobs_drawn
  ON image_generation_jobs (ai_model, (spec ->> 'quality'), completed_at DESC)
  WHERE status = 'completed' AND attempt > 0;
