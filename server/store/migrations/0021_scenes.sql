-- What is read of a page, kept with its job, and what a picture does not show of it. Older workers
-- keep no scene and write `unknown_words`, which nothing reads any more: what they draw has nothing
-- that was not drawn.

ALTER TABLE attempts ADD COLUMN not_drawn jsonb NOT NULL DEFAULT '[]';

COMMENT ON COLUMN attempts.not_drawn IS
  'The parts of the content that the picture does not show as told, in the order of the text: {phrase, kind, became}; what is left out became nothing.';
COMMENT ON COLUMN attempts.unknown_words IS
  'Written by workers from before the migration 0021_scenes; not read.';

CREATE TABLE scenes (
  job_id uuid PRIMARY KEY REFERENCES image_generation_jobs (id) ON DELETE CASCADE,
  scene jsonb NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now()
);

COMMENT ON TABLE scenes IS
  'What was read of a job''s text: once, by the first attempt that came so far. Later attempts, and regenerations from the same text, draw the same scene.';
COMMENT ON COLUMN scenes.scene IS
  'Figures from left to right, extras, place, time, weather, props, colours, and what is not there.';

-- Whether a picture would be drawn from the same references now: `used` is what became of those of
-- its characters, `shows` are all who may be on it, of whom it has those whom its text names.
CREATE OR REPLACE FUNCTION same_references(used jsonb, shows jsonb, in_style text) RETURNS boolean
LANGUAGE sql STABLE AS $$
  SELECT used IS NOT NULL AND NOT EXISTS (
    SELECT FROM jsonb_to_recordset(used) AS before (character_id uuid, use text, image_id uuid)
    LEFT JOIN jsonb_to_recordset(shows) AS shown (id uuid, version integer)
      ON shown.id = before.character_id
    LEFT JOIN LATERAL (
      SELECT r.description_version, drawn_image(i.id) AS image_id, EXISTS (
        SELECT FROM reference_views v
        WHERE v.reference_id = r.id AND v.image_id = i.id AND v.unreadable_at IS NOT NULL
      ) AS unreadable
      FROM character_references r
      JOIN images i ON i.id = r.reference_image_id AND i.deleted_at IS NULL
      WHERE r.character_id = before.character_id AND r.style = in_style
    ) AS now ON true
    WHERE CASE
      WHEN before.use = 'missing' THEN now.image_id IS NULL
      WHEN before.use = 'stale' THEN now.description_version <> shown.version
      WHEN before.use IN ('drawn', 'left_out') THEN
        now.image_id = drawn_image(before.image_id) AND NOT now.unreadable
      WHEN before.use = 'unsupported' THEN shown.id IS NOT NULL
    END IS NOT TRUE
  )
$$;
