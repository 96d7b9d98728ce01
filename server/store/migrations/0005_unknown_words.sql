-- What an attempt's model had no word for. A gateway of before does not read it, a worker of
-- before does not write it.
ALTER TABLE attempts ADD COLUMN unknown_words text[] NOT NULL DEFAULT '{}';
