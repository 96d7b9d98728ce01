-- What callers ask of stories, jobs and images: ids of pages, versions for etags, metadata, and an
-- index for each list.

ALTER TABLE stories
  ADD COLUMN revision integer NOT NULL DEFAULT 1,  -- raised by each change; the etag is made of it
  ADD COLUMN page_bytes integer NOT NULL DEFAULT 0;  -- of all pages in an answer, about
ALTER TABLE characters
  ADD COLUMN revision integer NOT NULL DEFAULT 1;

-- A page keeps its id when it moves within its story, and images point to it.
ALTER TABLE story_pages
  ADD COLUMN id uuid NOT NULL DEFAULT gen_random_uuid(),
  ADD CONSTRAINT story_pages_id UNIQUE (id);

-- Rows that two updates at once left.
DELETE FROM story_pages p USING stories s
  WHERE s.id = p.story_id AND p.page_number > s.page_count;
UPDATE stories s SET page_bytes = (
  SELECT coalesce(sum(octet_length(text) + octet_length(scene_description)
    + 40 * cardinality(character_ids) + 60), 0)
  FROM story_pages p WHERE p.story_id = s.id
);

-- No foreign key: an image keeps the id of its page after the page is removed.
ALTER TABLE images ADD COLUMN page_id uuid;
UPDATE images SET page_id = p.id FROM story_pages p
  WHERE p.story_id = images.story_id AND p.page_number = images.page_number;
COMMENT ON COLUMN images.page_number IS
  'The number of the page when the image was admitted, for people who read the tables.';

ALTER TABLE batches ADD COLUMN metadata jsonb NOT NULL DEFAULT '{}';

-- The story and the page are those of the image, which never change; here for the lists of jobs.
-- The foreign key is the image's, so that a submit checks it once.
ALTER TABLE image_generation_jobs
  ADD COLUMN story_id uuid,
  ADD COLUMN page_id uuid,
  ADD COLUMN metadata jsonb NOT NULL DEFAULT '{}',
  ADD COLUMN cropped_from text NOT NULL DEFAULT '';
UPDATE image_generation_jobs j SET story_id = i.story_id, page_id = i.page_id
  FROM images i WHERE i.id = j.image_id AND i.story_id IS NOT NULL;

-- The metadata once more, a row for each pair, so that a list by one pair reads its index in order.
CREATE TABLE job_metadata (
  user_id uuid NOT NULL,
  key text NOT NULL,
  value text NOT NULL,
  created_at timestamptz NOT NULL,  -- of the job and of its image
  job_id uuid NOT NULL REFERENCES image_generation_jobs (id),
  image_id uuid NOT NULL,
  PRIMARY KEY (user_id, key, value, created_at, job_id)
);

-- The characters of images once more, for the same reason.
CREATE TABLE image_characters (
  character_id uuid NOT NULL,
  created_at timestamptz NOT NULL,  -- of the image
  image_id uuid NOT NULL REFERENCES images (id),
  PRIMARY KEY (character_id, created_at, image_id)
);
INSERT INTO image_characters
  SELECT DISTINCT one, created_at, id FROM images, unnest(character_ids) AS one;

-- A list of any status merges the statuses, so that it needs no index of its own.
DROP INDEX jobs_user;
CREATE INDEX jobs_status ON image_generation_jobs (user_id, status, created_at DESC, id DESC);
CREATE INDEX jobs_story ON image_generation_jobs (story_id, status, created_at DESC, id DESC)
  WHERE story_id IS NOT NULL;
CREATE INDEX batches_story ON batches (story_id, created_at DESC, id DESC);

DROP INDEX idx_images_story;
CREATE INDEX idx_images_story ON images (story_id, created_at DESC, id DESC)
  WHERE story_id IS NOT NULL;
CREATE INDEX images_page ON images (page_id, created_at DESC, id DESC) WHERE page_id IS NOT NULL;
CREATE INDEX images_kind ON images (user_id, image_type, status, created_at DESC, id DESC)
  WHERE deleted_at IS NULL;
