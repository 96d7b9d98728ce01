-- The schema of a migrated database. Written by `make schema` from the migrations, which are
-- what is applied; do not edit it.

CREATE TYPE budget_change AS (
    day date,
    scope text,
    held bigint,
    spent bigint
);

CREATE TYPE hold AS (
    job_id uuid,
    attempt integer,
    provider text,
    day date,
    micros bigint
);

CREATE TYPE job_lane AS (
    lane text,
    models text[],
    opens_at timestamp with time zone,
    turn bigint
);

CREATE TYPE movement AS (
    job_id uuid,
    attempt integer,
    call text,
    kind text,
    reason text,
    provider text,
    model text,
    user_id uuid,
    day date,
    held_micros bigint,
    spent_micros bigint
);

CREATE TYPE turn_wanted AS (
    job_id uuid,
    user_id uuid,
    priority integer,
    lanes job_lane[]
);

CREATE VIEW money_differences AS
 WITH part AS (
         SELECT 'budget'::text AS source,
            budgets.day,
            budgets.scope,
            budgets.held_micros AS held,
            budgets.spent_micros AS spent
           FROM budgets
        UNION ALL
         SELECT 'ledger'::text,
            ledger.day,
            scope.scope,
            ledger.held_micros,
            ledger.spent_micros
           FROM ledger,
            LATERAL unnest(scopes_of(ledger.provider, ledger.user_id)) scope(scope)
        UNION ALL
         SELECT 'calls'::text,
            calls.day,
            scope.scope,
                CASE calls.state
                    WHEN 'open'::text THEN calls.held_micros
                    ELSE (0)::bigint
                END AS "case",
            calls.cost_micros
           FROM calls,
            LATERAL unnest(scopes_of(calls.provider, calls.user_id)) scope(scope)
        UNION ALL
         SELECT 'calls'::text,
            holds.day,
            scope.scope,
            holds.micros,
            0
           FROM holds,
            LATERAL unnest(scopes_of(holds.provider, holds.user_id)) scope(scope)
        UNION ALL
         SELECT keyed.source,
            keyed.day,
            ((((('job:'::text || keyed.job_id) || '/'::text) || keyed.attempt) || '/'::text) || keyed.call),
            keyed.held,
            keyed.spent
           FROM ( SELECT 'ledger'::text AS source,
                    ledger.day,
                    ledger.job_id,
                    ledger.attempt,
                    ledger.call,
                    ledger.held_micros AS held,
                    ledger.spent_micros AS spent
                   FROM ledger
                UNION ALL
                 SELECT 'budget'::text,
                    ledger.day,
                    ledger.job_id,
                    ledger.attempt,
                    ledger.call,
                    ledger.held_micros,
                    ledger.spent_micros
                   FROM ledger
                UNION ALL
                 SELECT 'calls'::text,
                    calls.day,
                    calls.job_id,
                    calls.attempt,
                    calls.call,
                        CASE calls.state
                            WHEN 'open'::text THEN calls.held_micros
                            ELSE (0)::bigint
                        END AS "case",
                    calls.cost_micros
                   FROM calls
                UNION ALL
                 SELECT 'calls'::text,
                    holds.day,
                    holds.job_id,
                    holds.attempt,
                    ''::text,
                    holds.micros,
                    0
                   FROM holds) keyed
        ), total AS (
         SELECT part.day,
            part.scope,
            (COALESCE(sum(part.held) FILTER (WHERE (part.source = 'budget'::text)), (0)::numeric))::bigint AS budget_held,
            (COALESCE(sum(part.held) FILTER (WHERE (part.source = 'calls'::text)), (0)::numeric))::bigint AS calls_held,
            (COALESCE(sum(part.held) FILTER (WHERE (part.source = 'ledger'::text)), (0)::numeric))::bigint AS ledger_held,
            (COALESCE(sum(part.spent) FILTER (WHERE (part.source = 'budget'::text)), (0)::numeric))::bigint AS budget_spent,
            (COALESCE(sum(part.spent) FILTER (WHERE (part.source = 'calls'::text)), (0)::numeric))::bigint AS calls_spent,
            (COALESCE(sum(part.spent) FILTER (WHERE (part.source = 'ledger'::text)), (0)::numeric))::bigint AS ledger_spent
           FROM part
          GROUP BY part.day, part.scope
        )
 SELECT day,
    scope,
    budget_held,
    calls_held,
    ledger_held,
    budget_spent,
    calls_spent,
    ledger_spent
   FROM total
  WHERE (((budget_held <> calls_held) OR (budget_spent <> calls_spent)) OR ((calls_held <> ledger_held) OR (calls_spent <> ledger_spent)));

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
    character_ids uuid[] DEFAULT '{}'::uuid[] NOT NULL,
    CONSTRAINT stories_check CHECK (((request_id IS NULL) = (request_hash IS NULL))),
    CONSTRAINT stories_pkey PRIMARY KEY (id),
    CONSTRAINT stories_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id)
);
COMMENT ON COLUMN stories.character_ids IS 'The cast: who may be on its pages without being listed there. page_bytes counts them, too.';
CREATE UNIQUE INDEX stories_request ON stories USING btree (user_id, request_id) WHERE (request_id IS NOT NULL);
CREATE INDEX stories_user ON stories USING btree (user_id, created_at DESC, id DESC) WHERE (deleted_at IS NULL);

