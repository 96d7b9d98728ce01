-- One circuit breaker for each provider, and one row for each model that is off. The table was not
-- used before.
ALTER TABLE provider_health
  ADD COLUMN model text NOT NULL DEFAULT '',
  ADD COLUMN probing_until timestamptz,
  ADD COLUMN off_since timestamptz,
  ADD COLUMN reason text NOT NULL DEFAULT '',
  DROP CONSTRAINT provider_health_pkey,
  ADD PRIMARY KEY (provider, model);

COMMENT ON TABLE provider_health IS
  'What the fleet knows of the health of providers; one that never failed has no row.';
COMMENT ON COLUMN provider_health.model IS
  'Empty for the provider itself; a row with a model only tells whether that model is off.';
COMMENT ON COLUMN provider_health.failures IS
  'Failures in a row that count for the breaker; those of calls that end while it is open do not.';
COMMENT ON COLUMN provider_health.open_until IS
  'No calls before: the breaker is open, or the provider asked to wait.';
COMMENT ON COLUMN provider_health.probing_until IS
  'Until when one worker of the fleet tries whether the provider is well again.';
COMMENT ON COLUMN provider_health.off_since IS
  'No calls until an operator, or a slow probe, finds it well.';
COMMENT ON COLUMN provider_health.reason IS 'The kind of the failure that closed it to calls.';
