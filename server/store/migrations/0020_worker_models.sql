-- A worker tells which models it holds, so that a job whose model nobody holds does not wait for ever.
ALTER TABLE workers ADD COLUMN models text[];
COMMENT ON COLUMN workers.models IS
  'The models that it draws with. NULL for one that does not tell: it is taken to have any.';
