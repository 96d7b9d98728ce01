-- Stored pictures that answer equal requests (`GenerationOptions.allow_reuse`): an image of its own
-- whose assets name the storage keys of another one. Older workers write no digest, so that what
-- they draw is never reused; older gateways do not read what is new here. But an older gateway's
-- sweep removes bytes that another image shares: roll all gateways before callers allow reuse.

ALTER TABLE images ADD COLUMN content_digest bytea;

ALTER TABLE image_generation_jobs ADD COLUMN reused_from_image_id uuid REFERENCES images (id);

ALTER TABLE attempts
  DROP CONSTRAINT attempts_outcome_check,
  ADD CONSTRAINT attempts_outcome_check CHECK (outcome IN (
    'running', 'completed', 'failed', 'lost', 'released', 'cancelled', 'reused'
  ));

CREATE INDEX images_content ON images (user_id, content_digest, completed_at DESC)
  WHERE content_digest IS NOT NULL AND status = 'completed' AND deleted_at IS NULL;

COMMENT ON COLUMN images.content_digest IS
  'SHA-256 of what its picture was drawn from, but for the seed and the references. Written when it is completed; NULL where the picture is not reused: it was completed before the migration 0015_reuse.';
COMMENT ON COLUMN image_generation_jobs.reused_from_image_id IS
  'The image that was drawn and whose picture answers the request; NULL where the job draws.';
COMMENT ON COLUMN attempts.outcome IS
  'reused: no attempt, but what is known of the picture of a job that draws nothing; its number is 0.';

-- Returns the image whose picture an image has: that which was drawn.
CREATE FUNCTION drawn_image(image uuid) RETURNS uuid LANGUAGE sql STABLE AS $$
  SELECT coalesce(reused_from_image_id, image_id) FROM image_generation_jobs
  WHERE image_id = image
$$;

-- Whether a picture would be drawn from the same references now: `used` is what became of them,
-- one for each character, `shows` are the characters of its spec. What was unreadable is never the
-- same, since the next picture may be drawn from it; a model that could draw from none cannot now.
CREATE FUNCTION same_references(used jsonb, shows jsonb, in_style text) RETURNS boolean
LANGUAGE sql STABLE AS $$
  SELECT jsonb_array_length(used) = jsonb_array_length(shows) AND NOT EXISTS (
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
