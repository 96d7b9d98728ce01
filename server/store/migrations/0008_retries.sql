-- Retries by request_id, so that a caller whose answer was lost can repeat the call.

CREATE TABLE retries (
  user_id uuid NOT NULL REFERENCES users (id),
  request_id uuid NOT NULL,
  request_hash bytea NOT NULL,
  job_id uuid REFERENCES image_generation_jobs (id),  -- of RetryJob
  batch_id uuid REFERENCES batches (id),  -- of RetryBatch
  created_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (user_id, request_id),
  CHECK (num_nonnulls(job_id, batch_id) = 1)
);
