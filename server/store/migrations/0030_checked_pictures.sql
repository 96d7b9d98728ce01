-- Which pictures a classifier has looked at, and what is kept of those that it refused. Workers of the
-- version before check none, and write NULL.

ALTER TABLE images ADD COLUMN checked_by text CHECK (checked_by <> '');
COMMENT ON COLUMN images.checked_by IS
  'The classifier that has looked at its pixels and has not refused them; NULL where none has.';

ALTER TABLE job_previews ADD COLUMN checked_by text CHECK (checked_by <> '');
COMMENT ON COLUMN job_previews.checked_by IS
  'The classifier that has looked at it; NULL where none has. One that is refused is not written.';

ALTER TABLE attempts
  ADD COLUMN refused_sha256 text CHECK (refused_sha256 ~ '^[0-9a-f]{64}$'),
  ADD COLUMN refused_for text CHECK (refused_for <> ''),
  ADD CHECK ((refused_sha256 IS NULL) = (refused_for IS NULL));
COMMENT ON COLUMN attempts.refused_sha256 IS
  'SHA-256 of the picture that a classifier refused, as the model gave it: nothing else of it is kept. NULL where none was.';
COMMENT ON COLUMN attempts.refused_for IS
  'The categories that it was refused for, sorted, with commas between them.';
