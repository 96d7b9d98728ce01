-- An operator settles a call whose cost is not known, by the provider's invoice.
CREATE INDEX calls_unsettled ON calls (begun_at, job_id, attempt, call) WHERE estimated;

-- Books the cost of a call that is unknown or estimated; any other stays as it is. Returns the call
-- as it is then, NULL where there is none.
CREATE FUNCTION settle_estimated(which uuid, at_attempt integer, named text, cost bigint)
RETURNS calls LANGUAGE plpgsql AS $$
DECLARE
  found calls;
BEGIN
  -- Before it is read: the end of its attempt, or another operator, may be booking it.
  PERFORM FROM image_generation_jobs WHERE id = which FOR NO KEY UPDATE;
  SELECT * INTO found FROM calls WHERE job_id = which AND attempt = at_attempt AND call = named;
  IF found.estimated THEN
    found := end_call(
      which, at_attempt, named,
      CASE WHEN cost = 0 AND found.state = 'unknown' THEN 'released' ELSE 'settled' END,
      cost, false, found.usage, ''
    );
  END IF;
  RETURN found;
END $$;
