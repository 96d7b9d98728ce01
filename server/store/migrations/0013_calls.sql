-- Money that cannot be overrun: limits by scope, holds of waiting jobs, paid calls with holds of
-- their own, a ledger that is only added to, and alerts.
--
-- Every micro-dollar moves through move_money, which changes budgets and ledger together and
-- writes the alerts of what it crosses. A day (UTC) has a budget for each scope: `global`,
-- `provider:NAME` and `user:UUID`. Budgets are locked last in a transaction, after jobs, their
-- calls and holds, and in the order of (day, scope), so that transactions cannot deadlock.
-- Jobs that cost nothing write nothing here and lock none of these rows.

-- Limits last until they are set again. A scope without a row has none, but for `global`, which
-- then covers nothing.
CREATE TABLE budget_limits (
  scope text PRIMARY KEY CHECK (scope ~ '^(global|provider:.+|user:[0-9a-f-]{36})$'),
  limit_micros bigint NOT NULL CHECK (limit_micros >= 0),
  set_by uuid,  -- the admin; NULL: the gateway's setting, which applies until an admin sets one
  set_at timestamptz NOT NULL DEFAULT now(),
  CHECK (set_by IS NOT NULL OR scope = 'global')
);
ALTER TABLE budgets DROP COLUMN limit_micros;

-- The money of a queued or running job that is in no call yet.
CREATE TABLE holds (
  job_id uuid PRIMARY KEY REFERENCES image_generation_jobs (id),
  user_id uuid NOT NULL,
  attempt integer NOT NULL,  -- the last one before the job was queued
  provider text NOT NULL,
  model text NOT NULL,
  reason text NOT NULL,
  day date NOT NULL,  -- whose budgets hold it
  micros bigint NOT NULL CHECK (micros > 0)
);

-- Every paid call of a provider. Its key is written before the call is made, once.
CREATE TABLE calls (
  job_id uuid NOT NULL REFERENCES image_generation_jobs (id),
  attempt integer NOT NULL,
  call text NOT NULL,  -- what it is for: render, read
  user_id uuid NOT NULL,
  provider text NOT NULL,
  model text NOT NULL,
  reason text NOT NULL CHECK (reason IN ('first', 'retry', 'repair', 'regeneration')),
  day date NOT NULL,  -- on which it was begun, and whose budgets pay for it
  held_micros bigint NOT NULL CHECK (held_micros >= 0),  -- the most that it can cost
  cost_micros bigint NOT NULL DEFAULT 0 CHECK (cost_micros >= 0),
  -- open: it may run. settled: its cost is booked. released: it was not billed. unknown: its
  -- answer was lost, and its hold is booked as the cost until a settlement corrects it.
  state text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'settled', 'released', 'unknown')),
  estimated boolean NOT NULL DEFAULT false,  -- the cost was not computed from a usage
  request_id text NOT NULL DEFAULT '',  -- the provider's
  usage jsonb NOT NULL DEFAULT '{}',  -- as the provider reported it
  begun_at timestamptz NOT NULL DEFAULT now(),
  ended_at timestamptz,
  PRIMARY KEY (job_id, attempt, call),
  CHECK ((state = 'open') = (ended_at IS NULL)),
  CHECK (state IN ('settled', 'unknown') OR cost_micros = 0),
  CHECK (state <> 'unknown' OR estimated)
);
CREATE INDEX calls_day ON calls (day);
CREATE INDEX calls_user ON calls (user_id, day);

