-- The version of a job's content is in the index that claims walk: a worker of the version before
-- passes over jobs that it cannot read without looking at their rows.

DROP INDEX job_lanes_order;
CREATE INDEX job_lanes_order ON job_lanes (lane, open, priority, turn, queued_at, spec_version);
