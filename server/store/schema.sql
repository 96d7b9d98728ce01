-- The schema of a migrated database. Written by `make schema` from the migrations, which are
-- what is applied; do not edit it.

CREATE TYPE hold AS (
    job_id uuid,
    attempt integer,
    provider text,
    day date,
    micros bigint
);

CREATE TABLE users (
    id uuid NOT NULL,
    issuer text NOT NULL,
    subject text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT users_pkey PRIMARY KEY (id)
);

CREATE TABLE styles (
    id text NOT NULL,
    version integer NOT NULL,
    display_name text NOT NULL,
    description text NOT NULL,
    prompt_template text NOT NULL,
    negative_prompt text NOT NULL,
    CONSTRAINT styles_version_check CHECK ((version > 0)),
    CONSTRAINT styles_pkey PRIMARY KEY (id, version)
);

CREATE TABLE characters (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    user_id uuid NOT NULL,
    name text NOT NULL,
    age integer,
    gender text NOT NULL,
    species text NOT NULL,
    hair text NOT NULL,
    eyes text NOT NULL,
    skin text NOT NULL,
    clothing text NOT NULL,
    features text[] NOT NULL,
    traits text[] NOT NULL,
    description_version integer DEFAULT 1 NOT NULL,
    request_id uuid,
    request_hash bytea,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    deleted_at timestamp with time zone,
    revision integer DEFAULT 1 NOT NULL,
    CONSTRAINT characters_age_check CHECK (((age >= 0) AND (age <= 150))),
    CONSTRAINT characters_check CHECK (((request_id IS NULL) = (request_hash IS NULL))),
    CONSTRAINT characters_gender_check CHECK ((gender = ANY (ARRAY['unspecified'::text, 'female'::text, 'male'::text]))),
    CONSTRAINT characters_pkey PRIMARY KEY (id),
    CONSTRAINT characters_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id)
);
CREATE UNIQUE INDEX characters_request ON characters USING btree (user_id, request_id) WHERE (request_id IS NOT NULL);
CREATE INDEX characters_user ON characters USING btree (user_id, created_at DESC, id DESC) WHERE (deleted_at IS NULL);

CREATE TABLE stories (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    user_id uuid NOT NULL,
    title text NOT NULL,
    style text NOT NULL,
    page_count integer NOT NULL,
    request_id uuid,
    request_hash bytea,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    deleted_at timestamp with time zone,
    revision integer DEFAULT 1 NOT NULL,
    page_bytes integer DEFAULT 0 NOT NULL,
    CONSTRAINT stories_check CHECK (((request_id IS NULL) = (request_hash IS NULL))),
    CONSTRAINT stories_pkey PRIMARY KEY (id),
    CONSTRAINT stories_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id)
);
CREATE UNIQUE INDEX stories_request ON stories USING btree (user_id, request_id) WHERE (request_id IS NOT NULL);
CREATE INDEX stories_user ON stories USING btree (user_id, created_at DESC, id DESC) WHERE (deleted_at IS NULL);

CREATE TABLE story_pages (
    story_id uuid NOT NULL,
    page_number integer NOT NULL,
    text text NOT NULL,
    scene_description text NOT NULL,
    character_ids uuid[] NOT NULL,
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    CONSTRAINT story_pages_page_number_check CHECK ((page_number > 0)),
    CONSTRAINT story_pages_id UNIQUE (id),
    CONSTRAINT story_pages_pkey PRIMARY KEY (story_id, page_number),
    CONSTRAINT story_pages_story_id_fkey FOREIGN KEY (story_id) REFERENCES stories(id) ON DELETE CASCADE
);