CREATE TABLE story_pages (
    story_id uuid NOT NULL,
    page_number integer NOT NULL,
    text text NOT NULL,
    scene_description text NOT NULL,
    character_ids uuid[] NOT NULL,
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    scene jsonb,
    CONSTRAINT story_pages_page_number_check CHECK ((page_number > 0)),
    CONSTRAINT story_pages_id UNIQUE (id),
    CONSTRAINT story_pages_pkey PRIMARY KEY (story_id, page_number),
    CONSTRAINT story_pages_story_id_fkey FOREIGN KEY (story_id) REFERENCES stories(id) ON DELETE CASCADE
);
COMMENT ON COLUMN story_pages.scene IS 'What the author has set of the scene, whatever the text says, in the form of scenes.scene.';

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
    checked_by text,
    CONSTRAINT images_check CHECK (((version = 1) = (lineage_id = id))),
    CONSTRAINT images_check1 CHECK (((version = 1) = (parent_image_id IS NULL))),
    CONSTRAINT images_check2 CHECK ((((status)::text = ANY ((ARRAY['completed'::character varying, 'approved'::character varying, 'rejected'::character varying])::text[])) = ((url IS NOT NULL) AND (completed_at IS NOT NULL) AND (width IS NOT NULL)))),
    CONSTRAINT images_checked_by_check CHECK ((checked_by <> ''::text)),
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
COMMENT ON COLUMN images.generation_params IS 'How it was made, written when it is completed. How the model sampled it: steps, guidance_scale, scheduler; without them where the provider does not report it. post_processing: what became of each step, [{step, changed, said, ms}]. files: how the pixels of each asset were written, by its kind, for instance {"display": "jpeg 95 4:4:4"}; without the original.';
COMMENT ON COLUMN images.quality_score IS 'How whole the model''s picture is, 2 to 5, as the worker measured it. Written when it is completed; NULL where it was completed before the migration 0042_quality.';
COMMENT ON COLUMN images.status IS 'approved, rejected: filled by reviews of completed images.';
COMMENT ON COLUMN images.generation_cost_usd IS 'Generated from cost_micros, in dollars, for people who read the tables.';
COMMENT ON COLUMN images.content_digest IS 'SHA-256 of what its picture was drawn from, but for the seed and the references. Written when it is completed; NULL where the picture is not reused: it was completed before the migration 0015_reuse.';
COMMENT ON COLUMN images.checked_by IS 'The classifier that has looked at its pixels and has not refused them; NULL where none has.';
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
    lanes job_lane[],
    reused_from_image_id uuid,
    limits jsonb DEFAULT '{}'::jsonb NOT NULL,
    route jsonb DEFAULT '{}'::jsonb NOT NULL,
    passed_over text[] DEFAULT '{}'::text[] NOT NULL,
    no_offer_since timestamp with time zone,
    traceparent text,
    upscales_image_id uuid,
    print_width integer,
    print_height integer,
    CONSTRAINT image_generation_jobs_check CHECK (((request_id IS NULL) = (request_hash IS NULL))),
    CONSTRAINT image_generation_jobs_check1 CHECK ((((status)::text = 'processing'::text) = ((lease_expires_at IS NOT NULL) AND (worker IS NOT NULL)))),
    CONSTRAINT image_generation_jobs_check2 CHECK ((((status)::text = ANY ((ARRAY['completed'::character varying, 'failed'::character varying, 'cancelled'::character varying])::text[])) = (completed_at IS NOT NULL))),
    CONSTRAINT image_generation_jobs_check3 CHECK ((((status)::text <> 'failed'::text) OR (error_reason IS NOT NULL))),
    CONSTRAINT image_generation_jobs_check4 CHECK (((batch_id IS NULL) = (batch_position IS NULL))),
    CONSTRAINT image_generation_jobs_check5 CHECK ((ready OR (batch_id IS NOT NULL))),
    CONSTRAINT image_generation_jobs_kind_check CHECK ((kind = ANY (ARRAY['portrait'::text, 'scene'::text, 'cover'::text, 'plan'::text, 'upscale'::text]))),
    CONSTRAINT image_generation_jobs_lanes_check CHECK ((cardinality(lanes) > 0)),
    CONSTRAINT image_generation_jobs_plan_check CHECK ((((kind = 'plan'::text) = (lane = 'read'::text)) AND ((kind <> 'plan'::text) OR (image_id IS NULL)))),
    CONSTRAINT image_generation_jobs_priority_check CHECK (((priority >= 0) AND (priority <= 9))),
    CONSTRAINT image_generation_jobs_status_check CHECK (((status)::text = ANY ((ARRAY['queued'::character varying, 'processing'::character varying, 'completed'::character varying, 'failed'::character varying, 'cancelled'::character varying])::text[]))),
    CONSTRAINT image_generation_jobs_upscale_check CHECK ((((kind = 'upscale'::text) = (lane = 'upscale'::text)) AND (num_nonnulls(upscales_image_id, print_width, print_height) =
CASE kind
    WHEN 'upscale'::text THEN 3
    ELSE 0
END) AND ((kind <> 'upscale'::text) OR ((image_id IS NULL) AND (batch_id IS NULL))))),
    CONSTRAINT image_generation_jobs_pkey PRIMARY KEY (id),
    CONSTRAINT image_generation_jobs_batch_id_fkey FOREIGN KEY (batch_id) REFERENCES batches(id),
    CONSTRAINT image_generation_jobs_image_id_fkey FOREIGN KEY (image_id) REFERENCES images(id),
    CONSTRAINT image_generation_jobs_reused_from_image_id_fkey FOREIGN KEY (reused_from_image_id) REFERENCES images(id),
    CONSTRAINT image_generation_jobs_upscales_image_id_fkey FOREIGN KEY (upscales_image_id) REFERENCES images(id)
);
COMMENT ON COLUMN image_generation_jobs.estimated_cost IS 'Generated from estimated_micros, in dollars, for people who read the tables.';
COMMENT ON COLUMN image_generation_jobs.actual_cost IS 'Generated from actual_micros, in dollars, for people who read the tables.';
COMMENT ON COLUMN image_generation_jobs.lanes IS 'The lanes that its offers allow, the first choice first. NULL where an older version admitted it: lane alone, with ai_model.';
COMMENT ON COLUMN image_generation_jobs.reused_from_image_id IS 'The image that was drawn and whose picture answers the request; NULL where the job draws.';
COMMENT ON COLUMN image_generation_jobs.limits IS 'What its caller allows to draw it; {} where an older version admitted it.';
COMMENT ON COLUMN image_generation_jobs.route IS 'The choice when it was admitted: offers, and why not the others. {} as above.';
COMMENT ON COLUMN image_generation_jobs.passed_over IS 'Models that failed since it was queued or retried last.';
COMMENT ON COLUMN image_generation_jobs.no_offer_since IS 'Since when no model may draw it; it fails when that lasts.';
COMMENT ON COLUMN image_generation_jobs.traceparent IS 'The W3C traceparent of what asked for it; NULL where that was not traced.';
COMMENT ON COLUMN image_generation_jobs.upscales_image_id IS 'The image whose print asset the job makes anew; NULL for those that draw an image, which have image_id, and for plans.';
COMMENT ON COLUMN image_generation_jobs.print_width IS 'The pixels of the print asset that an upscale makes; NULL for other jobs.';
CREATE UNIQUE INDEX idx_img_jobs_image ON image_generation_jobs USING btree (image_id);
CREATE INDEX idx_img_jobs_status ON image_generation_jobs USING btree (lane, status, priority, turn, queued_at) WHERE (((status)::text = ANY ((ARRAY['queued'::character varying, 'processing'::character varying])::text[])) AND ready);
CREATE INDEX jobs_batch ON image_generation_jobs USING btree (batch_id, status, ready, batch_position) WHERE (batch_id IS NOT NULL);
CREATE INDEX jobs_drawn ON image_generation_jobs USING btree (ai_model, ((spec ->> 'quality'::text)), completed_at DESC) WHERE (((status)::text = 'completed'::text) AND (attempt > 0));
CREATE INDEX jobs_drawn_in_lane ON image_generation_jobs USING btree (lane, completed_at DESC) WHERE (((status)::text = 'completed'::text) AND (attempt > 0));
CREATE INDEX jobs_leases ON image_generation_jobs USING btree (lease_expires_at) WHERE ((status)::text = 'processing'::text);
CREATE INDEX jobs_plans ON image_generation_jobs USING btree (updated_at) WHERE ((kind = 'plan'::text) AND (actual_micros = 0));
CREATE INDEX jobs_plans_of_page ON image_generation_jobs USING btree (story_id, page_id) WHERE (kind = 'plan'::text);
CREATE UNIQUE INDEX jobs_request ON image_generation_jobs USING btree (user_id, request_id) WHERE (request_id IS NOT NULL);
CREATE INDEX jobs_status ON image_generation_jobs USING btree (user_id, status, created_at DESC, id DESC);
CREATE INDEX jobs_story ON image_generation_jobs USING btree (story_id, status, created_at DESC, id DESC) WHERE (story_id IS NOT NULL);
CREATE INDEX jobs_turns ON image_generation_jobs USING btree (user_id, lane, priority, turn) WHERE (((status)::text = 'processing'::text) AND ready);
CREATE INDEX jobs_upscales ON image_generation_jobs USING btree (upscales_image_id) WHERE (upscales_image_id IS NOT NULL);
CREATE TRIGGER batch_locked BEFORE UPDATE OF status ON image_generation_jobs FOR EACH ROW WHEN (((new.batch_id IS NOT NULL) AND (pg_trigger_depth() = 0) AND (((old.status)::text = ANY ((ARRAY['queued'::character varying, 'processing'::character varying])::text[])) <> ((new.status)::text = ANY ((ARRAY['queued'::character varying, 'processing'::character varying])::text[]))))) EXECUTE FUNCTION lock_batch_of_job();
CREATE TRIGGER batch_moved AFTER UPDATE OF status ON image_generation_jobs FOR EACH ROW WHEN (((new.batch_id IS NOT NULL) AND (pg_trigger_depth() = 0) AND (((old.status)::text = ANY ((ARRAY['queued'::character varying, 'processing'::character varying])::text[])) <> ((new.status)::text = ANY ((ARRAY['queued'::character varying, 'processing'::character varying])::text[]))))) EXECUTE FUNCTION advance_batch_of_job();
CREATE TRIGGER job_changed BEFORE UPDATE OF status ON image_generation_jobs FOR EACH ROW WHEN (((new.status)::text IS DISTINCT FROM (old.status)::text)) EXECUTE FUNCTION note_job();
CREATE TRIGGER lanes_of_changed_jobs AFTER UPDATE ON image_generation_jobs REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION keep_lanes();
CREATE TRIGGER lanes_of_new_jobs AFTER INSERT ON image_generation_jobs REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION keep_lanes();
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
    checked_by text,
    CONSTRAINT job_previews_checked_by_check CHECK ((checked_by <> ''::text)),
    CONSTRAINT job_previews_pkey PRIMARY KEY (job_id)
);
COMMENT ON COLUMN job_previews.checked_by IS 'The classifier that has looked at it; NULL where none has. One that is refused is not written.';

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
    route jsonb DEFAULT '{}'::jsonb NOT NULL,
    not_drawn jsonb DEFAULT '[]'::jsonb NOT NULL,
    refused_sha256 text,
    refused_for text,
    upscaling jsonb DEFAULT '{}'::jsonb NOT NULL,
    step_times jsonb DEFAULT '[]'::jsonb NOT NULL,
    CONSTRAINT attempts_check CHECK (((outcome = 'running'::text) = (finished_at IS NULL))),
    CONSTRAINT attempts_check1 CHECK (((refused_sha256 IS NULL) = (refused_for IS NULL))),
    CONSTRAINT attempts_outcome_check CHECK ((outcome = ANY (ARRAY['running'::text, 'completed'::text, 'failed'::text, 'lost'::text, 'released'::text, 'cancelled'::text, 'reused'::text, 'read'::text, 'upscaled'::text]))),
    CONSTRAINT attempts_refused_for_check CHECK ((refused_for <> ''::text)),
    CONSTRAINT attempts_refused_sha256_check CHECK ((refused_sha256 ~ '^[0-9a-f]{64}$'::text)),
    CONSTRAINT attempts_pkey PRIMARY KEY (job_id, attempt),
    CONSTRAINT attempts_job_id_fkey FOREIGN KEY (job_id) REFERENCES image_generation_jobs(id)
);
COMMENT ON COLUMN attempts.outcome IS 'reused: no attempt, but what is known of the picture of a job that draws nothing; its number is 0. read, upscaled: completed, by reading a page, or by a new print asset; the speed of models is that of the completed ones.';
COMMENT ON COLUMN attempts.unknown_words IS 'Written by workers from before the migration 0021_scenes; not read.';
COMMENT ON COLUMN attempts.used_references IS 'What became of the reference of each character, in the order of the spec; [] where references were not asked for.';
COMMENT ON COLUMN attempts.route IS 'The choice at its beginning; {} where nothing was chosen again.';
COMMENT ON COLUMN attempts.not_drawn IS 'The parts of the content that the picture does not show as told, in the order of the text: {phrase, kind, became}; what is left out became nothing.';
COMMENT ON COLUMN attempts.refused_sha256 IS 'SHA-256 of the picture that a classifier refused, as the model gave it: nothing else of it is kept. NULL where none was.';
COMMENT ON COLUMN attempts.refused_for IS 'The categories that it was refused for, sorted, with commas between them.';
COMMENT ON COLUMN attempts.upscaling IS 'How a model enlarged the picture: {tile, ran_out_at}, in pixels of a side; tile is 0 where memory ran out and Lanczos did. {} where no model was asked to.';
COMMENT ON COLUMN attempts.step_times IS 'What its steps took, in order: [{step, ms, peak_bytes}]; peak_bytes is null where the memory was not measured. Written when it is completed.';
CREATE INDEX attempts_drawn ON attempts USING btree (model, finished_at DESC) WHERE (outcome = ANY (ARRAY['completed'::text, 'failed'::text]));
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
    model text DEFAULT ''::text NOT NULL,
    probing_until timestamp with time zone,
    off_since timestamp with time zone,
    reason text DEFAULT ''::text NOT NULL,
    CONSTRAINT provider_health_pkey PRIMARY KEY (provider, model)
);
COMMENT ON TABLE provider_health IS 'What the fleet knows of the health of providers; one that never failed has no row.';
COMMENT ON COLUMN provider_health.open_until IS 'No calls before: the breaker is open, or the provider asked to wait.';
COMMENT ON COLUMN provider_health.failures IS 'Failures in a row that count for the breaker; those of calls that end while it is open do not.';
COMMENT ON COLUMN provider_health.model IS 'Empty for the provider itself; a row with a model only tells whether that model is off.';
COMMENT ON COLUMN provider_health.probing_until IS 'Until when one worker of the fleet tries whether the provider is well again.';
COMMENT ON COLUMN provider_health.off_since IS 'No calls until an operator, or a slow probe, finds it well.';
COMMENT ON COLUMN provider_health.reason IS 'The kind of the failure that closed it to calls.';

