-- Pictures that are drawn from references. Older gateways do not read what is new here, older
-- workers do not write it; nothing has filled `reference_views` yet.

ALTER TABLE attempts ADD COLUMN used_references jsonb NOT NULL DEFAULT '[]';

ALTER TABLE reference_views
  ALTER COLUMN embedding TYPE bytea USING NULL,
  ADD COLUMN unreadable_at timestamptz,
  ADD CHECK (num_nonnulls(embedding, unreadable_at) = 1);

COMMENT ON TABLE reference_views IS
  'The pictures of a reference as an encoder sees them. A row whose image is no longer that of its reference counts for nothing.';
COMMENT ON COLUMN attempts.used_references IS
  'What became of the reference of each character, in the order of the spec; [] where references were not asked for.';
COMMENT ON COLUMN reference_views.embedding IS
  'A safetensors file, which names its encoder.';
COMMENT ON COLUMN reference_views.encoder_sha256 IS
  'The checksum of the encoder''s weights.';
COMMENT ON COLUMN reference_views.unreadable_at IS
  'When the picture was found to be missing, damaged or another one: the next story redraws it. Cleared by a new portrait, and when it is read after all.';
COMMENT ON COLUMN reference_views.view IS
  'portrait: that of the reference itself. Others are filled by reference sets.';
COMMENT ON COLUMN character_references.usage_count IS
  'How many completed pictures were drawn from the portrait since it became the reference.';

-- Counts the pictures that were drawn from a reference, once for each time that `used` has its
-- portrait; a portrait that was replaced meanwhile is not counted. `made`, if there is one, is a
-- portrait of version `shows` of the description: it becomes the reference, unless that shows a
-- later version.
CREATE FUNCTION complete_reference(
  whose uuid, in_style text, used uuid[], made uuid, shows integer
) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  IF made IS NOT NULL THEN
    INSERT INTO character_references AS r (
      character_id, reference_image_id, description_version, style
    ) VALUES (whose, made, shows, in_style)
    ON CONFLICT (character_id, style) DO UPDATE SET
      reference_image_id = made, description_version = shows, usage_count = 0, updated_at = now()
    WHERE r.description_version <= shows;
  END IF;
  UPDATE character_references SET
    usage_count = usage_count + cardinality(array_positions(used, reference_image_id))
  WHERE character_id = whose AND style = in_style AND reference_image_id = ANY(used);
END $$;

-- Takes a deleted portrait from its reference, with what encoders made of it: the newest of those
-- left that show the latest description takes its place, or the reference is gone.
--
-- The row is locked whatever it refers to, and what is left is read after that: of two portraits
-- that are deleted at the same time, none becomes the reference.
CREATE FUNCTION drop_reference(whose uuid, in_style text, gone uuid) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
  held character_references;
BEGIN
  SELECT * INTO held FROM character_references
  WHERE character_id = whose AND style = in_style FOR UPDATE;
  DELETE FROM reference_views WHERE reference_id = held.id AND image_id = gone;
  IF held.reference_image_id IS DISTINCT FROM gone THEN
    RETURN;
  END IF;
  UPDATE character_references r SET
    reference_image_id = next.id, description_version = next.shows, usage_count = 0
  FROM (
    SELECT i.id, (j.spec -> 'characters' -> 0 ->> 'version')::integer AS shows
    FROM images i JOIN image_generation_jobs j ON j.image_id = i.id
    WHERE i.character_id = whose AND i.style = in_style AND i.image_type = 'portrait'
      AND i.status = 'completed' AND i.deleted_at IS NULL
    ORDER BY shows DESC, i.completed_at DESC, i.id DESC LIMIT 1
  ) AS next
  WHERE r.id = held.id;
  IF NOT FOUND THEN
    DELETE FROM character_references WHERE id = held.id;
  END IF;
END $$;
