-- Tables and columns that no code fills yet, and what will fill them.

COMMENT ON TABLE provider_health IS
  'Filled by the router: one circuit breaker for each hosted provider, for the whole fleet.';
COMMENT ON TABLE reference_views IS
  'Filled by reference sets: the views of a character, each with its embedding by an encoder.';

COMMENT ON COLUMN images.generation_params IS
  'How the model sampled it: steps, guidance_scale, scheduler. Written when it is completed; {} where the provider does not report it.';
COMMENT ON COLUMN images.image_type IS
  'reference: filled by reference sets, for views that are not portraits.';
COMMENT ON COLUMN images.quality_score IS
  'Filled by the judge of finished pictures, 0 to 5; NULL until the picture is judged.';
COMMENT ON COLUMN images.status IS
  'approved, rejected: filled by reviews of completed images.';
COMMENT ON COLUMN images.generation_cost_usd IS
  'Generated from cost_micros, in dollars, for people who read the tables.';
COMMENT ON COLUMN image_generation_jobs.estimated_cost IS
  'Generated from estimated_micros, in dollars, for people who read the tables.';
COMMENT ON COLUMN image_generation_jobs.actual_cost IS
  'Generated from actual_micros, in dollars, for people who read the tables.';

COMMENT ON COLUMN character_references.lora_model_url IS
  'Filled by the trainer: where the weights of the character''s LoRA are stored.';
COMMENT ON COLUMN character_references.lora_trigger_word IS
  'Filled by the trainer: the word that names the character in a prompt.';
COMMENT ON COLUMN character_references.embedding_vector IS
  'Filled by reference sets: the character''s embedding, the mean of those of its views.';
COMMENT ON COLUMN character_references.quality_score IS
  'Filled by the judge of reference sets, 0 to 5.';
COMMENT ON COLUMN character_references.usage_count IS
  'Filled by jobs that draw with the reference: how many images were made with it.';

COMMENT ON COLUMN outbox_swept.singleton IS
  'Keeps the table at one row.';