CREATE TABLE budgets (
    scope text NOT NULL,
    day date NOT NULL,
    held_micros bigint DEFAULT 0 NOT NULL,
    spent_micros bigint DEFAULT 0 NOT NULL,
    CONSTRAINT budgets_held_micros_check CHECK ((held_micros >= 0)),
    CONSTRAINT budgets_spent_micros_check CHECK ((spent_micros >= 0)),
    CONSTRAINT budgets_pkey PRIMARY KEY (scope, day)
);

CREATE TABLE ledger (
    id bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
    job_id uuid NOT NULL,
    attempt integer NOT NULL,
    kind text NOT NULL,
    provider text NOT NULL,
    at timestamp with time zone DEFAULT now() NOT NULL,
    call text NOT NULL,
    reason text NOT NULL,
    model text NOT NULL,
    user_id uuid NOT NULL,
    day date NOT NULL,
    held_micros bigint NOT NULL,
    spent_micros bigint NOT NULL,
    CONSTRAINT ledger_kind_check CHECK ((kind = ANY (ARRAY['hold'::text, 'settle'::text, 'release'::text, 'correction'::text]))),
    CONSTRAINT ledger_pkey PRIMARY KEY (id)
);
CREATE INDEX ledger_job ON ledger USING btree (job_id);
CREATE TRIGGER only_added BEFORE DELETE OR UPDATE OR TRUNCATE ON ledger FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

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
    image_id uuid,
    CONSTRAINT job_metadata_pkey PRIMARY KEY (user_id, key, value, created_at, job_id),
    CONSTRAINT job_metadata_job_id_fkey FOREIGN KEY (job_id) REFERENCES image_generation_jobs(id)
);
COMMENT ON COLUMN job_metadata.image_id IS 'The image that the job draws; NULL for an upscale.';

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
    slots jsonb DEFAULT '{}'::jsonb NOT NULL,
    spec_version integer DEFAULT 3 NOT NULL,
    models text[],
    cold_start interval,
    draining boolean DEFAULT false NOT NULL,
    gain double precision,
    CONSTRAINT workers_cold_start_check CHECK ((cold_start >= '00:00:00'::interval)),
    CONSTRAINT workers_gain_check CHECK ((gain > (0)::double precision)),
    CONSTRAINT workers_pkey PRIMARY KEY (name)
);
COMMENT ON COLUMN workers.slots IS 'How many jobs it runs at once, by lane.';
COMMENT ON COLUMN workers.spec_version IS 'The newest version of specs that it draws. One that does not tell is taken to know 3: it may be older than references.';
COMMENT ON COLUMN workers.models IS 'The models that it draws with. NULL for one that does not tell: it is taken to have any.';
COMMENT ON COLUMN workers.cold_start IS 'How long its next picture waits for a model to start; NULL while one is warm.';
COMMENT ON COLUMN workers.draining IS 'Whether an admin has told it to claim no more: it finishes what it runs, and is not ready.';
COMMENT ON COLUMN workers.gain IS 'How many times as fast as one after another its local slots draw; NULL where it is not known.';

