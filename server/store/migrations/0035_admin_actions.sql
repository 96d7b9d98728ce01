-- What admins did to the jobs of others and to lanes: who, when, what, and to which jobs. Rows are
-- only added. Workers of the version before know neither pauses nor drains, and claim on.

CREATE TABLE admin_actions (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  at timestamptz NOT NULL DEFAULT now(),
  by_user uuid NOT NULL,
  kind text NOT NULL CHECK (
    kind IN ('cancel_jobs', 'requeue_jobs', 'pause_lane', 'resume_lane', 'drain_worker')
  ),
  target text NOT NULL CHECK (target <> ''),
  allow_unknown_calls boolean NOT NULL DEFAULT false,
  request_id uuid,
  request_hash bytea,
  UNIQUE (by_user, request_id),
  CHECK ((request_id IS NULL) = (request_hash IS NULL)),
  CHECK (kind = 'requeue_jobs' OR NOT allow_unknown_calls)
);
COMMENT ON COLUMN admin_actions.target IS
  'Whose or which jobs: user:UUID, or jobs for those that were named; or lane:NAME, or worker:NAME.';
COMMENT ON COLUMN admin_actions.allow_unknown_calls IS
  'Whether the admin asked to repeat paid calls whose outcome is unknown.';
CREATE INDEX admin_actions_newest ON admin_actions (at DESC, id DESC);

-- Written in the transaction that changes the job, so that neither is there without the other.
CREATE TABLE admin_action_jobs (
  action_id uuid NOT NULL REFERENCES admin_actions (id),
  job_id uuid NOT NULL REFERENCES image_generation_jobs (id),
  PRIMARY KEY (action_id, job_id)
);
CREATE INDEX admin_action_jobs_job ON admin_action_jobs (job_id);

CREATE TRIGGER only_added BEFORE UPDATE OR DELETE OR TRUNCATE ON admin_actions
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER only_added BEFORE UPDATE OR DELETE OR TRUNCATE ON admin_action_jobs
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TABLE paused_lanes (
  lane text PRIMARY KEY,
  paused_by uuid NOT NULL,
  paused_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE paused_lanes IS 'Lanes in which nothing is claimed until an admin resumes them.';

ALTER TABLE workers ADD COLUMN draining boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN workers.draining IS
  'Whether an admin has told it to claim no more: it finishes what it runs, and is not ready.';
