-- The worker measures the pixels of each picture before it finishes it; pictures that share another
-- one's have its score.

COMMENT ON COLUMN images.quality_score IS
  'How whole the model''s picture is, 2 to 5, as the worker measured it. Written when it is completed; NULL where it was completed before the migration 0042_quality.';