CREATE TABLE job_lanes (
    job_id uuid NOT NULL,
    lane text NOT NULL,
    user_id uuid NOT NULL,
    priority integer NOT NULL,
    turn bigint NOT NULL,
    queued_at timestamp with time zone NOT NULL,
    spec_version integer NOT NULL,
    models text[] NOT NULL,
    opens_at timestamp with time zone NOT NULL,
    open boolean NOT NULL,
    CONSTRAINT job_lanes_pkey PRIMARY KEY (job_id, lane)
)
WITH (autovacuum_vacuum_scale_factor='0', autovacuum_vacuum_threshold='2000', autovacuum_vacuum_insert_scale_factor='0', autovacuum_vacuum_insert_threshold='2000', autovacuum_analyze_scale_factor='0', autovacuum_analyze_threshold='2000', autovacuum_vacuum_cost_delay='0');
COMMENT ON TABLE job_lanes IS 'The queue: a row for each lane of a job that is queued and ready.';
CREATE INDEX job_lanes_models ON job_lanes USING btree (lane, models, priority, turn, queued_at) WHERE open;
CREATE INDEX job_lanes_opening ON job_lanes USING btree (lane, opens_at) WHERE (NOT open);
CREATE INDEX job_lanes_order ON job_lanes USING btree (lane, open, priority, turn, queued_at, spec_version);
CREATE INDEX job_lanes_turns ON job_lanes USING btree (user_id, lane, priority, turn);

CREATE TABLE budget_limits (
    scope text NOT NULL,
    limit_micros bigint NOT NULL,
    set_by uuid,
    set_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT budget_limits_check CHECK (((set_by IS NOT NULL) OR (scope = 'global'::text))),
    CONSTRAINT budget_limits_limit_micros_check CHECK ((limit_micros >= 0)),
    CONSTRAINT budget_limits_scope_check CHECK ((scope ~ '^(global|provider:.+|user:[0-9a-f-]{36})$'::text)),
    CONSTRAINT budget_limits_pkey PRIMARY KEY (scope)
);

CREATE TABLE holds (
    job_id uuid NOT NULL,
    user_id uuid NOT NULL,
    attempt integer NOT NULL,
    provider text NOT NULL,
    model text NOT NULL,
    reason text NOT NULL,
    day date NOT NULL,
    micros bigint NOT NULL,
    CONSTRAINT holds_micros_check CHECK ((micros > 0)),
    CONSTRAINT holds_pkey PRIMARY KEY (job_id),
    CONSTRAINT holds_job_id_fkey FOREIGN KEY (job_id) REFERENCES image_generation_jobs(id)
);

CREATE TABLE calls (
    job_id uuid NOT NULL,
    attempt integer NOT NULL,
    call text NOT NULL,
    user_id uuid NOT NULL,
    provider text NOT NULL,
    model text NOT NULL,
    reason text NOT NULL,
    day date NOT NULL,
    held_micros bigint NOT NULL,
    cost_micros bigint DEFAULT 0 NOT NULL,
    state text DEFAULT 'open'::text NOT NULL,
    estimated boolean DEFAULT false NOT NULL,
    request_id text DEFAULT ''::text NOT NULL,
    usage jsonb DEFAULT '{}'::jsonb NOT NULL,
    begun_at timestamp with time zone DEFAULT now() NOT NULL,
    ended_at timestamp with time zone,
    CONSTRAINT calls_check CHECK (((state = 'open'::text) = (ended_at IS NULL))),
    CONSTRAINT calls_check1 CHECK (((state = ANY (ARRAY['settled'::text, 'unknown'::text])) OR (cost_micros = 0))),
    CONSTRAINT calls_check2 CHECK (((state <> 'unknown'::text) OR estimated)),
    CONSTRAINT calls_cost_micros_check CHECK ((cost_micros >= 0)),
    CONSTRAINT calls_held_micros_check CHECK ((held_micros >= 0)),
    CONSTRAINT calls_reason_check CHECK ((reason = ANY (ARRAY['first'::text, 'retry'::text, 'repair'::text, 'regeneration'::text]))),
    CONSTRAINT calls_state_check CHECK ((state = ANY (ARRAY['open'::text, 'settled'::text, 'released'::text, 'unknown'::text]))),
    CONSTRAINT calls_pkey PRIMARY KEY (job_id, attempt, call),
    CONSTRAINT calls_job_id_fkey FOREIGN KEY (job_id) REFERENCES image_generation_jobs(id)
);
CREATE INDEX calls_day ON calls USING btree (day);
CREATE INDEX calls_unsettled ON calls USING btree (begun_at, job_id, attempt, call) WHERE estimated;
CREATE INDEX calls_user ON calls USING btree (user_id, day);

CREATE TABLE alerts (
    id bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
    kind text NOT NULL,
    day date NOT NULL,
    scope text NOT NULL,
    percent integer,
    limit_micros bigint,
    held_micros bigint,
    spent_micros bigint,
    job_id uuid,
    attempt integer,
    call text,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    tries integer DEFAULT 0 NOT NULL,
    next_try_at timestamp with time zone DEFAULT now() NOT NULL,
    delivered_at timestamp with time zone,
    given_up_at timestamp with time zone,
    model text DEFAULT ''::text NOT NULL,
    reason text DEFAULT ''::text NOT NULL,
    CONSTRAINT alerts_amounts_check CHECK ((num_nonnulls(limit_micros, held_micros, spent_micros) = (3 * ((kind <> 'provider_failed'::text))::integer))),
    CONSTRAINT alerts_check CHECK (((kind = 'budget_used'::text) = (percent IS NOT NULL))),
    CONSTRAINT alerts_check1 CHECK (((kind = 'call_above_hold'::text) = ((job_id IS NOT NULL) AND (attempt IS NOT NULL) AND (call IS NOT NULL)))),
    CONSTRAINT alerts_check2 CHECK ((num_nonnulls(delivered_at, given_up_at) <= 1)),
    CONSTRAINT alerts_kind_check CHECK ((kind = ANY (ARRAY['budget_used'::text, 'call_above_hold'::text, 'provider_failed'::text]))),
    CONSTRAINT alerts_reason_check CHECK (((kind = 'provider_failed'::text) = (reason <> ''::text))),
    CONSTRAINT alerts_pkey PRIMARY KEY (id)
);
COMMENT ON COLUMN alerts.model IS 'The model that a provider does not serve any more; empty for the provider itself.';
COMMENT ON COLUMN alerts.reason IS 'The kind of a provider''s failure; empty for alerts on money.';
CREATE UNIQUE INDEX alerts_budget ON alerts USING btree (day, scope, percent) WHERE (kind = 'budget_used'::text);
CREATE UNIQUE INDEX alerts_call ON alerts USING btree (job_id, attempt, call) WHERE (kind = 'call_above_hold'::text);
CREATE INDEX alerts_due ON alerts USING btree (next_try_at) WHERE ((delivered_at IS NULL) AND (given_up_at IS NULL));
CREATE UNIQUE INDEX alerts_provider ON alerts USING btree (day, scope, model, reason) WHERE (kind = 'provider_failed'::text);

CREATE TABLE scenes (
    job_id uuid NOT NULL,
    scene jsonb NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    not_drawn jsonb DEFAULT '{}'::jsonb NOT NULL,
    CONSTRAINT scenes_pkey PRIMARY KEY (job_id),
    CONSTRAINT scenes_job_id_fkey FOREIGN KEY (job_id) REFERENCES image_generation_jobs(id) ON DELETE CASCADE
);
COMMENT ON TABLE scenes IS 'What was read of a job''s text: once, by the first attempt that came so far, or by a plan of the same page in the day before. Later attempts, and regenerations from the same text, draw the same scene.';
COMMENT ON COLUMN scenes.scene IS 'Figures from left to right, extras, place, time, weather, props, colours, and what is not there.';
COMMENT ON COLUMN scenes.not_drawn IS 'Of a plan, and of a job whose caller set how good it must be: by model, what its picture would not show as told; {phrase, kind, became}, as in attempts.';

