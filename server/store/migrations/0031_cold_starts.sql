-- How long the models of workers take to start, where they were stopped while nothing waited.
-- Workers of the version before do not tell, as those whose models are warm.

ALTER TABLE workers ADD COLUMN cold_start interval CHECK (cold_start >= '0');
COMMENT ON COLUMN workers.cold_start IS
  'How long its next picture waits for a model to start; NULL while one is warm.';
