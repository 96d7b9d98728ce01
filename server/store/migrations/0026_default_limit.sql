-- A hold applies the gateway's setting only where no global limit is stored: gateways with different
-- settings, as in a rolling change, would each write theirs with every hold. A start applies it.
CREATE OR REPLACE FUNCTION default_limit(most bigint) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  -- Looked at first, since an insert would lock the row for nothing.
  IF NOT EXISTS (SELECT FROM budget_limits WHERE scope = 'global') THEN
    INSERT INTO budget_limits (scope, limit_micros) VALUES ('global', most) ON CONFLICT DO NOTHING;
  END IF;
END $$;
