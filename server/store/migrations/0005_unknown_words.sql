-- The words of the request that an attempt's model cannot draw. Older gateways do not read it,
-- older workers do not write it.
ALTER TABLE attempts ADD COLUMN unknown_words text[] NOT NULL DEFAULT '{}';