-- What an operator is told, once: a budget of a day that is used to `percent` of its limit, or a
-- call that cost more than its hold. A gateway sends each until it is delivered or given up.
CREATE TABLE alerts (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  kind text NOT NULL CHECK (kind IN ('budget_used', 'call_above_hold')),
  day date NOT NULL,
  scope text NOT NULL,
  percent integer,
  limit_micros bigint NOT NULL,  -- of a call: its hold
  held_micros bigint NOT NULL,
  spent_micros bigint NOT NULL,  -- of a call: its cost
  job_id uuid,
  attempt integer,
  call text,
  created_at timestamptz NOT NULL DEFAULT now(),
  tries integer NOT NULL DEFAULT 0,
  next_try_at timestamptz NOT NULL DEFAULT now(),
  delivered_at timestamptz,
  given_up_at timestamptz,
  CHECK ((kind = 'budget_used') = (percent IS NOT NULL)),
  CHECK ((kind = 'call_above_hold') = (job_id IS NOT NULL AND attempt IS NOT NULL AND call IS NOT NULL)),
  CHECK (num_nonnulls(delivered_at, given_up_at) <= 1)
);
CREATE UNIQUE INDEX alerts_budget ON alerts (day, scope, percent) WHERE kind = 'budget_used';
CREATE UNIQUE INDEX alerts_call ON alerts (job_id, attempt, call) WHERE kind = 'call_above_hold';
CREATE INDEX alerts_due ON alerts (next_try_at) WHERE delivered_at IS NULL AND given_up_at IS NULL;

-- The ledger says what each movement changed: `held_micros` and `spent_micros` are added to the
-- budgets of its day, provider and user. `call` is empty for the hold of a waiting job.
DROP INDEX ledger_settled_once;
ALTER TABLE ledger
  ADD COLUMN call text NOT NULL DEFAULT '',
  ADD COLUMN reason text NOT NULL DEFAULT 'first',
  ADD COLUMN model text NOT NULL DEFAULT '',
  ADD COLUMN user_id uuid,
  ADD COLUMN day date,
  ADD COLUMN held_micros bigint NOT NULL DEFAULT 0,
  ADD COLUMN spent_micros bigint NOT NULL DEFAULT 0,
  DROP CONSTRAINT ledger_kind_check,
  ADD CHECK (kind IN ('hold', 'settle', 'release', 'correction'));

-- Until now a job was held on the day on which it was queued, and settled or released there.
UPDATE ledger l SET
  model = j.ai_model, user_id = j.user_id, day = h.at::date,
  attempt = CASE l.kind WHEN 'release' THEN h.attempt ELSE l.attempt END,
  held_micros = CASE l.kind WHEN 'hold' THEN l.amount_micros
    WHEN 'release' THEN -l.amount_micros ELSE 0 END,
  spent_micros = CASE l.kind WHEN 'settle' THEN l.amount_micros ELSE 0 END,
  call = CASE l.kind WHEN 'settle' THEN 'render' ELSE '' END
FROM image_generation_jobs j, ledger h
WHERE j.id = l.job_id AND h.id = (
  SELECT max(id) FROM ledger WHERE job_id = l.job_id AND kind = 'hold' AND id <= l.id
);
INSERT INTO ledger (
  job_id, attempt, kind, provider, amount_micros, at, model, user_id, day, held_micros
) SELECT s.job_id, h.attempt, 'release', h.provider, 0, s.at, s.model, s.user_id, s.day,
  -h.held_micros
FROM ledger s JOIN ledger h ON h.id = (
  SELECT max(id) FROM ledger WHERE job_id = s.job_id AND kind = 'hold' AND id <= s.id
) WHERE s.kind = 'settle';
DELETE FROM ledger WHERE held_micros = 0 AND spent_micros = 0;
ALTER TABLE ledger
  DROP COLUMN amount_micros,
  ALTER COLUMN call DROP DEFAULT,
  ALTER COLUMN reason DROP DEFAULT,
  ALTER COLUMN model DROP DEFAULT,
  ALTER COLUMN held_micros DROP DEFAULT,
  ALTER COLUMN spent_micros DROP DEFAULT,
  ALTER COLUMN user_id SET NOT NULL,
  ALTER COLUMN day SET NOT NULL;
CREATE INDEX ledger_job ON ledger (job_id);