CREATE TABLE images (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    user_id uuid NOT NULL,
    story_id uuid,
    character_id uuid,
    character_ids uuid[] NOT NULL,
    image_type character varying(50) NOT NULL,
    page_number integer,
    prompt text DEFAULT ''::text NOT NULL,
    negative_prompt text DEFAULT ''::text NOT NULL,
    style character varying(50) NOT NULL,
    style_version integer NOT NULL,
    ai_model character varying(100) NOT NULL,
    ai_provider character varying(50) NOT NULL,
    seed bigint NOT NULL,
    generation_params jsonb DEFAULT '{}'::jsonb NOT NULL,
    url character varying(500),
    width integer,
    height integer,
    file_size_bytes integer,
    format character varying(10),
    lineage_id uuid NOT NULL,
    version integer DEFAULT 1 NOT NULL,
    parent_image_id uuid,
    quality_score numeric(3,2),
    status character varying(50) DEFAULT 'queued'::character varying NOT NULL,
    cost_micros bigint DEFAULT 0 NOT NULL,
    generation_cost_usd numeric(10,4) GENERATED ALWAYS AS (((cost_micros)::numeric / 1000000.0)) STORED,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    completed_at timestamp with time zone,
    deleted_at timestamp with time zone,
    swept_at timestamp with time zone,
    changed_in bigint DEFAULT ((pg_current_xact_id())::text)::bigint NOT NULL,
    page_id uuid,
    content_digest bytea,
    CONSTRAINT images_check CHECK (((version = 1) = (lineage_id = id))),
    CONSTRAINT images_check1 CHECK (((version = 1) = (parent_image_id IS NULL))),
    CONSTRAINT images_check2 CHECK ((((status)::text = ANY ((ARRAY['completed'::character varying, 'approved'::character varying, 'rejected'::character varying])::text[])) = ((url IS NOT NULL) AND (completed_at IS NOT NULL) AND (width IS NOT NULL)))),
    CONSTRAINT images_image_type_check CHECK (((image_type)::text = ANY ((ARRAY['portrait'::character varying, 'scene'::character varying, 'cover'::character varying, 'reference'::character varying])::text[]))),
    CONSTRAINT images_status_check CHECK (((status)::text = ANY ((ARRAY['queued'::character varying, 'generating'::character varying, 'completed'::character varying, 'failed'::character varying, 'cancelled'::character varying, 'approved'::character varying, 'rejected'::character varying])::text[]))),
    CONSTRAINT images_version_check CHECK ((version > 0)),
    CONSTRAINT images_lineage_id_version_key UNIQUE (lineage_id, version),
    CONSTRAINT images_pkey PRIMARY KEY (id),
    CONSTRAINT images_character_id_fkey FOREIGN KEY (character_id) REFERENCES characters(id),
    CONSTRAINT images_parent_image_id_fkey FOREIGN KEY (parent_image_id) REFERENCES images(id),
    CONSTRAINT images_story_id_fkey FOREIGN KEY (story_id) REFERENCES stories(id),
    CONSTRAINT images_style_style_version_fkey FOREIGN KEY (style, style_version) REFERENCES styles(id, version),
    CONSTRAINT images_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id)
);
COMMENT ON COLUMN images.image_type IS 'reference: filled by reference sets, for views that are not portraits.';
COMMENT ON COLUMN images.page_number IS 'The number of the page when the image was admitted, for people who read the tables.';
COMMENT ON COLUMN images.generation_params IS 'How the model sampled it: steps, guidance_scale, scheduler. Written when it is completed; {} where the provider does not report it.';
COMMENT ON COLUMN images.quality_score IS 'Filled by the judge of finished pictures, 0 to 5; NULL until the picture is judged.';
COMMENT ON COLUMN images.status IS 'approved, rejected: filled by reviews of completed images.';
COMMENT ON COLUMN images.generation_cost_usd IS 'Generated from cost_micros, in dollars, for people who read the tables.';
COMMENT ON COLUMN images.content_digest IS 'SHA-256 of what its picture was drawn from, but for the seed and the references. Written when it is completed; NULL where the picture is not reused: it was completed before the migration 0015_reuse.';
CREATE INDEX idx_images_character ON images USING btree (character_id) WHERE (character_id IS NOT NULL);
CREATE INDEX idx_images_story ON images USING btree (story_id, created_at DESC, id DESC) WHERE (story_id IS NOT NULL);
CREATE INDEX idx_images_user ON images USING btree (user_id, created_at DESC, id DESC) WHERE (deleted_at IS NULL);
CREATE INDEX images_content ON images USING btree (user_id, content_digest, completed_at DESC) WHERE ((content_digest IS NOT NULL) AND ((status)::text = 'completed'::text) AND (deleted_at IS NULL));
CREATE INDEX images_kind ON images USING btree (user_id, image_type, status, created_at DESC, id DESC) WHERE (deleted_at IS NULL);
CREATE INDEX images_page ON images USING btree (page_id, created_at DESC, id DESC) WHERE (page_id IS NOT NULL);
CREATE INDEX images_unswept ON images USING btree (deleted_at) WHERE ((deleted_at IS NOT NULL) AND (swept_at IS NULL));
CREATE TRIGGER image_changed BEFORE UPDATE OF status, deleted_at ON images FOR EACH ROW WHEN (((old.deleted_at IS NULL) AND (((new.status)::text IS DISTINCT FROM (old.status)::text) OR (new.deleted_at IS NOT NULL)))) EXECUTE FUNCTION note_image();