CREATE TABLE allowed_texts (
    digest text NOT NULL,
    rule text NOT NULL,
    allowed_by text NOT NULL,
    allowed_at timestamp with time zone DEFAULT now() NOT NULL,
    withdrawn_by text,
    withdrawn_at timestamp with time zone,
    CONSTRAINT allowed_texts_allowed_by_check CHECK ((allowed_by <> ''::text)),
    CONSTRAINT allowed_texts_check CHECK (((withdrawn_by IS NULL) = (withdrawn_at IS NULL))),
    CONSTRAINT allowed_texts_digest_check CHECK ((digest ~ '^[0-9a-f]{64}$'::text)),
    CONSTRAINT allowed_texts_rule_check CHECK ((rule <> ''::text)),
    CONSTRAINT allowed_texts_withdrawn_by_check CHECK ((withdrawn_by <> ''::text))
);
COMMENT ON TABLE allowed_texts IS 'The audit of appeals: who allowed which text to break which rule, and when. The texts are not in it.';
COMMENT ON COLUMN allowed_texts.digest IS 'SHA-256 of the text as it is stored: Unicode NFC, without invisible characters, with single spaces.';
CREATE UNIQUE INDEX allowed_texts_now ON allowed_texts USING btree (digest, rule) WHERE (withdrawn_at IS NULL);

CREATE TABLE admin_actions (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    at timestamp with time zone DEFAULT now() NOT NULL,
    by_user uuid NOT NULL,
    kind text NOT NULL,
    target text NOT NULL,
    allow_unknown_calls boolean DEFAULT false NOT NULL,
    request_id uuid,
    request_hash bytea,
    CONSTRAINT admin_actions_check CHECK (((request_id IS NULL) = (request_hash IS NULL))),
    CONSTRAINT admin_actions_check1 CHECK (((kind = 'requeue_jobs'::text) OR (NOT allow_unknown_calls))),
    CONSTRAINT admin_actions_kind_check CHECK ((kind = ANY (ARRAY['cancel_jobs'::text, 'requeue_jobs'::text, 'pause_lane'::text, 'resume_lane'::text, 'drain_worker'::text]))),
    CONSTRAINT admin_actions_target_check CHECK ((target <> ''::text)),
    CONSTRAINT admin_actions_by_user_request_id_key UNIQUE (by_user, request_id),
    CONSTRAINT admin_actions_pkey PRIMARY KEY (id)
);
COMMENT ON COLUMN admin_actions.target IS 'Whose or which jobs: user:UUID, or jobs for those that were named; or lane:NAME, or worker:NAME.';
COMMENT ON COLUMN admin_actions.allow_unknown_calls IS 'Whether the admin asked to repeat paid calls whose outcome is unknown.';
CREATE INDEX admin_actions_newest ON admin_actions USING btree (at DESC, id DESC);
CREATE TRIGGER only_added BEFORE DELETE OR UPDATE OR TRUNCATE ON admin_actions FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TABLE admin_action_jobs (
    action_id uuid NOT NULL,
    job_id uuid NOT NULL,
    CONSTRAINT admin_action_jobs_pkey PRIMARY KEY (action_id, job_id),
    CONSTRAINT admin_action_jobs_action_id_fkey FOREIGN KEY (action_id) REFERENCES admin_actions(id),
    CONSTRAINT admin_action_jobs_job_id_fkey FOREIGN KEY (job_id) REFERENCES image_generation_jobs(id)
);
CREATE INDEX admin_action_jobs_job ON admin_action_jobs USING btree (job_id);
CREATE TRIGGER only_added BEFORE DELETE OR UPDATE OR TRUNCATE ON admin_action_jobs FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TABLE paused_lanes (
    lane text NOT NULL,
    paused_by uuid NOT NULL,
    paused_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT paused_lanes_pkey PRIMARY KEY (lane)
);
COMMENT ON TABLE paused_lanes IS 'Lanes in which nothing is claimed until an admin resumes them.';

CREATE TABLE write_probes (
    gateway text NOT NULL,
    at timestamp with time zone NOT NULL,
    room bytea,
    CONSTRAINT write_probes_pkey PRIMARY KEY (gateway)
);
ALTER TABLE ONLY write_probes ALTER COLUMN room SET STORAGE EXTERNAL;
COMMENT ON TABLE write_probes IS 'The last write of each gateway, which proves that it can write.';
COMMENT ON COLUMN write_probes.gateway IS 'The machine and the process.';

CREATE TABLE database_use (
    id uuid NOT NULL,
    began_at timestamp with time zone DEFAULT now() NOT NULL,
    seen_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT database_use_check CHECK ((began_at <= seen_at)),
    CONSTRAINT database_use_pkey PRIMARY KEY (id)
);
COMMENT ON TABLE database_use IS 'A row for each gateway that has run without a gap: it saw this database until seen_at.';

CREATE TABLE orphan_removals (
    removed_at timestamp with time zone DEFAULT now() NOT NULL,
    objects integer NOT NULL,
    CONSTRAINT orphan_removals_objects_check CHECK ((objects > 0))
);
COMMENT ON TABLE orphan_removals IS 'How many unknown objects sweeps have set out to remove; written before they do.';
CREATE INDEX orphan_removals_newest ON orphan_removals USING btree (removed_at);

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

  PERFORM make_ready(which, greatest(most - open, 0));

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

CREATE FUNCTION begin_call(which uuid, at_attempt integer, named text, by_provider text, by_model text, price bigint, most bigint, because text) RETURNS text
    LANGUAGE plpgsql
    AS $$
DECLARE
  job image_generation_jobs;
  held holds;
  next movement;
  short text;
BEGIN
  SELECT * INTO job FROM image_generation_jobs
  WHERE id = which AND attempt = at_attempt AND status = 'processing' FOR NO KEY UPDATE;
  IF NOT FOUND THEN
    RETURN 'lost';
  ELSIF job.cancel_requested THEN
    RETURN 'cancelled';
  ELSIF EXISTS (
    SELECT FROM calls WHERE job_id = which AND attempt = at_attempt AND call = named
  ) THEN
    RETURN 'repeated';
  ELSIF named = 'render' AND 2 <= (
    SELECT count(*) FROM calls
    WHERE job_id = which AND call = 'render' AND begun_at >= job.queued_at
      AND (state = 'open' OR cost_micros > 0)
  ) THEN
    RETURN 'paid_twice';
  ELSIF job_cost(which) + price > most THEN
    RETURN 'above_most';
  END IF;

  IF named = 'render' THEN
    SELECT * INTO held FROM holds WHERE job_id = which;
  END IF;
  next := (
    which, at_attempt, named, 'hold', coalesce(because, CASE
      WHEN EXISTS (SELECT FROM calls WHERE job_id = which AND call = named) THEN 'retry'
      WHEN EXISTS (SELECT FROM images WHERE id = job.image_id AND parent_image_id IS NOT NULL)
      THEN 'regeneration' ELSE 'first' END),
    by_provider, by_model, job.user_id, current_date, price, 0
  )::movement;
  short := move_money(CASE WHEN held.job_id IS NULL THEN ARRAY[next] ELSE ARRAY[(
    which, held.attempt, '', 'release', held.reason, held.provider, held.model, held.user_id,
    held.day, -held.micros, 0
  )::movement, next] END, true);
  IF short IS NOT NULL THEN
    RETURN short;
  END IF;
  DELETE FROM holds WHERE job_id = held.job_id;
  INSERT INTO calls (
    job_id, attempt, call, user_id, provider, model, reason, day, held_micros
  ) VALUES (
    which, at_attempt, named, job.user_id, by_provider, by_model, next.reason, next.day, price
  );
  RETURN 'begun';
END $$;

CREATE FUNCTION budget_changes(moves movement[]) RETURNS TABLE(day date, scope text, held bigint, spent bigint)
    LANGUAGE sql IMMUTABLE
    AS $$
  SELECT m.day, s.scope, sum(m.held_micros)::bigint, sum(m.spent_micros)::bigint
  FROM unnest(moves) AS m, unnest(scopes_of(m.provider, m.user_id)) AS s (scope)
  GROUP BY 1, 2 ORDER BY 1, 2
$$;

