-- A worker tells which specs it reads, so that a job which none can draw has no estimate.
ALTER TABLE workers ADD COLUMN spec_version integer NOT NULL DEFAULT 3;
COMMENT ON COLUMN workers.spec_version IS
  'The newest version of specs that it draws. One that does not tell is taken to know 3: it may be older than references.';
