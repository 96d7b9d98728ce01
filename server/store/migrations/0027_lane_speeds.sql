-- The latest pictures of each lane, however quiet it is: their times say when its jobs will end.
-- attempts_speed is not read any more; a later version drops it, as this one's gateways replace some
-- that read it.
CREATE INDEX jobs_drawn_in_lane ON image_generation_jobs (lane, completed_at DESC)
  WHERE status = 'completed' AND attempt > 0;