CREATE TABLE batches (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    user_id uuid NOT NULL,
    story_id uuid,
    style text NOT NULL,
    max_concurrent integer DEFAULT 5 NOT NULL,
    request_id uuid,
    request_hash bytea,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    status text DEFAULT 'processing'::text NOT NULL,
    completed_at timestamp with time zone,
    changed_in bigint DEFAULT ((pg_current_xact_id())::text)::bigint NOT NULL,
    metadata jsonb DEFAULT '{}'::jsonb NOT NULL,
    CONSTRAINT batches_check CHECK (((status = 'processing'::text) = (completed_at IS NULL))),
    CONSTRAINT batches_check1 CHECK (((request_id IS NULL) = (request_hash IS NULL))),
    CONSTRAINT batches_max_concurrent_check CHECK ((max_concurrent > 0)),
    CONSTRAINT batches_status_check CHECK ((status = ANY (ARRAY['processing'::text, 'completed'::text, 'failed'::text, 'cancelled'::text]))),
    CONSTRAINT batches_pkey PRIMARY KEY (id),
    CONSTRAINT batches_user_id_request_id_key UNIQUE (user_id, request_id),
    CONSTRAINT batches_story_id_fkey FOREIGN KEY (story_id) REFERENCES stories(id),
    CONSTRAINT batches_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id)
);
CREATE INDEX batches_open ON batches USING btree (id) WHERE (status = 'processing'::text);
CREATE INDEX batches_story ON batches USING btree (story_id, created_at DESC, id DESC);
CREATE INDEX batches_user ON batches USING btree (user_id, created_at DESC, id DESC);
CREATE TRIGGER batch_changed BEFORE UPDATE ON batches FOR EACH ROW EXECUTE FUNCTION note_batch();
CREATE TRIGGER new_batch AFTER INSERT ON batches FOR EACH ROW EXECUTE FUNCTION note_batch();

CREATE TABLE image_generation_jobs (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    user_id uuid NOT NULL,
    image_id uuid,
    batch_id uuid,
    kind text NOT NULL,
    lane text NOT NULL,
    priority integer DEFAULT 2 NOT NULL,
    status character varying(50) DEFAULT 'queued'::character varying NOT NULL,
    spec jsonb NOT NULL,
    spec_version integer NOT NULL,
    ai_provider character varying(50) NOT NULL,
    ai_model character varying(100) NOT NULL,
    queued_at timestamp with time zone DEFAULT now() NOT NULL,
    run_after timestamp with time zone DEFAULT now() NOT NULL,
    started_at timestamp with time zone,
    completed_at timestamp with time zone,
    processing_time_ms integer,
    attempt integer DEFAULT 0 NOT NULL,
    worker text,
    lease_expires_at timestamp with time zone,
    cancel_requested boolean DEFAULT false NOT NULL,
    retry_count integer DEFAULT 0 NOT NULL,
    max_retries integer DEFAULT 3 NOT NULL,
    error_reason text,
    error_message text,
    estimated_micros bigint DEFAULT 0 NOT NULL,
    actual_micros bigint DEFAULT 0 NOT NULL,
    estimated_cost numeric(10,4) GENERATED ALWAYS AS (((estimated_micros)::numeric / 1000000.0)) STORED,
    actual_cost numeric(10,4) GENERATED ALWAYS AS (((actual_micros)::numeric / 1000000.0)) STORED,
    request_id uuid,
    request_hash bytea,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    batch_position integer,
    ready boolean DEFAULT true NOT NULL,
    turn bigint DEFAULT 0 NOT NULL,
    changed_in bigint DEFAULT ((pg_current_xact_id())::text)::bigint NOT NULL,
    story_id uuid,
    page_id uuid,
    metadata jsonb DEFAULT '{}'::jsonb NOT NULL,
    cropped_from text DEFAULT ''::text NOT NULL,
    reused_from_image_id uuid,
    CONSTRAINT image_generation_jobs_check CHECK (((request_id IS NULL) = (request_hash IS NULL))),
    CONSTRAINT image_generation_jobs_check1 CHECK ((((status)::text = 'processing'::text) = ((lease_expires_at IS NOT NULL) AND (worker IS NOT NULL)))),
    CONSTRAINT image_generation_jobs_check2 CHECK ((((status)::text = ANY ((ARRAY['completed'::character varying, 'failed'::character varying, 'cancelled'::character varying])::text[])) = (completed_at IS NOT NULL))),
    CONSTRAINT image_generation_jobs_check3 CHECK ((((status)::text <> 'failed'::text) OR (error_reason IS NOT NULL))),
    CONSTRAINT image_generation_jobs_check4 CHECK (((batch_id IS NULL) = (batch_position IS NULL))),
    CONSTRAINT image_generation_jobs_check5 CHECK ((ready OR (batch_id IS NOT NULL))),
    CONSTRAINT image_generation_jobs_kind_check CHECK ((kind = ANY (ARRAY['portrait'::text, 'scene'::text, 'cover'::text]))),
    CONSTRAINT image_generation_jobs_priority_check CHECK (((priority >= 0) AND (priority <= 9))),
    CONSTRAINT image_generation_jobs_status_check CHECK (((status)::text = ANY ((ARRAY['queued'::character varying, 'processing'::character varying, 'completed'::character varying, 'failed'::character varying, 'cancelled'::character varying])::text[]))),
    CONSTRAINT image_generation_jobs_pkey PRIMARY KEY (id),
    CONSTRAINT image_generation_jobs_batch_id_fkey FOREIGN KEY (batch_id) REFERENCES batches(id),
    CONSTRAINT image_generation_jobs_image_id_fkey FOREIGN KEY (image_id) REFERENCES images(id),
    CONSTRAINT image_generation_jobs_reused_from_image_id_fkey FOREIGN KEY (reused_from_image_id) REFERENCES images(id)
);
COMMENT ON COLUMN image_generation_jobs.estimated_cost IS 'Generated from estimated_micros, in dollars, for people who read the tables.';
COMMENT ON COLUMN image_generation_jobs.actual_cost IS 'Generated from actual_micros, in dollars, for people who read the tables.';
COMMENT ON COLUMN image_generation_jobs.reused_from_image_id IS 'The image that was drawn and whose picture answers the request; NULL where the job draws.';
CREATE UNIQUE INDEX idx_img_jobs_image ON image_generation_jobs USING btree (image_id);
CREATE INDEX idx_img_jobs_status ON image_generation_jobs USING btree (lane, status, priority, turn, queued_at) WHERE (((status)::text = ANY ((ARRAY['queued'::character varying, 'processing'::character varying])::text[])) AND ready);
CREATE INDEX jobs_batch ON image_generation_jobs USING btree (batch_id, status, ready, batch_position) WHERE (batch_id IS NOT NULL);
CREATE INDEX jobs_leases ON image_generation_jobs USING btree (lease_expires_at) WHERE ((status)::text = 'processing'::text);
CREATE UNIQUE INDEX jobs_request ON image_generation_jobs USING btree (user_id, request_id) WHERE (request_id IS NOT NULL);
CREATE INDEX jobs_status ON image_generation_jobs USING btree (user_id, status, created_at DESC, id DESC);
CREATE INDEX jobs_story ON image_generation_jobs USING btree (story_id, status, created_at DESC, id DESC) WHERE (story_id IS NOT NULL);
CREATE INDEX jobs_turns ON image_generation_jobs USING btree (user_id, lane, priority, turn) WHERE (((status)::text = ANY ((ARRAY['queued'::character varying, 'processing'::character varying])::text[])) AND ready);
CREATE TRIGGER batch_locked BEFORE UPDATE OF status ON image_generation_jobs FOR EACH ROW WHEN (((new.batch_id IS NOT NULL) AND (pg_trigger_depth() = 0) AND (((old.status)::text = ANY ((ARRAY['queued'::character varying, 'processing'::character varying])::text[])) <> ((new.status)::text = ANY ((ARRAY['queued'::character varying, 'processing'::character varying])::text[]))))) EXECUTE FUNCTION lock_batch_of_job();
CREATE TRIGGER batch_moved AFTER UPDATE OF status ON image_generation_jobs FOR EACH ROW WHEN (((new.batch_id IS NOT NULL) AND (pg_trigger_depth() = 0) AND (((old.status)::text = ANY ((ARRAY['queued'::character varying, 'processing'::character varying])::text[])) <> ((new.status)::text = ANY ((ARRAY['queued'::character varying, 'processing'::character varying])::text[]))))) EXECUTE FUNCTION advance_batch_of_job();
CREATE TRIGGER job_changed BEFORE UPDATE OF status ON image_generation_jobs FOR EACH ROW WHEN (((new.status)::text IS DISTINCT FROM (old.status)::text)) EXECUTE FUNCTION note_job();
CREATE TRIGGER new_jobs AFTER INSERT ON image_generation_jobs REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION note_new_jobs();