INSERT INTO calls (
  job_id, attempt, call, user_id, provider, model, reason, day, held_micros, cost_micros, state,
  begun_at, ended_at
) SELECT job_id, attempt, call, user_id, provider, model, reason, day, spent_micros,
  spent_micros, 'settled', at, at
FROM ledger WHERE kind = 'settle';
INSERT INTO holds (job_id, user_id, attempt, provider, model, reason, day, micros)
SELECT DISTINCT ON (j.id) j.id, j.user_id, l.attempt, l.provider, l.model, l.reason, l.day,
  l.held_micros
FROM image_generation_jobs j JOIN ledger l ON l.job_id = j.id AND l.kind = 'hold'
WHERE j.status IN ('queued', 'processing') ORDER BY j.id, l.id DESC;

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% is only added to', TG_TABLE_NAME;
END $$;
CREATE TRIGGER only_added BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- The scopes whose budgets pay for a provider's call of a user.
CREATE FUNCTION scopes_of(provider text, whose uuid) RETURNS text[] LANGUAGE sql IMMUTABLE RETURN
  ARRAY['global', 'provider:' || provider, 'user:' || whose];

DELETE FROM budgets;
INSERT INTO budgets (scope, day, held_micros, spent_micros)
SELECT scope, day, sum(held_micros), sum(spent_micros)
FROM ledger, unnest(scopes_of(provider, user_id)) AS scope GROUP BY 1, 2;

-- A movement as the ledger keeps it.
CREATE TYPE movement AS (
  job_id uuid,
  attempt integer,
  call text,
  kind text,
  reason text,
  provider text,
  model text,
  user_id uuid,
  day date,
  held_micros bigint,
  spent_micros bigint
);

-- What movements change in each budget, in the order in which budgets are locked.
CREATE FUNCTION budget_changes(moves movement[])
RETURNS TABLE (day date, scope text, held bigint, spent bigint) LANGUAGE sql IMMUTABLE AS $$
  SELECT m.day, s.scope, sum(m.held_micros)::bigint, sum(m.spent_micros)::bigint
  FROM unnest(moves) AS m, unnest(scopes_of(m.provider, m.user_id)) AS s (scope)
  GROUP BY 1, 2 ORDER BY 1, 2
$$;

-- Moves money. With `covered` it returns the first scope whose limit does not cover what it
-- would add, with nothing moved; NULL when all is moved.
CREATE FUNCTION move_money(moves movement[], covered boolean) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  change record;
  used bigint;
  most bigint;
BEGIN
  FOR change IN SELECT * FROM budget_changes(moves) LOOP
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
  FROM budget_changes(moves) AS c WHERE b.scope = c.scope AND b.day = c.day;
  INSERT INTO ledger (
    job_id, attempt, call, kind, reason, provider, model, user_id, day, held_micros, spent_micros
  ) SELECT * FROM unnest(moves);
  INSERT INTO alerts (kind, day, scope, percent, limit_micros, held_micros, spent_micros)
  SELECT 'budget_used', b.day, b.scope, percent, limit_micros, held_micros, spent_micros
  FROM budget_changes(moves) AS c
  JOIN budgets b ON b.scope = c.scope AND b.day = c.day
  JOIN budget_limits l ON l.scope = c.scope, unnest(ARRAY[80, 100]) AS percent
  WHERE c.held + c.spent > 0 AND (held_micros + spent_micros) * 100 >= limit_micros * percent
  ON CONFLICT DO NOTHING;
  RETURN NULL;
END $$;

-- Keeps the gateway's setting as the limit of `global`, unless an admin has set one.
CREATE FUNCTION default_limit(most bigint) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  -- Looked at first, since an upsert would lock the row for nothing.
  IF NOT EXISTS (
    SELECT FROM budget_limits
    WHERE scope = 'global' AND (set_by IS NOT NULL OR limit_micros = most)
  ) THEN
    INSERT INTO budget_limits AS l (scope, limit_micros) VALUES ('global', most)
    ON CONFLICT (scope) DO UPDATE SET limit_micros = excluded.limit_micros, set_at = now()
    WHERE l.set_by IS NULL;
  END IF;
