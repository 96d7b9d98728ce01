-- When this database was in use, so that a sweep leaves alone what was stored while it was not: by
-- the database that it was restored from, between the dump and the restoring. Gateways write it.

CREATE TABLE database_use (
  id uuid PRIMARY KEY,
  began_at timestamptz NOT NULL DEFAULT now(),
  seen_at timestamptz NOT NULL DEFAULT now(),
  CHECK (began_at <= seen_at)
);
COMMENT ON TABLE database_use IS
  'A row for each gateway that has run without a gap: it saw this database until seen_at.';

CREATE TABLE orphan_removals (
  removed_at timestamptz NOT NULL DEFAULT now(),
  objects integer NOT NULL CHECK (objects > 0)
);
COMMENT ON TABLE orphan_removals IS
  'How many unknown objects sweeps have set out to remove; written before they do.';
CREATE INDEX orphan_removals_newest ON orphan_removals (removed_at);
