"""A user with very many jobs, for what measures lists; written as SQL, since it is quick."""

from uuid import UUID

import asyncpg

from server.domain.ids import CharacterId, PageId, StoryId, UserId

# The large story has every second job, the others have fifty each at 100,000 jobs; so it is with
# their pages, and with characters.
LARGE, SMALL = StoryId(UUID(int=10_000)), StoryId(UUID(int=10_007))
LARGE_PAGE, SMALL_PAGE = PageId(UUID(int=20_000)), PageId(UUID(int=20_007))
MAIN, MINOR = CharacterId(UUID(int=30_000)), CharacterId(UUID(int=30_007))
# Pairs of metadata: of all jobs, of half, of one in ninety, of one in 9,000.
ALL, ODD, TAGGED, FEW = ("shop", "a"), ("side", "odd"), ("tag", "x"), ("order", "4711")

_IDS = """
CREATE FUNCTION to_id(bigint) RETURNS uuid LANGUAGE sql IMMUTABLE
  AS $$ SELECT lpad(to_hex($1), 32, '0')::uuid $$
"""

_FILL = """
SET LOCAL session_replication_role = replica;  -- no triggers, no foreign keys
CREATE TEMPORARY TABLE job ON COMMIT DROP AS
  SELECT n, to_id(1000000 + n) AS id, to_id(2000000 + n) AS image_id,
    CASE WHEN n % 20000 = 9 THEN 'failed' WHEN n > {jobs} - 100 THEN 'queued' ELSE 'completed' END
      AS status,
    ('[0:3]={{portrait,scene,scene,cover}}'::text[])[n % 4] AS kind,
    timestamptz '2026-05-01 12:00Z' + n / 7 * interval '1 s' AS created_at,
    CASE n % 2 WHEN 0 THEN 0 ELSE n % 1000 END AS part
  FROM generate_series(1, {jobs}) AS n;
INSERT INTO users (id, issuer, subject) VALUES ({user}, 'tests', 'mia') ON CONFLICT DO NOTHING;
INSERT INTO characters
  (id, user_id, name, gender, species, hair, eyes, skin, clothing, features, traits)
  SELECT to_id(30000 + n), {user}, 'Mia', 'female', '', '', '', '', '', '{{}}', '{{}}'
  FROM generate_series(0, 999) AS n;
INSERT INTO images (
  id, user_id, story_id, page_id, character_ids, image_type, style, style_version, ai_model,
  ai_provider, seed, lineage_id, status, url, completed_at, width, created_at
) SELECT image_id, {user}, to_id(10000 + part), to_id(20000 + part), ARRAY[to_id(30000 + part)],
  kind, 'anime', 1, 'storybook', 'local', 7, image_id, status, url, at, width, created_at
  FROM job LEFT JOIN (VALUES ('completed', 'key', now(), 1024)) AS done (status, url, at, width)
    USING (status);
INSERT INTO image_generation_jobs (
  id, user_id, image_id, story_id, page_id, kind, lane, status, spec, spec_version, ai_provider,
  ai_model, completed_at, error_reason, metadata, created_at
) SELECT id, {user}, image_id, to_id(10000 + part), to_id(20000 + part), kind, 'local', status,
  '{{}}', 1, 'local', 'storybook', CASE status WHEN 'queued' THEN NULL ELSE now() END,
  CASE status WHEN 'failed' THEN 'RENDER_FAILED' END, metadata, created_at
  FROM job, LATERAL (SELECT jsonb_strip_nulls(jsonb_build_object('shop', 'a', 'side',
    CASE n % 2 WHEN 1 THEN 'odd' END, 'tag', CASE n % 90 WHEN 7 THEN 'x' END,
    'order', CASE n % 9000 WHEN 7 THEN '4711' END)) AS metadata) AS words;
INSERT INTO job_metadata (user_id, key, value, created_at, job_id, image_id)
  SELECT {user}, key, value, created_at, id, image_id
  FROM image_generation_jobs, jsonb_each_text(metadata) AS pair;
INSERT INTO image_characters (character_id, created_at, image_id)
  SELECT character_ids[1], created_at, id FROM images;
INSERT INTO stories (id, user_id, title, style, page_count, created_at)
  SELECT to_id(10000 + n), {user}, 'Day', '', 0, now() - n / 7 * interval '1 s'
  FROM generate_series(0, 2999) AS n;
INSERT INTO batches (user_id, story_id, style, created_at)
  SELECT {user}, to_id(10000 + n % 2 * n), 'anime', now() - n / 7 * interval '1 s'
  FROM generate_series(1, 3000) AS n;
"""


async def fill(database_url: str, user: UserId, jobs: int) -> None:
    """Gives a user so many jobs, with their images, and fewer stories, characters and batches."""
    connection = await asyncpg.connect(database_url)
    try:
        await connection.execute(_IDS)
        async with connection.transaction():
            await connection.execute(_FILL.format(user=f"'{user}'::uuid", jobs=jobs))
        await connection.execute("ANALYZE")
    finally:
        await connection.close()