CREATE TABLE job_dependencies (
    job_id uuid NOT NULL,
    needs_job_id uuid NOT NULL,
    CONSTRAINT job_dependencies_check CHECK ((job_id <> needs_job_id)),
    CONSTRAINT job_dependencies_pkey PRIMARY KEY (job_id, needs_job_id),
    CONSTRAINT job_dependencies_job_id_fkey FOREIGN KEY (job_id) REFERENCES image_generation_jobs(id),
    CONSTRAINT job_dependencies_needs_job_id_fkey FOREIGN KEY (needs_job_id) REFERENCES image_generation_jobs(id)
);
CREATE INDEX job_dependents ON job_dependencies USING btree (needs_job_id);

CREATE TABLE job_progress (
    job_id uuid NOT NULL,
    attempt integer NOT NULL,
    seq integer NOT NULL,
    stage text NOT NULL,
    step integer NOT NULL,
    steps integer NOT NULL,
    fraction double precision NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT job_progress_fraction_check CHECK (((fraction >= (0)::double precision) AND (fraction <= (1)::double precision))),
    CONSTRAINT job_progress_pkey PRIMARY KEY (job_id)
)
WITH (fillfactor='50');

CREATE UNLOGGED TABLE job_previews (
    job_id uuid NOT NULL,
    attempt integer NOT NULL,
    seq integer NOT NULL,
    jpeg bytea NOT NULL,
    CONSTRAINT job_previews_pkey PRIMARY KEY (job_id)
);

CREATE UNLOGGED TABLE job_watches (
    job_id uuid NOT NULL,
    watched_until timestamp with time zone NOT NULL,
    CONSTRAINT job_watches_pkey PRIMARY KEY (job_id)
);

