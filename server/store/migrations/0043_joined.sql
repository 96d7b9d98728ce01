-- Pictures that share a device take longer than alone: so many slots do not draw as many times as
-- fast. Older workers do not tell.

ALTER TABLE workers ADD COLUMN gain double precision CHECK (gain > 0);
COMMENT ON COLUMN workers.gain IS
  'How many times as fast as one after another its local slots draw; NULL where it is not known.';