END $$;

-- Holds the prices of jobs in today's budgets. Returns the scope that does not cover them, with
-- nothing held; NULL when all is held.
CREATE FUNCTION hold_prices(prices hold[], most bigint) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  moves movement[];
  short text;
BEGIN
  SELECT array_agg((
    j.id, p.attempt, '', 'hold', CASE WHEN p.attempt > 0 THEN 'retry'
      WHEN i.parent_image_id IS NOT NULL THEN 'regeneration' ELSE 'first' END,
    p.provider, j.ai_model, j.user_id, current_date, p.micros, 0
  )::movement) INTO moves
  FROM unnest(prices) AS p JOIN image_generation_jobs j ON j.id = p.job_id
  LEFT JOIN images i ON i.id = j.image_id WHERE p.micros > 0;
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

-- For gateways of the version before, which are replaced after the database is migrated.
CREATE OR REPLACE FUNCTION hold_money(holds hold[], most bigint) RETURNS boolean LANGUAGE sql AS $$
  SELECT hold_prices(holds, most) IS NULL
$$;

-- What a job has cost, with its open calls at their holds; the render of `at_attempt`, if it is
-- open or was not begun, at `render_cost`. A function, so that it sees what was committed while
-- its statement waited for the job.
CREATE FUNCTION job_cost(which uuid, at_attempt integer DEFAULT NULL, render_cost bigint DEFAULT 0)
RETURNS bigint LANGUAGE plpgsql AS $$
BEGIN
  RETURN (
    SELECT coalesce(sum(CASE state WHEN 'open' THEN held_micros ELSE cost_micros END)
        FILTER (WHERE NOT coalesce(state = 'open' AND call = 'render' AND attempt = at_attempt, false)), 0)
      + CASE WHEN count(*) FILTER (
        WHERE state <> 'open' AND call = 'render' AND attempt = at_attempt
      ) = 0 THEN render_cost ELSE 0 END
    FROM calls WHERE job_id = which
  );
END $$;

-- Begins a paid call: moves its job's hold to it, on today's budgets and those of its provider,
-- and holds what is missing. Returns `begun`, else why it may not be made, with nothing changed:
-- `lost` (the lease), `cancelled`, `repeated` (the key is taken), `paid_twice`, `above_most` (what
-- the job may cost), or the scope whose limit does not cover it.
CREATE FUNCTION begin_call(
  which uuid, at_attempt integer, named text, by_provider text, by_model text,
  price bigint, most bigint, because text
) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  job image_generation_jobs;
  held holds;
  next movement;
  short text;
BEGIN
  SELECT * INTO job FROM image_generation_jobs
  WHERE id = which AND attempt = at_attempt AND status = 'processing' FOR NO KEY UPDATE;
  IF NOT FOUND THEN
    RETURN 'lost';
  ELSIF job.cancel_requested THEN
    RETURN 'cancelled';
  ELSIF EXISTS (
    SELECT FROM calls WHERE job_id = which AND attempt = at_attempt AND call = named
  ) THEN
    RETURN 'repeated';
  ELSIF named = 'render' AND 2 <= (
    SELECT count(*) FROM calls
    WHERE job_id = which AND call = 'render' AND begun_at >= job.queued_at
      AND (state = 'open' OR cost_micros > 0)
  ) THEN
    RETURN 'paid_twice';
  ELSIF job_cost(which) + price > most THEN
    RETURN 'above_most';
  END IF;

  IF named = 'render' THEN
    SELECT * INTO held FROM holds WHERE job_id = which;
  END IF;
  next := (
    which, at_attempt, named, 'hold', coalesce(because, CASE
      WHEN EXISTS (SELECT FROM calls WHERE job_id = which AND call = named) THEN 'retry'
      WHEN EXISTS (SELECT FROM images WHERE id = job.image_id AND parent_image_id IS NOT NULL)
      THEN 'regeneration' ELSE 'first' END),
    by_provider, by_model, job.user_id, current_date, price, 0
  )::movement;
  short := move_money(CASE WHEN held.job_id IS NULL THEN ARRAY[next] ELSE ARRAY[(
    which, held.attempt, '', 'release', held.reason, held.provider, held.model, held.user_id,
    held.day, -held.micros, 0
  )::movement, next] END, true);
  IF short IS NOT NULL THEN
    RETURN short;
  END IF;
  DELETE FROM holds WHERE job_id = held.job_id;
  INSERT INTO calls (
    job_id, attempt, call, user_id, provider, model, reason, day, held_micros
  ) VALUES (
    which, at_attempt, named, job.user_id, by_provider, by_model, next.reason, next.day, price
  );
  RETURN 'begun';
