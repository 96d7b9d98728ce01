-- Steps: what each step of the stages FINISHING and STORING took. Workers of the version before write
-- none, and its gateways do not read them.

ALTER TABLE attempts ADD COLUMN step_times jsonb NOT NULL DEFAULT '[]';
COMMENT ON COLUMN attempts.step_times IS
  'What its steps took, in order: [{step, ms, peak_bytes}]; peak_bytes is null where the memory was not measured. Written when it is completed.';

COMMENT ON COLUMN images.generation_params IS
  'How it was made, written when it is completed. How the model sampled it: steps, guidance_scale, scheduler; without them where the provider does not report it. post_processing: what became of each step, [{step, changed, said, ms}]. files: how the pixels of each asset were written, by its kind, for instance {"display": "jpeg 95 4:4:4"}; without the original.';