CREATE TABLE attempts (
    job_id uuid NOT NULL,
    attempt integer NOT NULL,
    worker text NOT NULL,
    provider text NOT NULL,
    model text NOT NULL,
    prompt text DEFAULT ''::text NOT NULL,
    negative_prompt text DEFAULT ''::text NOT NULL,
    seed bigint NOT NULL,
    outcome text DEFAULT 'running'::text NOT NULL,
    error_reason text,
    error_message text,
    stage_ms jsonb DEFAULT '{}'::jsonb NOT NULL,
    cost_micros bigint DEFAULT 0 NOT NULL,
    started_at timestamp with time zone DEFAULT now() NOT NULL,
    finished_at timestamp with time zone,
    unknown_words text[] DEFAULT '{}'::text[] NOT NULL,
    used_references jsonb DEFAULT '[]'::jsonb NOT NULL,
    CONSTRAINT attempts_check CHECK (((outcome = 'running'::text) = (finished_at IS NULL))),
    CONSTRAINT attempts_outcome_check CHECK ((outcome = ANY (ARRAY['running'::text, 'completed'::text, 'failed'::text, 'lost'::text, 'released'::text, 'cancelled'::text, 'reused'::text]))),
    CONSTRAINT attempts_pkey PRIMARY KEY (job_id, attempt),
    CONSTRAINT attempts_job_id_fkey FOREIGN KEY (job_id) REFERENCES image_generation_jobs(id)
);
COMMENT ON COLUMN attempts.outcome IS 'reused: no attempt, but what is known of the picture of a job that draws nothing; its number is 0.';
COMMENT ON COLUMN attempts.used_references IS 'What became of the reference of each character, in the order of the spec; [] where references were not asked for.';
CREATE INDEX attempts_speed ON attempts USING btree (finished_at DESC) WHERE (outcome = 'completed'::text);

CREATE TABLE assets (
    image_id uuid NOT NULL,
    kind text NOT NULL,
    storage_key text NOT NULL,
    content_type text NOT NULL,
    sha256 text NOT NULL,
    size_bytes bigint NOT NULL,
    width integer NOT NULL,
    height integer NOT NULL,
    job_id uuid NOT NULL,
    attempt integer NOT NULL,
    CONSTRAINT assets_kind_check CHECK ((kind = ANY (ARRAY['original'::text, 'display'::text, 'print'::text, 'thumbnail'::text]))),
    CONSTRAINT assets_job_id_attempt_kind_key UNIQUE (job_id, attempt, kind),
    CONSTRAINT assets_pkey PRIMARY KEY (image_id, kind),
    CONSTRAINT assets_image_id_fkey FOREIGN KEY (image_id) REFERENCES images(id),
    CONSTRAINT assets_job_id_fkey FOREIGN KEY (job_id) REFERENCES image_generation_jobs(id)
);
CREATE INDEX assets_keys ON assets USING btree (storage_key);

CREATE TABLE character_references (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    character_id uuid NOT NULL,
    reference_image_id uuid NOT NULL,
    description_version integer NOT NULL,
    lora_model_url character varying(500),
    lora_trigger_word character varying(100),
    embedding_vector real[],
    style character varying(50) NOT NULL,
    quality_score numeric(3,2),
    usage_count integer DEFAULT 0 NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT character_references_character_id_style_key UNIQUE (character_id, style),
    CONSTRAINT character_references_pkey PRIMARY KEY (id),
    CONSTRAINT character_references_character_id_fkey FOREIGN KEY (character_id) REFERENCES characters(id) ON DELETE CASCADE,
    CONSTRAINT character_references_reference_image_id_fkey FOREIGN KEY (reference_image_id) REFERENCES images(id)
);
COMMENT ON COLUMN character_references.lora_model_url IS 'Filled by the trainer: where the weights of the character''s LoRA are stored.';
COMMENT ON COLUMN character_references.lora_trigger_word IS 'Filled by the trainer: the word that names the character in a prompt.';
COMMENT ON COLUMN character_references.embedding_vector IS 'Filled by reference sets: the character''s embedding, the mean of those of its views.';
COMMENT ON COLUMN character_references.quality_score IS 'Filled by the judge of reference sets, 0 to 5.';
COMMENT ON COLUMN character_references.usage_count IS 'How many completed pictures were drawn from the portrait since it became the reference.';
CREATE INDEX idx_images_reference ON character_references USING btree (reference_image_id);

CREATE TABLE reference_views (
    reference_id uuid NOT NULL,
    view text NOT NULL,
    image_id uuid NOT NULL,
    encoder_sha256 text DEFAULT ''::text NOT NULL,
    embedding bytea,
    unreadable_at timestamp with time zone,
    CONSTRAINT reference_views_check CHECK ((num_nonnulls(embedding, unreadable_at) = 1)),
    CONSTRAINT reference_views_pkey PRIMARY KEY (reference_id, view, encoder_sha256),
    CONSTRAINT reference_views_image_id_fkey FOREIGN KEY (image_id) REFERENCES images(id),
    CONSTRAINT reference_views_reference_id_fkey FOREIGN KEY (reference_id) REFERENCES character_references(id) ON DELETE CASCADE
);
COMMENT ON TABLE reference_views IS 'The pictures of a reference as an encoder sees them. A row whose image is no longer that of its reference counts for nothing.';
COMMENT ON COLUMN reference_views.view IS 'portrait: that of the reference itself. Others are filled by reference sets.';
COMMENT ON COLUMN reference_views.encoder_sha256 IS 'The checksum of the encoder''s weights.';
COMMENT ON COLUMN reference_views.embedding IS 'A safetensors file, which names its encoder.';
COMMENT ON COLUMN reference_views.unreadable_at IS 'When the picture was found to be missing, damaged or another one: the next story redraws it. Cleared by a new portrait, and when it is read after all.';