CREATE FUNCTION cancelled_why(which uuid, why text) RETURNS text
    LANGUAGE plpgsql
    AS $_$
DECLARE
  shown constant text := 'FM$999999990.000099';
  under_way numeric;
  before numeric;
BEGIN
  SELECT sum(held_micros) FILTER (WHERE state = 'open') / 1000000.0,
    sum(cost_micros) FILTER (WHERE state <> 'open') / 1000000.0
  INTO under_way, before FROM calls WHERE job_id = which;
  RETURN why
    || CASE WHEN under_way > 0 THEN '; the paid call under way was booked at its hold, '
      || to_char(under_way, shown) ELSE '' END
    || CASE WHEN before > 0 THEN '; the calls before were booked at ' || to_char(before, shown)
      ELSE '' END;
END $_$;

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

CREATE FUNCTION default_limit(most bigint) RETURNS void
    LANGUAGE plpgsql
    AS $$
BEGIN
  -- Looked at first, since an insert would lock the row for nothing.
  IF NOT EXISTS (SELECT FROM budget_limits WHERE scope = 'global') THEN
    INSERT INTO budget_limits (scope, limit_micros) VALUES ('global', most) ON CONFLICT DO NOTHING;
  END IF;
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

CREATE FUNCTION end_call(which uuid, at_attempt integer, named text, becomes text, cost bigint, guessed boolean, counted jsonb, their_id text) RETURNS calls
    LANGUAGE plpgsql
    AS $$
DECLARE
  before calls;
  after calls;
BEGIN
  PERFORM FROM image_generation_jobs WHERE id = which FOR NO KEY UPDATE;
  SELECT * INTO before FROM calls WHERE job_id = which AND attempt = at_attempt AND call = named;
  IF NOT FOUND OR NOT (CASE becomes
    WHEN 'settled' THEN before.state <> 'settled' OR before.estimated
    WHEN 'released' THEN before.state IN ('open', 'unknown')
    ELSE before.state = 'open'
  END) THEN
    RETURN NULL;
  END IF;
  UPDATE calls SET
    state = becomes, estimated = guessed, usage = counted, ended_at = coalesce(ended_at, now()),
    cost_micros = CASE becomes WHEN 'unknown' THEN held_micros ELSE cost END,
    request_id = coalesce(nullif(their_id, ''), request_id)
  WHERE job_id = which AND attempt = at_attempt AND call = named RETURNING * INTO after;
  IF after.cost_micros <> before.cost_micros THEN
    UPDATE image_generation_jobs SET actual_micros = actual_micros
      + after.cost_micros - before.cost_micros WHERE id = which;
    UPDATE images i SET cost_micros = j.actual_micros FROM image_generation_jobs j
    WHERE j.id = which AND i.id = j.image_id AND i.url IS NOT NULL;
  END IF;
  IF after.cost_micros > after.held_micros THEN
    PERFORM note_above_hold(after);
  END IF;
  PERFORM move_money(ARRAY[(
    which, at_attempt, named, CASE WHEN before.state <> 'open' THEN 'correction'
      WHEN becomes = 'released' THEN 'release' ELSE 'settle' END,
    after.reason, after.provider, after.model, after.user_id, after.day,
    CASE before.state WHEN 'open' THEN -before.held_micros ELSE 0 END,
    after.cost_micros - before.cost_micros
  )::movement], false);
  RETURN after;
END $$;

CREATE FUNCTION hold_money(holds hold[], most bigint) RETURNS boolean
    LANGUAGE sql
    AS $$
  SELECT hold_prices(holds, most) IS NULL
$$;

CREATE FUNCTION hold_moves(moves movement[], most bigint) RETURNS text
    LANGUAGE plpgsql
    AS $$
DECLARE
  short text;
BEGIN
  IF moves IS NULL THEN
    RETURN NULL;
  END IF;
  PERFORM default_limit(most);
  short := move_money(moves, true);
  IF short IS NULL THEN
    INSERT INTO holds (job_id, user_id, attempt, provider, model, reason, day, micros)
    SELECT job_id, user_id, attempt, provider, model, reason, day, held_micros FROM unnest(moves);
  END IF;
  RETURN short;
END $$;

CREATE FUNCTION hold_or_refuse(moves movement[], most bigint) RETURNS void
    LANGUAGE plpgsql
    AS $$
DECLARE
  short text := hold_moves(moves, most);
BEGIN
  IF short IS NOT NULL THEN
    RAISE EXCEPTION USING ERRCODE = 'IG001', MESSAGE = short;
  END IF;
END $$;

CREATE FUNCTION hold_prices(prices hold[], most bigint) RETURNS text
    LANGUAGE plpgsql
    AS $$
BEGIN
  RETURN hold_moves((
    SELECT array_agg((
      j.id, p.attempt, '', 'hold', CASE WHEN p.attempt > 0 THEN 'retry'
        WHEN i.parent_image_id IS NOT NULL THEN 'regeneration' ELSE 'first' END,
      p.provider, j.ai_model, j.user_id, current_date, p.micros, 0
    )::movement)
    FROM unnest(prices) AS p JOIN image_generation_jobs j ON j.id = p.job_id
    LEFT JOIN images i ON i.id = j.image_id WHERE p.micros > 0
  ), most);
END $$;

CREATE FUNCTION job_cost(which uuid, at_attempt integer DEFAULT NULL::integer, render_cost bigint DEFAULT 0) RETURNS bigint
    LANGUAGE plpgsql
    AS $$
BEGIN
  RETURN (
    SELECT coalesce(sum(CASE state WHEN 'open' THEN held_micros ELSE cost_micros END)
        FILTER (WHERE NOT coalesce(state = 'open' AND call = 'render' AND attempt = at_attempt, false)), 0)
      + CASE WHEN count(*) FILTER (
        WHERE state <> 'open' AND call = 'render' AND attempt = at_attempt
      ) = 0 THEN render_cost ELSE 0 END
    FROM calls WHERE job_id = which
  );
END $$;

CREATE FUNCTION keep_lanes() RETURNS trigger
    LANGUAGE plpgsql
    SET enable_seqscan TO 'off'
    AS $$
BEGIN
  DELETE FROM job_lanes WHERE ctid = ANY(ARRAY(
    SELECT l.ctid FROM changed c,
      LATERAL (SELECT ctid, lane FROM job_lanes WHERE job_id = c.id OFFSET 0) AS l,
      LATERAL (
        SELECT j.status = 'queued' AND j.ready AS waits, lanes_of(j) AS lanes
        FROM image_generation_jobs j WHERE j.id = c.id OFFSET 0
      ) AS job
    WHERE NOT (job.waits AND EXISTS (SELECT FROM unnest(job.lanes) AS o WHERE o.lane = l.lane))
  ));
  INSERT INTO job_lanes AS l (
    job_id, lane, user_id, priority, turn, queued_at, spec_version, models, opens_at, open
  )
  SELECT c.id, one.lane, job.user_id, job.priority, one.turn, job.queued_at, job.spec_version,
    one.models, greatest(one.opens_at, job.run_after),
    greatest(one.opens_at, job.run_after) <= now()
  FROM changed c,
    LATERAL (
      SELECT j.status = 'queued' AND j.ready AS waits, j.user_id, j.priority, j.queued_at,
        j.spec_version, j.run_after, lanes_of(j) AS lanes
      FROM image_generation_jobs j WHERE j.id = c.id OFFSET 0
    ) AS job,
    unnest(job.lanes) AS one
  WHERE c.status = 'queued' AND job.waits
  ON CONFLICT (job_id, lane) DO UPDATE SET
    priority = excluded.priority, turn = excluded.turn, queued_at = excluded.queued_at,
    spec_version = excluded.spec_version, models = excluded.models,
    opens_at = excluded.opens_at, open = excluded.open
  WHERE (l.priority, l.turn, l.queued_at, l.spec_version, l.models, l.opens_at)
    IS DISTINCT FROM (excluded.priority, excluded.turn, excluded.queued_at,
      excluded.spec_version, excluded.models, excluded.opens_at);
  RETURN NULL;
