-- What stands in the schema before there is anything that fills it, and what will.

COMMENT ON TABLE provider_health IS
  'Filled by the router: one circuit breaker for each hosted provider, for the whole fleet.';
COMMENT ON TABLE reference_views IS
  'Filled by reference sets: the views of a character, each with the embedding that an encoder made of it.';

COMMENT ON COLUMN images.generation_params IS
  'How the model sampled it: steps, guidance_scale, scheduler. Written when it is completed; {} where the provider does not tell.';
COMMENT ON COLUMN images.image_type IS
  'reference: filled by reference sets, for the views that are nobody''s portrait.';
COMMENT ON COLUMN images.quality_score IS
  'Filled by the judge of finished pictures, 0 to 5; NULL until it has seen the picture.';
COMMENT ON COLUMN images.status IS
  'approved, rejected: filled by reviews of completed images.';
COMMENT ON COLUMN images.generation_cost_usd IS
  'Generated from cost_micros, for those who read the tables in dollars.';
COMMENT ON COLUMN image_generation_jobs.estimated_cost IS
  'Generated from estimated_micros, for those who read the tables in dollars.';
COMMENT ON COLUMN image_generation_jobs.actual_cost IS
  'Generated from actual_micros, for those who read the tables in dollars.';

COMMENT ON COLUMN character_references.lora_model_url IS
  'Filled by the trainer: where the weights of the character''s LoRA are stored.';
COMMENT ON COLUMN character_references.lora_trigger_word IS
  'Filled by the trainer: the word of a prompt that stands for the character.';
COMMENT ON COLUMN character_references.embedding_vector IS
  'Filled by reference sets: the character''s embedding, the mean of those of its views.';
COMMENT ON COLUMN character_references.quality_score IS
  'Filled by the judge of reference sets, 0 to 5.';
COMMENT ON COLUMN character_references.usage_count IS
  'Filled by jobs that draw with the reference: how many images were made with it.';

COMMENT ON COLUMN outbox_swept.singleton IS
  'Keeps the table at one row.';
