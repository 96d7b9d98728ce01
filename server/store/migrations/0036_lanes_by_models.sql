-- Workers claim the jobs that they hold a model for. The claim finds the first and the last job of each
-- list of models by this index; workers of the version before do not use it.

CREATE INDEX job_lanes_models ON job_lanes (lane, models, priority, turn, queued_at) WHERE open;