END $$;

CREATE FUNCTION lanes_of(job image_generation_jobs) RETURNS job_lane[]
    LANGUAGE sql IMMUTABLE
    AS $$
  SELECT coalesce(
    job.lanes, ARRAY[(job.lane, ARRAY[job.ai_model::text], NULL, job.turn)::job_lane]
  )
$$;

CREATE FUNCTION lock_batch_of_job() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
  PERFORM FROM batches WHERE id = NEW.batch_id FOR NO KEY UPDATE;
  RETURN NEW;
END $$;

CREATE FUNCTION make_ready(which uuid, most bigint) RETURNS void
    LANGUAGE plpgsql
    AS $$
BEGIN
  WITH free AS (
    SELECT w.id, w.user_id, w.priority, w.batch_position, without_turns(lanes_of(w)) AS lanes
    FROM image_generation_jobs w
    WHERE w.batch_id = which AND w.status = 'queued' AND NOT w.ready AND NOT EXISTS (
      SELECT FROM job_dependencies d JOIN image_generation_jobs n ON n.id = d.needs_job_id
      WHERE d.job_id = w.id AND n.status <> 'completed'
    )
    ORDER BY w.batch_position LIMIT most FOR UPDATE OF w SKIP LOCKED
  )
  UPDATE image_generation_jobs j SET
    ready = true, lanes = placed.lanes, turn = (placed.lanes)[1].turn
  FROM take_turns((
    SELECT array_agg((id, user_id, priority, lanes)::turn_wanted ORDER BY batch_position) FROM free
  )) AS placed
  WHERE j.id = placed.job_id;
END $$;

CREATE FUNCTION move_money(moves movement[], covered boolean) RETURNS text
    LANGUAGE plpgsql
    AS $$
DECLARE
  changes budget_change[] := ARRAY(
    SELECT (day, scope, held, spent)::budget_change FROM budget_changes(moves)
  );
  change budget_change;
  used bigint;
  most bigint;
BEGIN
  FOREACH change IN ARRAY changes LOOP
    FOR tries IN 1..2 LOOP
      SELECT held_micros + spent_micros INTO used FROM budgets b
      WHERE b.scope = change.scope AND b.day = change.day FOR NO KEY UPDATE;
      EXIT WHEN FOUND;
      INSERT INTO budgets (scope, day) VALUES (change.scope, change.day) ON CONFLICT DO NOTHING;
    END LOOP;
    IF covered AND change.held + change.spent > 0 THEN
      SELECT limit_micros INTO most FROM budget_limits l WHERE l.scope = change.scope;
      IF change.scope = 'global' THEN
        most := coalesce(most, 0);
      END IF;
      IF used + change.held + change.spent > most THEN
        RETURN change.scope;
      END IF;
    END IF;
  END LOOP;

  UPDATE budgets b SET
    held_micros = held_micros + c.held, spent_micros = spent_micros + c.spent
  FROM unnest(changes) AS c WHERE b.scope = c.scope AND b.day = c.day;
  INSERT INTO ledger (
    job_id, attempt, call, kind, reason, provider, model, user_id, day, held_micros, spent_micros
  ) SELECT * FROM unnest(moves);
  INSERT INTO alerts (kind, day, scope, percent, limit_micros, held_micros, spent_micros)
  SELECT 'budget_used', b.day, b.scope, percent, limit_micros, held_micros, spent_micros
  FROM unnest(changes) AS c
  JOIN budgets b ON b.scope = c.scope AND b.day = c.day
  JOIN budget_limits l ON l.scope = c.scope, unnest(ARRAY[80, 100]) AS percent
  WHERE c.held + c.spent > 0 AND (held_micros + spent_micros) * 100 >= limit_micros * percent
  ON CONFLICT DO NOTHING;
  RETURN NULL;
END $$;

CREATE FUNCTION next_turn(whose uuid, in_lane text, urgency integer) RETURNS bigint
    LANGUAGE sql STABLE
    AS $$
  SELECT greatest(
    coalesce(
      (SELECT max(turn) FROM image_generation_jobs
        WHERE lane = in_lane AND status = 'processing' AND priority = urgency AND ready),
      (SELECT min(turn) FROM job_lanes WHERE lane = in_lane AND open AND priority = urgency),
      (SELECT min(turn) FROM job_lanes WHERE lane = in_lane AND NOT open AND priority = urgency),
      0
    ),
    (SELECT max(turn) + 1 FROM image_generation_jobs
      WHERE user_id = whose AND lane = in_lane AND priority = urgency
        AND status = 'processing' AND ready),
    (SELECT max(turn) + 1 FROM job_lanes
      WHERE user_id = whose AND lane = in_lane AND priority = urgency)
  )
$$;

CREATE FUNCTION note_above_hold(call calls) RETURNS void
    LANGUAGE sql
    AS $$
  INSERT INTO alerts (
    kind, day, scope, limit_micros, held_micros, spent_micros, job_id, attempt, call
  ) VALUES (
    'call_above_hold', call.day, 'provider:' || call.provider, call.held_micros, 0,
    call.cost_micros, call.job_id, call.attempt, call.call
  ) ON CONFLICT DO NOTHING
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
  IF NEW.kind = 'plan' THEN
    RETURN NEW;
  END IF;
  NEW.changed_in := place_behind(OLD.changed_in);
  INSERT INTO outbox (xact, user_id, object_kind, object_id, status, image_id, batch_id)
  VALUES (
    NEW.changed_in, NEW.user_id, 'job', NEW.id, NEW.status,
    coalesce(NEW.image_id, NEW.upscales_image_id), NEW.batch_id
  );
  RETURN NEW;
END $$;

CREATE FUNCTION note_new_jobs() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
  INSERT INTO outbox (xact, user_id, object_kind, object_id, status, image_id, batch_id)
  SELECT changed_in, user_id, 'job', id, status, coalesce(image_id, upscales_image_id), batch_id
  FROM added WHERE kind <> 'plan';
  RETURN NULL;
END $$;

CREATE FUNCTION outbox_settled() RETURNS bigint
    LANGUAGE sql STABLE
    AS $$
  SELECT coalesce(min(xact), pg_snapshot_xmax(pg_current_snapshot())::text::bigint)
  FROM outbox_writers()
$$;

CREATE FUNCTION outbox_writers() RETURNS TABLE(xact bigint, pid integer, prepared text)
    LANGUAGE sql STABLE
    AS $$
  SELECT running.id::text::bigint, session.pid, prepared.gid
  FROM pg_snapshot_xip(pg_current_snapshot()) AS running (id)
  LEFT JOIN pg_locks held ON held.locktype = 'transactionid' AND held.mode = 'ExclusiveLock'
    AND held.granted AND held.transactionid = running.id::xid
  LEFT JOIN pg_stat_get_activity(NULL) session ON session.pid = held.pid
  LEFT JOIN pg_prepared_xacts prepared ON prepared.transaction = running.id::xid
  WHERE CASE
    WHEN prepared.gid IS NOT NULL THEN prepared.database = current_database() AND EXISTS (
      SELECT FROM pg_locks wrote WHERE wrote.virtualtransaction = held.virtualtransaction
        AND wrote.locktype = 'relation' AND wrote.relation = 'outbox'::regclass
    )
    WHEN session.pid IS NOT NULL THEN
      session.datid = (SELECT oid FROM pg_database WHERE datname = current_database())
      AND EXISTS (
        SELECT FROM pg_roles WHERE pg_has_role(session.usesysid, oid, 'MEMBER')
          AND has_table_privilege(oid, 'outbox', 'INSERT')
      )
    ELSE true
  END
$$;

CREATE FUNCTION place_behind(last bigint) RETURNS bigint
    LANGUAGE sql
    RETURN GREATEST(((pg_current_xact_id())::text)::bigint, CASE WHEN (last < ((pg_snapshot_xmax(pg_current_snapshot()))::text)::bigint) THEN last ELSE NULL::bigint END);

