-- What canaries drew, and what they would replace, is compared among the latest attempts of a model.
CREATE INDEX attempts_drawn ON attempts (model, finished_at DESC)
  WHERE outcome IN ('completed', 'failed');
