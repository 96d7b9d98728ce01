-- A submit of paid jobs is one statement with their hold, one round trip instead of four: where a
-- budget does not cover it, the statement itself must fail, so that nothing of it is stored. It
-- knows what it holds, and need not look its jobs up again.

CREATE FUNCTION hold_moves(moves movement[], most bigint) RETURNS text
    LANGUAGE plpgsql
    AS $$
DECLARE
  short text;
BEGIN
  IF moves IS NULL THEN
    RETURN NULL;
  END IF;
  PERFORM default_limit(most);
  short := move_money(moves, true);
  IF short IS NULL THEN
    INSERT INTO holds (job_id, user_id, attempt, provider, model, reason, day, micros)
    SELECT job_id, user_id, attempt, provider, model, reason, day, held_micros FROM unnest(moves);
  END IF;
  RETURN short;
END $$;

CREATE FUNCTION hold_or_refuse(moves movement[], most bigint) RETURNS void
    LANGUAGE plpgsql
    AS $$
DECLARE
  short text := hold_moves(moves, most);
BEGIN
  IF short IS NOT NULL THEN
    RAISE EXCEPTION USING ERRCODE = 'IG001', MESSAGE = short;
  END IF;
END $$;

CREATE OR REPLACE FUNCTION hold_prices(prices hold[], most bigint) RETURNS text
    LANGUAGE plpgsql
    AS $$
BEGIN
  RETURN hold_moves((
    SELECT array_agg((
      j.id, p.attempt, '', 'hold', CASE WHEN p.attempt > 0 THEN 'retry'
        WHEN i.parent_image_id IS NOT NULL THEN 'regeneration' ELSE 'first' END,
      p.provider, j.ai_model, j.user_id, current_date, p.micros, 0
    )::movement)
    FROM unnest(prices) AS p JOIN image_generation_jobs j ON j.id = p.job_id
    LEFT JOIN images i ON i.id = j.image_id WHERE p.micros > 0
  ), most);
END $$;

-- What the movements change in budgets is computed once.
CREATE TYPE budget_change AS (day date, scope text, held bigint, spent bigint);

CREATE OR REPLACE FUNCTION move_money(moves movement[], covered boolean) RETURNS text
    LANGUAGE plpgsql
    AS $$
DECLARE
  changes budget_change[] := ARRAY(
    SELECT (day, scope, held, spent)::budget_change FROM budget_changes(moves)
  );
  change budget_change;
  used bigint;
  most bigint;
BEGIN
  FOREACH change IN ARRAY changes LOOP
    FOR tries IN 1..2 LOOP
      SELECT held_micros + spent_micros INTO used FROM budgets b
      WHERE b.scope = change.scope AND b.day = change.day FOR NO KEY UPDATE;
      EXIT WHEN FOUND;
      INSERT INTO budgets (scope, day) VALUES (change.scope, change.day) ON CONFLICT DO NOTHING;
    END LOOP;
    IF covered AND change.held + change.spent > 0 THEN
      SELECT limit_micros INTO most FROM budget_limits l WHERE l.scope = change.scope;
      IF change.scope = 'global' THEN
        most := coalesce(most, 0);
      END IF;
      IF used + change.held + change.spent > most THEN
        RETURN change.scope;
      END IF;
    END IF;
  END LOOP;

  UPDATE budgets b SET
    held_micros = held_micros + c.held, spent_micros = spent_micros + c.spent
  FROM unnest(changes) AS c WHERE b.scope = c.scope AND b.day = c.day;
  INSERT INTO ledger (
    job_id, attempt, call, kind, reason, provider, model, user_id, day, held_micros, spent_micros
  ) SELECT * FROM unnest(moves);
  INSERT INTO alerts (kind, day, scope, percent, limit_micros, held_micros, spent_micros)
  SELECT 'budget_used', b.day, b.scope, percent, limit_micros, held_micros, spent_micros
  FROM unnest(changes) AS c
  JOIN budgets b ON b.scope = c.scope AND b.day = c.day
  JOIN budget_limits l ON l.scope = c.scope, unnest(ARRAY[80, 100]) AS percent
  WHERE c.held + c.spent > 0 AND (held_micros + spent_micros) * 100 >= limit_micros * percent
  ON CONFLICT DO NOTHING;
  RETURN NULL;
END $$;