CREATE FUNCTION refuse_change() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
  RAISE EXCEPTION '% is only added to', TG_TABLE_NAME;
END $$;

CREATE FUNCTION release_money(ended hold[], over boolean[] DEFAULT NULL::boolean[]) RETURNS void
    LANGUAGE plpgsql
    AS $$
DECLARE
  moves movement[];
BEGIN
  WITH job AS (
    SELECT e.job_id, coalesce(e.over, true) AS over
    FROM unnest(ended, over) AS e (job_id, attempt, provider, day, micros, over)
  ), freed AS (
    DELETE FROM holds h USING job WHERE h.job_id = job.job_id AND job.over RETURNING h.*
  ), lost AS (
    UPDATE calls c SET
      state = 'unknown', estimated = true, cost_micros = c.held_micros, ended_at = now()
    FROM job WHERE c.job_id = job.job_id AND c.state = 'open' RETURNING c.*
  )
  SELECT array_agg(move) INTO moves FROM (
    SELECT (
      job_id, attempt, '', 'release', reason, provider, model, user_id, day, -micros, 0
    )::movement AS move FROM freed
    UNION ALL SELECT (
      job_id, attempt, call, 'settle', reason, provider, model, user_id, day, -held_micros,
      cost_micros
    )::movement FROM lost
  ) AS moved;
  IF moves IS NOT NULL THEN
    PERFORM move_money(moves, false);
  END IF;
END $$;

CREATE FUNCTION same_references(used jsonb, shows jsonb, in_style text) RETURNS boolean
    LANGUAGE sql STABLE
    AS $$
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

CREATE FUNCTION scopes_of(provider text, whose uuid) RETURNS text[]
    LANGUAGE sql IMMUTABLE
    RETURN ARRAY['global'::text, ('provider:'::text || provider), ('user:'::text || whose)];

CREATE FUNCTION settle_estimated(which uuid, at_attempt integer, named text, cost bigint) RETURNS calls
    LANGUAGE plpgsql
    AS $$
DECLARE
  found calls;
BEGIN
  -- Before it is read: the end of its attempt, or another operator, may be booking it.
  PERFORM FROM image_generation_jobs WHERE id = which FOR NO KEY UPDATE;
  SELECT * INTO found FROM calls WHERE job_id = which AND attempt = at_attempt AND call = named;
  IF found.estimated THEN
    found := end_call(
      which, at_attempt, named,
      CASE WHEN cost = 0 AND found.state = 'unknown' THEN 'released' ELSE 'settled' END,
      cost, false, found.usage, ''
    );
  END IF;
  RETURN found;
END $$;

CREATE FUNCTION settle_money(ended hold[], costs bigint[], bills jsonb[] DEFAULT NULL::jsonb[]) RETURNS uuid[]
    LANGUAGE plpgsql
    AS $$
DECLARE
  moves movement[];
  above calls[];
BEGIN
  WITH job AS (
    SELECT e.*, EXISTS (
      SELECT FROM calls c
      WHERE c.job_id = e.job_id AND c.attempt = e.attempt AND c.call = 'render'
    ) AS begun
    FROM unnest(ended, costs, bills)
      AS e (job_id, attempt, provider, day, micros, cost, bill)
  ), freed AS (
    DELETE FROM holds h USING job WHERE h.job_id = job.job_id
    RETURNING h.*
  ), opened AS (
    SELECT c.job_id, c.attempt, c.call, c.attempt = job.attempt AND c.call = 'render' AS render,
      job.cost, job.bill
    FROM calls c JOIN job ON job.job_id = c.job_id WHERE c.state = 'open'
  ), booked AS (
    UPDATE calls c SET
      state = CASE WHEN render THEN 'settled' ELSE 'unknown' END, ended_at = now(),
      cost_micros = CASE WHEN render THEN o.cost ELSE c.held_micros END,
      estimated = NOT render OR coalesce((o.bill ->> 'estimated')::boolean, false),
      usage = CASE WHEN render THEN coalesce(o.bill -> 'usage', '{}') ELSE '{}' END,
      request_id = CASE WHEN render THEN coalesce(o.bill ->> 'request_id', '') ELSE '' END
    FROM opened o
    WHERE (c.job_id, c.attempt, c.call) = (o.job_id, o.attempt, o.call) RETURNING c.*
  ), unheld AS (
    INSERT INTO calls (
      job_id, attempt, call, user_id, provider, model, reason, day, held_micros, cost_micros,
      state, ended_at
    ) SELECT j.id, job.attempt, 'render', j.user_id, coalesce(f.provider, job.provider),
      coalesce(f.model, j.ai_model), coalesce(f.reason, 'first'), coalesce(f.day, current_date),
      coalesce(f.micros, 0), job.cost, 'settled', now()
    FROM job JOIN image_generation_jobs j ON j.id = job.job_id
    LEFT JOIN freed f ON f.job_id = job.job_id
    WHERE NOT job.begun AND job.cost > 0 RETURNING *
  )
  SELECT array_agg(move), array_agg(dear) FILTER (WHERE NOT dear IS NULL)
  INTO moves, above FROM (
    SELECT (
      job_id, attempt, '', 'release', reason, provider, model, user_id, day, -micros, 0
    )::movement AS move, NULL::calls AS dear FROM freed
    UNION ALL SELECT (
      job_id, attempt, call, 'settle', reason, provider, model, user_id, day, -held_micros,
      cost_micros
    )::movement, CASE WHEN cost_micros > held_micros THEN b::calls END FROM booked b
    UNION ALL SELECT (
      job_id, attempt, call, 'settle', reason, provider, model, user_id, day, 0, cost_micros
    )::movement, CASE WHEN cost_micros > held_micros THEN u::calls END FROM unheld u
  ) AS moved;
  IF moves IS NOT NULL THEN
    PERFORM note_above_hold(one) FROM unnest(above) AS one;
    PERFORM move_money(moves, false);
  END IF;
  RETURN ARRAY(SELECT job_id FROM unnest(above));
END $$;

CREATE FUNCTION take_turns(jobs turn_wanted[]) RETURNS TABLE(job_id uuid, lanes job_lane[])
    LANGUAGE sql STABLE
    AS $$
  WITH stands AS (
    SELECT job.job_id, job.user_id, job.priority, job.place AS job_place, one.*
    FROM unnest(jobs) WITH ORDINALITY AS job (job_id, user_id, priority, lanes, place),
      unnest(job.lanes) WITH ORDINALITY AS one (lane, models, opens_at, turn, place)
  ), starts AS (
    SELECT user_id, lane, priority, next_turn(user_id, lane, priority) AS first
    FROM (SELECT DISTINCT user_id, lane, priority FROM stands WHERE turn IS NULL) AS wanted
  ), placed AS (
    SELECT s.*, coalesce(s.turn, starts.first - 1 + row_number() OVER (
      PARTITION BY s.user_id, s.lane, s.priority, s.turn IS NULL ORDER BY s.job_place
    )) AS taken
    FROM stands s LEFT JOIN starts USING (user_id, lane, priority)
  )
  SELECT job_id, array_agg((lane, models, opens_at, taken)::job_lane ORDER BY place)
  FROM placed GROUP BY job_id
$$;

CREATE FUNCTION with_turns_of(lanes job_lane[], others job_lane[]) RETURNS job_lane[]
    LANGUAGE sql IMMUTABLE
    AS $$
  SELECT array_agg((one.lane, one.models, one.opens_at, other.turn)::job_lane ORDER BY place)
  FROM unnest(lanes) WITH ORDINALITY AS one (lane, models, opens_at, turn, place)
  LEFT JOIN unnest(others) AS other ON other.lane = one.lane
$$;

CREATE FUNCTION without_turns(lanes job_lane[]) RETURNS job_lane[]
    LANGUAGE sql IMMUTABLE
    AS $$
  SELECT array_agg((one.lane, one.models, one.opens_at, NULL)::job_lane ORDER BY place)
  FROM unnest(lanes) WITH ORDINALITY AS one (lane, models, opens_at, turn, place)
$$;
