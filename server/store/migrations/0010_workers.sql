-- Workers whose model is warm, so that no end is forecast where nobody can draw.

CREATE TABLE workers (
  name text PRIMARY KEY,
  lanes text[] NOT NULL,  -- those in which it claims jobs
  ready_until timestamptz NOT NULL  -- a lease's length after it last said that it can claim
);