CREATE TABLE provider_health (
    provider text NOT NULL,
    open_until timestamp with time zone,
    failures integer DEFAULT 0 NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT provider_health_pkey PRIMARY KEY (provider)
);
COMMENT ON TABLE provider_health IS 'Filled by the router: one circuit breaker for each hosted provider, for the whole fleet.';

CREATE TABLE budgets (
    scope text NOT NULL,
    day date NOT NULL,
    limit_micros bigint NOT NULL,
    held_micros bigint DEFAULT 0 NOT NULL,
    spent_micros bigint DEFAULT 0 NOT NULL,
    CONSTRAINT budgets_held_micros_check CHECK ((held_micros >= 0)),
    CONSTRAINT budgets_limit_micros_check CHECK ((limit_micros >= 0)),
    CONSTRAINT budgets_spent_micros_check CHECK ((spent_micros >= 0)),
    CONSTRAINT budgets_pkey PRIMARY KEY (scope, day)
);

CREATE TABLE ledger (
    id bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
    job_id uuid NOT NULL,
    attempt integer NOT NULL,
    kind text NOT NULL,
    provider text NOT NULL,
    amount_micros bigint NOT NULL,
    at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT ledger_amount_micros_check CHECK ((amount_micros >= 0)),
    CONSTRAINT ledger_kind_check CHECK ((kind = ANY (ARRAY['hold'::text, 'settle'::text, 'release'::text]))),
    CONSTRAINT ledger_pkey PRIMARY KEY (id)
);
CREATE UNIQUE INDEX ledger_settled_once ON ledger USING btree (job_id, attempt) WHERE (kind = 'settle'::text);

CREATE TABLE outbox (
    id bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
    user_id uuid NOT NULL,
    object_kind text NOT NULL,
    object_id uuid NOT NULL,
    status text NOT NULL,
    at timestamp with time zone DEFAULT now() NOT NULL,
    xact bigint DEFAULT ((pg_current_xact_id())::text)::bigint NOT NULL,
    image_id uuid,
    batch_id uuid,
    CONSTRAINT outbox_object_kind_check CHECK ((object_kind = ANY (ARRAY['job'::text, 'image'::text, 'batch'::text]))),
    CONSTRAINT outbox_pkey PRIMARY KEY (xact, id)
);
CREATE INDEX outbox_user ON outbox USING btree (user_id, xact, id);

CREATE TABLE outbox_swept (
    singleton boolean DEFAULT true NOT NULL,
    xact bigint NOT NULL,
    id bigint NOT NULL,
    CONSTRAINT outbox_swept_singleton_check CHECK (singleton),
    CONSTRAINT outbox_swept_pkey PRIMARY KEY (singleton)
);
COMMENT ON COLUMN outbox_swept.singleton IS 'Keeps the table at one row.';

CREATE TABLE retries (
    user_id uuid NOT NULL,
    request_id uuid NOT NULL,
    request_hash bytea NOT NULL,
    job_id uuid,
    batch_id uuid,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT retries_check CHECK ((num_nonnulls(job_id, batch_id) = 1)),
    CONSTRAINT retries_pkey PRIMARY KEY (user_id, request_id),
    CONSTRAINT retries_batch_id_fkey FOREIGN KEY (batch_id) REFERENCES batches(id),
    CONSTRAINT retries_job_id_fkey FOREIGN KEY (job_id) REFERENCES image_generation_jobs(id),
    CONSTRAINT retries_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id)
);

CREATE TABLE job_metadata (
    user_id uuid NOT NULL,
    key text NOT NULL,
    value text NOT NULL,
    created_at timestamp with time zone NOT NULL,
    job_id uuid NOT NULL,
    image_id uuid NOT NULL,
    CONSTRAINT job_metadata_pkey PRIMARY KEY (user_id, key, value, created_at, job_id),
    CONSTRAINT job_metadata_job_id_fkey FOREIGN KEY (job_id) REFERENCES image_generation_jobs(id)
);

CREATE TABLE image_characters (
    character_id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    image_id uuid NOT NULL,
    CONSTRAINT image_characters_pkey PRIMARY KEY (character_id, created_at, image_id),
    CONSTRAINT image_characters_image_id_fkey FOREIGN KEY (image_id) REFERENCES images(id)
);

CREATE TABLE workers (
    name text NOT NULL,
    lanes text[] NOT NULL,
    ready_until timestamp with time zone NOT NULL,
    CONSTRAINT workers_pkey PRIMARY KEY (name)
);