END $$;

-- Tells an operator of a call that cost more than its hold.
CREATE FUNCTION note_above_hold(call calls) RETURNS void LANGUAGE sql AS $$
  INSERT INTO alerts (
    kind, day, scope, limit_micros, held_micros, spent_micros, job_id, attempt, call
  ) VALUES (
    'call_above_hold', call.day, 'provider:' || call.provider, call.held_micros, 0,
    call.cost_micros, call.job_id, call.attempt, call.call
  ) ON CONFLICT DO NOTHING
$$;

-- Ends a call, or corrects one that was booked as unknown or by an estimate: `settled` at a cost,
-- `released` (not billed), or `unknown` (billed at its hold). Returns the call as it is then, or
-- NULL if it has no such change: a cost that was computed from a usage is final.
CREATE FUNCTION end_call(
  which uuid, at_attempt integer, named text, becomes text, cost bigint, guessed boolean,
  counted jsonb, their_id text
) RETURNS calls LANGUAGE plpgsql AS $$
DECLARE
  before calls;
  after calls;
BEGIN
  PERFORM FROM image_generation_jobs WHERE id = which FOR NO KEY UPDATE;
  SELECT * INTO before FROM calls WHERE job_id = which AND attempt = at_attempt AND call = named;
  IF NOT FOUND OR NOT (CASE becomes
    WHEN 'settled' THEN before.state <> 'settled' OR before.estimated
    WHEN 'released' THEN before.state IN ('open', 'unknown')
    ELSE before.state = 'open'
  END) THEN
    RETURN NULL;
  END IF;
  UPDATE calls SET
    state = becomes, estimated = guessed, usage = counted, ended_at = coalesce(ended_at, now()),
    cost_micros = CASE becomes WHEN 'unknown' THEN held_micros ELSE cost END,
    request_id = coalesce(nullif(their_id, ''), request_id)
  WHERE job_id = which AND attempt = at_attempt AND call = named RETURNING * INTO after;
  IF after.cost_micros <> before.cost_micros THEN
    UPDATE image_generation_jobs SET actual_micros = actual_micros
      + after.cost_micros - before.cost_micros WHERE id = which;
    UPDATE images i SET cost_micros = j.actual_micros FROM image_generation_jobs j
    WHERE j.id = which AND i.id = j.image_id AND i.url IS NOT NULL;
  END IF;
  IF after.cost_micros > after.held_micros THEN
    PERFORM note_above_hold(after);
  END IF;
  PERFORM move_money(ARRAY[(
    which, at_attempt, named, CASE WHEN before.state <> 'open' THEN 'correction'
      WHEN becomes = 'released' THEN 'release' ELSE 'settle' END,
    after.reason, after.provider, after.model, after.user_id, after.day,
    CASE before.state WHEN 'open' THEN -before.held_micros ELSE 0 END,
    after.cost_micros - before.cost_micros
  )::movement], false);
  RETURN after;
