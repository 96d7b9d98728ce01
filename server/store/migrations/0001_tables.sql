-- The one source of truth. Forward-only: a later change expands before it contracts.
-- `*_micros` are millionths of a US dollar and the truth; the DECIMAL columns beside them are
-- generated from them.

CREATE TABLE users (
  id uuid PRIMARY KEY,  -- the token's subject, or UUIDv5(issuer, subject) where that is no UUID
  issuer text NOT NULL,
  subject text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE styles (
  id text NOT NULL,
  version integer NOT NULL CHECK (version > 0),
  display_name text NOT NULL,
  description text NOT NULL,
  prompt_template text NOT NULL,
  negative_prompt text NOT NULL,
  PRIMARY KEY (id, version)  -- a change is a new version; images keep their version
);

CREATE TABLE characters (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  user_id uuid NOT NULL REFERENCES users (id),
  name text NOT NULL,
  age integer CHECK (age BETWEEN 0 AND 150),
  gender text NOT NULL CHECK (gender IN ('unspecified', 'female', 'male')),
  species text NOT NULL,
  hair text NOT NULL,
  eyes text NOT NULL,
  skin text NOT NULL,
  clothing text NOT NULL,
  features text[] NOT NULL,
  traits text[] NOT NULL,
  description_version integer NOT NULL DEFAULT 1,
  request_id uuid,
  request_hash bytea,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  deleted_at timestamptz,
  CHECK ((request_id IS NULL) = (request_hash IS NULL))
);
CREATE UNIQUE INDEX characters_request ON characters (user_id, request_id) WHERE request_id IS NOT NULL;
CREATE INDEX characters_user ON characters (user_id, created_at DESC, id DESC) WHERE deleted_at IS NULL;

CREATE TABLE stories (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  user_id uuid NOT NULL REFERENCES users (id),
  title text NOT NULL,
  style text NOT NULL,  -- empty: every request names one
  page_count integer NOT NULL,  -- rows beyond it remain from a longer version, and are ignored
  request_id uuid,
  request_hash bytea,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  deleted_at timestamptz,
  CHECK ((request_id IS NULL) = (request_hash IS NULL))
);
CREATE UNIQUE INDEX stories_request ON stories (user_id, request_id) WHERE request_id IS NOT NULL;
CREATE INDEX stories_user ON stories (user_id, created_at DESC, id DESC) WHERE deleted_at IS NULL;

CREATE TABLE story_pages (
  story_id uuid NOT NULL REFERENCES stories (id) ON DELETE CASCADE,
  page_number integer NOT NULL CHECK (page_number > 0),
  text text NOT NULL,
  scene_description text NOT NULL,
  character_ids uuid[] NOT NULL,
  PRIMARY KEY (story_id, page_number)
);

CREATE TABLE images (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  user_id uuid NOT NULL REFERENCES users (id),
  story_id uuid REFERENCES stories (id),
  character_id uuid REFERENCES characters (id),  -- of a portrait
  character_ids uuid[] NOT NULL,  -- all characters in the picture
  image_type varchar(50) NOT NULL CHECK (image_type IN ('portrait', 'scene', 'cover', 'reference')),
  page_number integer,
  prompt text NOT NULL DEFAULT '',  -- as the provider compiled it; '' until then
  negative_prompt text NOT NULL DEFAULT '',
  style varchar(50) NOT NULL,
  style_version integer NOT NULL,
  ai_model varchar(100) NOT NULL,
  ai_provider varchar(50) NOT NULL,
  seed bigint NOT NULL,
  generation_params jsonb NOT NULL DEFAULT '{}',
  url varchar(500),  -- the storage key of the display asset; URLs are signed when they are asked for
  width integer,
  height integer,
  file_size_bytes integer,
  format varchar(10),
  lineage_id uuid NOT NULL,  -- the first image's id
  version integer NOT NULL DEFAULT 1 CHECK (version > 0),
  parent_image_id uuid REFERENCES images (id),
  quality_score decimal(3, 2),
  status varchar(50) NOT NULL DEFAULT 'queued' CHECK (
    status IN ('queued', 'generating', 'completed', 'failed', 'cancelled', 'approved', 'rejected')
  ),
  cost_micros bigint NOT NULL DEFAULT 0,
  generation_cost_usd decimal(10, 4) GENERATED ALWAYS AS (cost_micros / 1000000.0) STORED,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  completed_at timestamptz,
  deleted_at timestamptz,  -- hidden from its user; its bytes are swept afterwards
  swept_at timestamptz,
  FOREIGN KEY (style, style_version) REFERENCES styles (id, version),
  UNIQUE (lineage_id, version),
  CHECK ((version = 1) = (lineage_id = id)),
  CHECK ((version = 1) = (parent_image_id IS NULL)),
  CHECK (
    (status IN ('completed', 'approved', 'rejected'))
    = (url IS NOT NULL AND completed_at IS NOT NULL AND width IS NOT NULL)
  )
);
CREATE INDEX idx_images_user ON images (user_id, created_at DESC, id DESC) WHERE deleted_at IS NULL;
CREATE INDEX idx_images_story ON images (story_id) WHERE story_id IS NOT NULL;
CREATE INDEX idx_images_character ON images (character_id) WHERE character_id IS NOT NULL;
CREATE INDEX images_unswept ON images (deleted_at) WHERE deleted_at IS NOT NULL AND swept_at IS NULL;

-- The jobs that were admitted together for a story.
CREATE TABLE batches (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  user_id uuid NOT NULL REFERENCES users (id),
  story_id uuid REFERENCES stories (id),
  style text NOT NULL,
  max_concurrent integer NOT NULL DEFAULT 5 CHECK (max_concurrent > 0),
  request_id uuid,
  request_hash bytea,
  created_at timestamptz NOT NULL DEFAULT now(),
  UNIQUE (user_id, request_id)
);

CREATE TABLE image_generation_jobs (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  user_id uuid NOT NULL,  -- the image's owner, whose row references users
  image_id uuid REFERENCES images (id),  -- NULL for jobs without an image (training)
  batch_id uuid REFERENCES batches (id),
  kind text NOT NULL CHECK (kind IN ('portrait', 'scene')),
  lane text NOT NULL,  -- what the job runs on; its worker needs a free slot of it
  priority integer NOT NULL DEFAULT 2 CHECK (priority BETWEEN 0 AND 9),  -- lower runs first
  status varchar(50) NOT NULL DEFAULT 'queued' CHECK (
    status IN ('queued', 'processing', 'completed', 'failed', 'cancelled')
  ),
  spec jsonb NOT NULL,  -- the RenderSpec: content, not prompt text
  spec_version integer NOT NULL,  -- a worker claims only versions it knows
  ai_provider varchar(50) NOT NULL,
  ai_model varchar(100) NOT NULL,
  queued_at timestamptz NOT NULL DEFAULT now(),  -- when its caller queued it; the budget of that day holds its price
  run_after timestamptz NOT NULL DEFAULT now(),  -- backoff: no claim before this time
  started_at timestamptz,
  completed_at timestamptz,
  processing_time_ms integer,
  -- The fencing token: raised by every claim, named by every write of a worker.
  attempt integer NOT NULL DEFAULT 0,
  worker text,
  lease_expires_at timestamptz,
  cancel_requested boolean NOT NULL DEFAULT false,
  retry_count integer NOT NULL DEFAULT 0,
  max_retries integer NOT NULL DEFAULT 3,
  error_reason text,
  error_message text,
  estimated_micros bigint NOT NULL DEFAULT 0,
  actual_micros bigint NOT NULL DEFAULT 0,
  estimated_cost decimal(10, 4) GENERATED ALWAYS AS (estimated_micros / 1000000.0) STORED,
  actual_cost decimal(10, 4) GENERATED ALWAYS AS (actual_micros / 1000000.0) STORED,
  request_id uuid,
  request_hash bytea,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  CHECK ((request_id IS NULL) = (request_hash IS NULL)),
  CHECK ((status = 'processing') = (lease_expires_at IS NOT NULL AND worker IS NOT NULL)),
  CHECK ((status IN ('completed', 'failed', 'cancelled')) = (completed_at IS NOT NULL)),
  CHECK (status <> 'failed' OR error_reason IS NOT NULL)
);
CREATE UNIQUE INDEX jobs_request ON image_generation_jobs (user_id, request_id) WHERE request_id IS NOT NULL;
CREATE UNIQUE INDEX idx_img_jobs_image ON image_generation_jobs (image_id);
CREATE INDEX idx_img_jobs_status ON image_generation_jobs (lane, priority, queued_at) WHERE status = 'queued';
CREATE INDEX jobs_leases ON image_generation_jobs (lease_expires_at) WHERE status = 'processing';
CREATE INDEX jobs_user ON image_generation_jobs (user_id, created_at DESC, id DESC);

-- A job that must be COMPLETED before another may run.
CREATE TABLE job_dependencies (
  job_id uuid NOT NULL REFERENCES image_generation_jobs (id),
  needs_job_id uuid NOT NULL REFERENCES image_generation_jobs (id),
  PRIMARY KEY (job_id, needs_job_id),
  CHECK (job_id <> needs_job_id)
);
CREATE INDEX job_dependents ON job_dependencies (needs_job_id);

-- The progress of a running job. An ordinary table, so that it survives a crash, with free space
-- in its pages for updates in place; written with synchronous_commit off. `seq` never goes back
-- within an attempt.
CREATE TABLE job_progress (
  job_id uuid PRIMARY KEY,
  attempt integer NOT NULL,
  seq integer NOT NULL,
  stage text NOT NULL,
  step integer NOT NULL,
  steps integer NOT NULL,
  fraction double precision NOT NULL CHECK (fraction BETWEEN 0 AND 1),
  updated_at timestamptz NOT NULL DEFAULT now()
) WITH (fillfactor = 50);

-- The newest preview of a running job; a crash may lose it.
CREATE UNLOGGED TABLE job_previews (
  job_id uuid PRIMARY KEY,
  attempt integer NOT NULL,
  seq integer NOT NULL,
  jpeg bytea NOT NULL
);

-- The jobs whose previews are wanted, and until when; renewed while a stream is open.
CREATE UNLOGGED TABLE job_watches (
  job_id uuid PRIMARY KEY,
  watched_until timestamptz NOT NULL
);

-- Each start of a job by a worker: what was sent, the outcome and the cost.
CREATE TABLE attempts (
  job_id uuid NOT NULL REFERENCES image_generation_jobs (id),
  attempt integer NOT NULL,
  worker text NOT NULL,
  provider text NOT NULL,
  model text NOT NULL,
  prompt text NOT NULL DEFAULT '',
  negative_prompt text NOT NULL DEFAULT '',
  seed bigint NOT NULL,
  outcome text NOT NULL DEFAULT 'running' CHECK (
    outcome IN ('running', 'completed', 'failed', 'lost', 'released', 'cancelled')
  ),
  error_reason text,
  error_message text,
  stage_ms jsonb NOT NULL DEFAULT '{}',
  cost_micros bigint NOT NULL DEFAULT 0,
  started_at timestamptz NOT NULL DEFAULT now(),
  finished_at timestamptz,
  PRIMARY KEY (job_id, attempt),
  CHECK ((outcome = 'running') = (finished_at IS NULL))
);
CREATE INDEX attempts_speed ON attempts (finished_at DESC) WHERE outcome = 'completed';

-- The assets of an image. A unique key is a second safeguard: an attempt stores each kind once.
CREATE TABLE assets (
  image_id uuid NOT NULL REFERENCES images (id),
  kind text NOT NULL CHECK (kind IN ('original', 'display', 'print', 'thumbnail')),
  storage_key text NOT NULL,  -- two kinds with the same bytes share a key
  content_type text NOT NULL,
  sha256 text NOT NULL,
  size_bytes bigint NOT NULL,
  width integer NOT NULL,
  height integer NOT NULL,
  job_id uuid NOT NULL REFERENCES image_generation_jobs (id),
  attempt integer NOT NULL,
  PRIMARY KEY (image_id, kind),
  UNIQUE (job_id, attempt, kind)
);
CREATE INDEX assets_keys ON assets (storage_key);

CREATE TABLE character_references (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  character_id uuid NOT NULL REFERENCES characters (id) ON DELETE CASCADE,
  reference_image_id uuid NOT NULL REFERENCES images (id),
  description_version integer NOT NULL,  -- that the picture shows; an older one is stale
  lora_model_url varchar(500),
  lora_trigger_word varchar(100),
  embedding_vector real[],
  style varchar(50) NOT NULL,
  quality_score decimal(3, 2),
  usage_count integer NOT NULL DEFAULT 0,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  UNIQUE (character_id, style)
);
-- Whether an image is a reference is read from here; a separate flag could contradict it.
CREATE INDEX idx_images_reference ON character_references (reference_image_id);

-- The views of a reference set; embeddings are keyed by the encoder that made them.
CREATE TABLE reference_views (
  reference_id uuid NOT NULL REFERENCES character_references (id) ON DELETE CASCADE,
  view text NOT NULL,
  image_id uuid NOT NULL REFERENCES images (id),
  encoder_sha256 text NOT NULL DEFAULT '',
  embedding real[],
  PRIMARY KEY (reference_id, view, encoder_sha256)
);

-- One circuit breaker for the whole fleet.
CREATE TABLE provider_health (
  provider text PRIMARY KEY,
  open_until timestamptz,
  failures integer NOT NULL DEFAULT 0,
  updated_at timestamptz NOT NULL DEFAULT now()
);

-- What may be spent in a day. Locked last in each transaction, in the order of the scopes.
CREATE TABLE budgets (
  scope text NOT NULL,
  day date NOT NULL,
  limit_micros bigint NOT NULL CHECK (limit_micros >= 0),
  held_micros bigint NOT NULL DEFAULT 0 CHECK (held_micros >= 0),
  spent_micros bigint NOT NULL DEFAULT 0 CHECK (spent_micros >= 0),
  PRIMARY KEY (scope, day)
);

-- Every movement of money: a hold at admission, then its settlement or its release.
CREATE TABLE ledger (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  job_id uuid NOT NULL,
  attempt integer NOT NULL,  -- 0 for the hold of admission
  kind text NOT NULL CHECK (kind IN ('hold', 'settle', 'release')),
  provider text NOT NULL,
  amount_micros bigint NOT NULL CHECK (amount_micros >= 0),
  at timestamptz NOT NULL DEFAULT now()
);
CREATE UNIQUE INDEX ledger_settled_once ON ledger (job_id, attempt) WHERE kind = 'settle';

-- Committed changes, for the feed.
CREATE TABLE outbox (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  user_id uuid NOT NULL,
  object_kind text NOT NULL CHECK (object_kind IN ('job', 'image', 'batch')),
  object_id uuid NOT NULL,
  status text NOT NULL,
  at timestamptz NOT NULL DEFAULT now()
);