CREATE TABLE migrations (
    name text NOT NULL,
    applied_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT migrations_pkey PRIMARY KEY (name)
);

CREATE FUNCTION advance_batch(which uuid) RETURNS void
    LANGUAGE plpgsql
    AS $$
DECLARE
  most integer;
  open integer;
  failed_now hold[];
  failed hold[];
  outcome text;
BEGIN
  SELECT max_concurrent INTO most FROM batches WHERE id = which FOR NO KEY UPDATE;

  LOOP
    WITH doomed AS (
      SELECT j.id, (
        SELECT 'the job ' || n.id || ' that it needs '
          || CASE n.status WHEN 'failed' THEN 'has failed' ELSE 'was cancelled' END
        FROM job_dependencies d JOIN image_generation_jobs n ON n.id = d.needs_job_id
        WHERE d.job_id = j.id AND n.status IN ('failed', 'cancelled') LIMIT 1
      ) AS message
      FROM image_generation_jobs j
      WHERE j.batch_id = which AND j.status = 'queued' AND NOT j.ready AND EXISTS (
        SELECT FROM job_dependencies d JOIN image_generation_jobs n ON n.id = d.needs_job_id
        WHERE d.job_id = j.id AND n.status IN ('failed', 'cancelled')
      )
      ORDER BY j.id FOR UPDATE OF j SKIP LOCKED
    ), ended AS (
      UPDATE image_generation_jobs j SET
        status = 'failed', completed_at = now(), updated_at = now(),
        error_reason = 'DEPENDENCY_FAILED', error_message = doomed.message
      FROM doomed WHERE j.id = doomed.id
      RETURNING j.id, j.image_id, j.attempt, j.ai_provider, j.estimated_micros, j.queued_at
    ), image AS (
      UPDATE images SET status = 'failed', updated_at = now() FROM ended
      WHERE images.id = ended.image_id
    )
    SELECT array_agg((id, attempt, ai_provider, queued_at::date, estimated_micros)::hold)
    INTO failed_now FROM ended;
    EXIT WHEN failed_now IS NULL;
    failed := failed || failed_now;
  END LOOP;

  SELECT count(*) INTO open FROM image_generation_jobs
  WHERE batch_id = which AND ready AND status IN ('queued', 'processing');

  UPDATE image_generation_jobs j SET
    ready = true, turn = next_turn(j.user_id, j.lane, j.priority) + chosen.place - 1
  FROM (
    SELECT id, row_number() OVER (PARTITION BY lane, priority ORDER BY batch_position) AS place
    FROM (
      SELECT w.id, w.lane, w.priority, w.batch_position FROM image_generation_jobs w
      WHERE w.batch_id = which AND w.status = 'queued' AND NOT w.ready AND NOT EXISTS (
        SELECT FROM job_dependencies d JOIN image_generation_jobs n ON n.id = d.needs_job_id
        WHERE d.job_id = w.id AND n.status <> 'completed'
      )
      ORDER BY w.batch_position LIMIT greatest(most - open, 0) FOR UPDATE OF w SKIP LOCKED
    ) AS free
  ) AS chosen
  WHERE j.id = chosen.id;

  outcome := CASE
    WHEN EXISTS (SELECT FROM image_generation_jobs
      WHERE batch_id = which AND status IN ('queued', 'processing')) THEN 'processing'
    WHEN EXISTS (SELECT FROM image_generation_jobs
      WHERE batch_id = which AND status = 'failed') THEN 'failed'
    WHEN EXISTS (SELECT FROM image_generation_jobs
      WHERE batch_id = which AND status = 'cancelled') THEN 'cancelled'
    ELSE 'completed'
  END;
  UPDATE batches SET
    status = outcome, completed_at = CASE outcome WHEN 'processing' THEN NULL ELSE now() END
  WHERE id = which AND status <> outcome;

  PERFORM release_money(failed);
END $$;

CREATE FUNCTION advance_batch_of_job() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
  PERFORM advance_batch(NEW.batch_id);
  RETURN NULL;
END $$;

CREATE FUNCTION complete_reference(whose uuid, in_style text, used uuid[], made uuid, shows integer) RETURNS void
    LANGUAGE plpgsql
    AS $$
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

CREATE FUNCTION drawn_image(image uuid) RETURNS uuid
    LANGUAGE sql STABLE
    AS $$
  SELECT coalesce(reused_from_image_id, image_id) FROM image_generation_jobs
  WHERE image_id = image
$$;

CREATE FUNCTION drop_reference(whose uuid, in_style text, gone uuid) RETURNS void
    LANGUAGE plpgsql
    AS $$
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

CREATE FUNCTION end_holds(holds hold[], costs bigint[]) RETURNS void
    LANGUAGE plpgsql
    AS $$
DECLARE
  ended record;
BEGIN
  FOR ended IN
    SELECT day, sum(micros) AS held, coalesce(sum(cost), 0) AS spent
    FROM unnest(holds, costs) AS h (job_id, attempt, provider, day, micros, cost)
    GROUP BY day HAVING sum(micros) > 0 OR sum(cost) > 0 ORDER BY day
  LOOP
    UPDATE budgets SET
      held_micros = held_micros - ended.held, spent_micros = spent_micros + ended.spent
    WHERE scope = 'global' AND day = ended.day;
  END LOOP;
