-- Why a running job ended by a cancel, with what it costs all the same: the hold of a paid call that
-- is under way, and what its earlier calls have cost. Called before its open calls are booked. A
-- function, so that it sees what was committed while its statement waited for the job.
CREATE FUNCTION cancelled_why(which uuid, why text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  shown constant text := 'FM$999999990.000099';
  under_way numeric;
  before numeric;
BEGIN
  SELECT sum(held_micros) FILTER (WHERE state = 'open') / 1000000.0,
    sum(cost_micros) FILTER (WHERE state <> 'open') / 1000000.0
  INTO under_way, before FROM calls WHERE job_id = which;
  RETURN why
    || CASE WHEN under_way > 0 THEN '; the paid call under way was booked at its hold, '
      || to_char(under_way, shown) ELSE '' END
    || CASE WHEN before > 0 THEN '; the calls before were booked at ' || to_char(before, shown)
      ELSE '' END;
END $$;
