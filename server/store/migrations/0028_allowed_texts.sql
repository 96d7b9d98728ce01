-- Texts that the gate refuses and an operator has allowed, by their digests. Older gateways check no
-- texts and do not read it.

CREATE TABLE allowed_texts (
  digest text NOT NULL CHECK (digest ~ '^[0-9a-f]{64}$'),
  rule text NOT NULL CHECK (rule <> ''),
  allowed_by text NOT NULL CHECK (allowed_by <> ''),
  allowed_at timestamptz NOT NULL DEFAULT now(),
  withdrawn_by text CHECK (withdrawn_by <> ''),
  withdrawn_at timestamptz,
  CHECK ((withdrawn_by IS NULL) = (withdrawn_at IS NULL))
);

-- One that is withdrawn stays, for the audit.
CREATE UNIQUE INDEX allowed_texts_now ON allowed_texts (digest, rule) WHERE withdrawn_at IS NULL;

COMMENT ON TABLE allowed_texts IS
  'The audit of appeals: who allowed which text to break which rule, and when. The texts are not in it.';
COMMENT ON COLUMN allowed_texts.digest IS
  'SHA-256 of the text as it is stored: Unicode NFC, without invisible characters, with single spaces.';