END $$;

-- Releases the holds of jobs that ended without a picture, those that are `over`; NULL means all.
-- Open calls of any of them are booked as unknown, which counts as billed.
DROP FUNCTION release_money(hold[]);
CREATE FUNCTION release_money(ended hold[], over boolean[] DEFAULT NULL) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
  moves movement[];
BEGIN
  WITH job AS (
    SELECT e.job_id, coalesce(e.over, true) AS over
    FROM unnest(ended, over) AS e (job_id, attempt, provider, day, micros, over)
  ), freed AS (
    DELETE FROM holds h USING job WHERE h.job_id = job.job_id AND job.over RETURNING h.*
  ), lost AS (
    UPDATE calls c SET
      state = 'unknown', estimated = true, cost_micros = c.held_micros, ended_at = now()
    FROM job WHERE c.job_id = job.job_id AND c.state = 'open' RETURNING c.*
  )
  SELECT array_agg(move) INTO moves FROM (
    SELECT (
      job_id, attempt, '', 'release', reason, provider, model, user_id, day, -micros, 0
    )::movement AS move FROM freed
    UNION ALL SELECT (
      job_id, attempt, call, 'settle', reason, provider, model, user_id, day, -held_micros,
      cost_micros
    )::movement FROM lost
  ) AS moved;
  IF moves IS NOT NULL THEN
    PERFORM move_money(moves, false);
  END IF;
END $$;

-- Books what completed jobs cost: their open renders are settled, at one of `costs` each and with
-- one of `bills` (estimated, usage, request_id); a cost without a call gets a settled one, so that
-- no cost is lost; other open calls are booked as unknown, and holds are released. Returns the
-- jobs whose renders cost more than their holds.
DROP FUNCTION settle_money(hold[], bigint[]);
CREATE FUNCTION settle_money(ended hold[], costs bigint[], bills jsonb[] DEFAULT NULL)
RETURNS uuid[] LANGUAGE plpgsql AS $$
DECLARE
  moves movement[];
  above calls[];
BEGIN
  WITH job AS (
    SELECT e.*, EXISTS (
      SELECT FROM calls c
      WHERE c.job_id = e.job_id AND c.attempt = e.attempt AND c.call = 'render'
    ) AS begun
    FROM unnest(ended, costs, bills)
      AS e (job_id, attempt, provider, day, micros, cost, bill)
  ), freed AS (
    DELETE FROM holds h USING job WHERE h.job_id = job.job_id
    RETURNING h.*
  ), opened AS (
    SELECT c.job_id, c.attempt, c.call, c.attempt = job.attempt AND c.call = 'render' AS render,
      job.cost, job.bill
    FROM calls c JOIN job ON job.job_id = c.job_id WHERE c.state = 'open'
  ), booked AS (
    UPDATE calls c SET
      state = CASE WHEN render THEN 'settled' ELSE 'unknown' END, ended_at = now(),
      cost_micros = CASE WHEN render THEN o.cost ELSE c.held_micros END,
      estimated = NOT render OR coalesce((o.bill ->> 'estimated')::boolean, false),
      usage = CASE WHEN render THEN coalesce(o.bill -> 'usage', '{}') ELSE '{}' END,
      request_id = CASE WHEN render THEN coalesce(o.bill ->> 'request_id', '') ELSE '' END
    FROM opened o
    WHERE (c.job_id, c.attempt, c.call) = (o.job_id, o.attempt, o.call) RETURNING c.*
  ), unheld AS (
    INSERT INTO calls (
      job_id, attempt, call, user_id, provider, model, reason, day, held_micros, cost_micros,
      state, ended_at
    ) SELECT j.id, job.attempt, 'render', j.user_id, coalesce(f.provider, job.provider),
      coalesce(f.model, j.ai_model), coalesce(f.reason, 'first'), coalesce(f.day, current_date),
      coalesce(f.micros, 0), job.cost, 'settled', now()
    FROM job JOIN image_generation_jobs j ON j.id = job.job_id
    LEFT JOIN freed f ON f.job_id = job.job_id
    WHERE NOT job.begun AND job.cost > 0 RETURNING *
  )
  SELECT array_agg(move), array_agg(dear) FILTER (WHERE NOT dear IS NULL)
  INTO moves, above FROM (
    SELECT (
      job_id, attempt, '', 'release', reason, provider, model, user_id, day, -micros, 0
    )::movement AS move, NULL::calls AS dear FROM freed
    UNION ALL SELECT (
      job_id, attempt, call, 'settle', reason, provider, model, user_id, day, -held_micros,
      cost_micros
    )::movement, CASE WHEN cost_micros > held_micros THEN b::calls END FROM booked b
    UNION ALL SELECT (
      job_id, attempt, call, 'settle', reason, provider, model, user_id, day, 0, cost_micros
    )::movement, CASE WHEN cost_micros > held_micros THEN u::calls END FROM unheld u
  ) AS moved;
  IF moves IS NOT NULL THEN
    PERFORM note_above_hold(one) FROM unnest(above) AS one;
    PERFORM move_money(moves, false);
  END IF;
  RETURN ARRAY(SELECT job_id FROM unnest(above));