END $$;

CREATE FUNCTION hold_money(holds hold[], most bigint) RETURNS boolean
    LANGUAGE plpgsql
    AS $$
DECLARE
  price bigint := (SELECT coalesce(sum(micros), 0) FROM unnest(holds));
BEGIN
  IF price > 0 THEN
    INSERT INTO budgets AS b (scope, day, limit_micros, held_micros)
    SELECT 'global', current_date, most, price WHERE price <= most
    ON CONFLICT (scope, day) DO UPDATE SET
      limit_micros = excluded.limit_micros, held_micros = b.held_micros + excluded.held_micros
    WHERE b.held_micros + b.spent_micros + excluded.held_micros <= excluded.limit_micros;
    IF NOT FOUND THEN
      RETURN false;
    END IF;
  END IF;
  INSERT INTO ledger (job_id, attempt, kind, provider, amount_micros)
  SELECT job_id, attempt, 'hold', provider, micros FROM unnest(holds);
  RETURN true;
END $$;

CREATE FUNCTION lock_batch_of_job() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
  PERFORM FROM batches WHERE id = NEW.batch_id FOR NO KEY UPDATE;
  RETURN NEW;
END $$;

CREATE FUNCTION next_turn(whose uuid, in_lane text, urgency integer) RETURNS bigint
    LANGUAGE sql STABLE
    AS $$
  SELECT greatest(
    coalesce(
      (SELECT max(turn) FROM image_generation_jobs
        WHERE lane = in_lane AND status = 'processing' AND priority = urgency AND ready),
      (SELECT min(turn) FROM image_generation_jobs
        WHERE lane = in_lane AND status = 'queued' AND priority = urgency AND ready),
      0
    ),
    (SELECT max(turn) + 1 FROM image_generation_jobs
      WHERE user_id = whose AND lane = in_lane AND priority = urgency
        AND status IN ('queued', 'processing') AND ready)
  )
$$;

CREATE FUNCTION note_batch() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
  IF TG_OP = 'UPDATE' THEN
    IF NEW.status = OLD.status THEN
      RETURN NEW;
    END IF;
    NEW.changed_in := place_behind(OLD.changed_in);
  END IF;
  INSERT INTO outbox (xact, user_id, object_kind, object_id, status)
  VALUES (NEW.changed_in, NEW.user_id, 'batch', NEW.id, NEW.status);
  RETURN NEW;
END $$;

CREATE FUNCTION note_image() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
  NEW.changed_in := place_behind(OLD.changed_in);
  INSERT INTO outbox (xact, user_id, object_kind, object_id, status)
  VALUES (
    NEW.changed_in, NEW.user_id, 'image', NEW.id,
    CASE WHEN NEW.deleted_at IS NULL THEN NEW.status ELSE 'deleted' END
  );
  RETURN NEW;
END $$;

CREATE FUNCTION note_job() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
  NEW.changed_in := place_behind(OLD.changed_in);
  INSERT INTO outbox (xact, user_id, object_kind, object_id, status, image_id, batch_id)
  VALUES (NEW.changed_in, NEW.user_id, 'job', NEW.id, NEW.status, NEW.image_id, NEW.batch_id);
  RETURN NEW;
END $$;

CREATE FUNCTION note_new_jobs() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
  INSERT INTO outbox (xact, user_id, object_kind, object_id, status, image_id, batch_id)
  SELECT changed_in, user_id, 'job', id, status, image_id, batch_id FROM added;
  RETURN NULL;
END $$;

CREATE FUNCTION place_behind(last bigint) RETURNS bigint
    LANGUAGE sql
    RETURN GREATEST(((pg_current_xact_id())::text)::bigint, CASE WHEN (last < ((pg_snapshot_xmax(pg_current_snapshot()))::text)::bigint) THEN last ELSE NULL::bigint END);

CREATE FUNCTION release_money(holds hold[]) RETURNS void
    LANGUAGE plpgsql
    AS $$
BEGIN
  INSERT INTO ledger (job_id, attempt, kind, provider, amount_micros)
  SELECT job_id, attempt, 'release', provider, micros FROM unnest(holds);
  PERFORM end_holds(holds, NULL);
END $$;

CREATE FUNCTION same_references(used jsonb, shows jsonb, in_style text) RETURNS boolean
    LANGUAGE sql STABLE
    AS $$
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

CREATE FUNCTION settle_money(holds hold[], costs bigint[]) RETURNS void
    LANGUAGE plpgsql
    AS $$
BEGIN
  INSERT INTO ledger (job_id, attempt, kind, provider, amount_micros)
  SELECT job_id, attempt, 'settle', provider, cost
  FROM unnest(holds, costs) AS h (job_id, attempt, provider, day, micros, cost);
  PERFORM end_holds(holds, costs);
END $$;
