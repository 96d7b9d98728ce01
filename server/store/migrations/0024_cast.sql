-- The cast of a story, what its author has set of its pages' scenes, and what its plans have read.
-- Older gateways keep a cast that they do not know, remove the scenes of pages that they replace, and
-- draw pages without either.

ALTER TABLE stories ADD COLUMN character_ids uuid[] NOT NULL DEFAULT '{}';

COMMENT ON COLUMN stories.character_ids IS
  'The cast: who may be on its pages without being listed there. page_bytes counts them, too.';

ALTER TABLE story_pages ADD COLUMN scene jsonb;

COMMENT ON COLUMN story_pages.scene IS
  'What the author has set of the scene, whatever the text says, in the form of scenes.scene.';

-- The readings of a page's plans, which a job of the page draws without reading it again.
CREATE INDEX jobs_plans_of_page ON image_generation_jobs (story_id, page_id) WHERE kind = 'plan';

COMMENT ON COLUMN scenes.not_drawn IS
  'Of a plan, and of a job whose caller set how good it must be: by model, what its picture would not show as told; {phrase, kind, became}, as in attempts.';
COMMENT ON TABLE scenes IS
  'What was read of a job''s text: once, by the first attempt that came so far, or by a plan of the same page in the day before. Later attempts, and regenerations from the same text, draw the same scene.';