END $$;
DROP FUNCTION end_holds(hold[], bigint[]);

-- Where budgets, calls and ledger do not agree; there should be nothing. A row of a budget
-- compares its day and scope, a row of a call what the ledger says of that call.
CREATE VIEW money_differences AS
WITH part AS (
  SELECT 'budget' AS source, day, scope, held_micros AS held, spent_micros AS spent FROM budgets
  UNION ALL SELECT 'ledger', day, scope, held_micros, spent_micros
  FROM ledger, unnest(scopes_of(provider, user_id)) AS scope
  UNION ALL SELECT 'calls', day, scope,
    CASE state WHEN 'open' THEN held_micros ELSE 0 END, cost_micros
  FROM calls, unnest(scopes_of(provider, user_id)) AS scope
  UNION ALL SELECT 'calls', day, scope, micros, 0
  FROM holds, unnest(scopes_of(provider, user_id)) AS scope
  UNION ALL SELECT source, day, 'job:' || job_id || '/' || attempt || '/' || call, held, spent
  FROM (
    SELECT 'ledger' AS source, day, job_id, attempt, call, held_micros AS held,
      spent_micros AS spent FROM ledger
    UNION ALL SELECT 'budget', day, job_id, attempt, call, held_micros, spent_micros FROM ledger
    UNION ALL SELECT 'calls', day, job_id, attempt, call,
      CASE state WHEN 'open' THEN held_micros ELSE 0 END, cost_micros FROM calls
    UNION ALL SELECT 'calls', day, job_id, attempt, '', micros, 0 FROM holds
  ) AS keyed
), total AS (
  SELECT day, scope,
    coalesce(sum(held) FILTER (WHERE source = 'budget'), 0)::bigint AS budget_held,
    coalesce(sum(held) FILTER (WHERE source = 'calls'), 0)::bigint AS calls_held,
    coalesce(sum(held) FILTER (WHERE source = 'ledger'), 0)::bigint AS ledger_held,
    coalesce(sum(spent) FILTER (WHERE source = 'budget'), 0)::bigint AS budget_spent,
    coalesce(sum(spent) FILTER (WHERE source = 'calls'), 0)::bigint AS calls_spent,
    coalesce(sum(spent) FILTER (WHERE source = 'ledger'), 0)::bigint AS ledger_spent
  FROM part GROUP BY day, scope
)
SELECT * FROM total
WHERE (budget_held, budget_spent) <> (calls_held, calls_spent)
  OR (calls_held, calls_spent) <> (ledger_held, ledger_spent);
