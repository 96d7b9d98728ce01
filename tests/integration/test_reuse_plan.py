"""A stored picture is found by its digest, however many pictures its user has."""

import json
from typing import Any

from server.domain.reuse import Reuse
from server.store import Store
from server.store.reuse import _FIND, _asked
from tests.builders import new_job, new_user

_MANY = (
    """
INSERT INTO images (
  id, user_id, character_ids, image_type, style, style_version, ai_model, ai_provider, seed, url,
  width, lineage_id, status, completed_at, content_digest
) SELECT id, $1, '{}', 'scene', 'anime', 1, 'storybook', 'local', n, 'a/b.png', 1, id,
    'completed', now(), CASE WHEN n <= 3 THEN $2 ELSE sha256(n::text::bytea) END
  FROM generate_series(1, 8000) AS n, LATERAL (SELECT gen_random_uuid() AS id WHERE n > 0) AS one
""",
    """
INSERT INTO image_generation_jobs (
  user_id, image_id, kind, lane, spec, spec_version, ai_provider, ai_model, status, completed_at
) SELECT user_id, id, 'scene', 'local', '{}', 1, 'local', 'storybook', 'completed', now()
  FROM images
""",
    """
INSERT INTO attempts (job_id, attempt, worker, provider, model, seed, outcome, finished_at)
  SELECT id, 0, 'w', 'local', 'storybook', 7, 'completed', now() FROM image_generation_jobs
""",
)


def _nodes(plan: dict[str, Any]) -> list[dict[str, Any]]:
    return [plan, *(node for child in plan.get("Plans", ()) for node in _nodes(child))]


async def test_only_pictures_of_the_same_content_are_read(store: Store) -> None:
    job = new_job(await new_user(store), reuse=Reuse())
    images, *others = _MANY
    await store.database.execute(images, job.user_id, job.spec.content_digest())
    for statement in others:
        await store.database.execute(statement)
    await store.database.execute("ANALYZE")

    asked = f"'{json.dumps([_asked(job)])}'::jsonb"
    query = f"EXPLAIN (ANALYZE, FORMAT JSON) {_FIND.replace('$1', asked)}"
    [row] = await store.database.fetch(query)
    nodes = _nodes(json.loads(row[0])[0]["Plan"])
    assert "images_content" in {node.get("Index Name") for node in nodes}
    read = [
        (node["Actual Rows"] + node.get("Rows Removed by Filter", 0)) * node["Actual Loops"]
        for node in nodes
    ]
    assert max(read) <= 3
