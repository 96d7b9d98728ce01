-- Operators are told of a provider that fails in a way that only they can mend, once a day.
ALTER TABLE alerts
  ADD COLUMN model text NOT NULL DEFAULT '',
  ADD COLUMN reason text NOT NULL DEFAULT '',
  ALTER COLUMN limit_micros DROP NOT NULL,
  ALTER COLUMN held_micros DROP NOT NULL,
  ALTER COLUMN spent_micros DROP NOT NULL,
  DROP CONSTRAINT alerts_kind_check,
  ADD CONSTRAINT alerts_kind_check
    CHECK (kind IN ('budget_used', 'call_above_hold', 'provider_failed')),
  ADD CONSTRAINT alerts_amounts_check CHECK (
    num_nonnulls(limit_micros, held_micros, spent_micros)
      = 3 * (kind <> 'provider_failed')::integer),
  ADD CONSTRAINT alerts_reason_check CHECK ((kind = 'provider_failed') = (reason <> ''));
COMMENT ON COLUMN alerts.model IS 'The model that a provider does not serve any more; empty for the provider itself.';
COMMENT ON COLUMN alerts.reason IS 'The kind of a provider''s failure; empty for alerts on money.';
CREATE UNIQUE INDEX alerts_provider ON alerts (day, scope, model, reason)
  WHERE kind = 'provider_failed';
