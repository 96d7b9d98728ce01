"""A claim reads only the rows that it takes, however many jobs are waiting."""

import json
import re
from typing import Any
from uuid import uuid4

from server.domain.ids import UserId
from server.domain.states import Lane
from server.store import Store
from server.store.leases import _CLAIM
from tests.builders import new_job, new_user

# Thousands of waiting jobs: first those that a batch holds back, then ready ones.
_MANY = """
INSERT INTO image_generation_jobs (
  user_id, kind, lane, spec, spec_version, ai_provider, ai_model, turn, ready, batch_id,
  batch_position
) SELECT $1, 'scene', 'local', spec, 1, 'local', 'storybook', n, n > 4000,
    CASE WHEN n <= 4000 THEN $2::uuid END, CASE WHEN n <= 4000 THEN n END
  FROM generate_series(1, 8000) AS n, (SELECT spec FROM image_generation_jobs LIMIT 1) AS one
"""


def _nodes(plan: dict[str, Any]) -> list[dict[str, Any]]:
    return [plan, *(node for child in plan.get("Plans", ()) for node in _nodes(child))]


async def _fill(store: Store) -> UserId:
    user, batch = await new_user(store), uuid4()
    await store.jobs.submit(new_job(user))
    await store.database.execute(
        "INSERT INTO batches (id, user_id, style) VALUES ($1, $2, 'anime')", batch, user
    )
    await store.database.execute(_MANY, user, batch)
    await store.database.execute("ANALYZE image_generation_jobs")
    return user


async def _plan(store: Store, query: str) -> list[dict[str, Any]]:
    [row] = await store.database.fetch(f"EXPLAIN (ANALYZE, FORMAT JSON) {query}")
    return _nodes(json.loads(row[0])[0]["Plan"])


async def test_a_claim_reads_only_what_it_takes(store: Store) -> None:
    await _fill(store)
    select = _CLAIM.split("WITH next AS (")[1].split("), claimed")[0]
    nodes = await _plan(
        store, select.replace("$1", f"'{Lane.LOCAL}'").replace("$2", "2").replace("$3", "10")
    )
    assert {node.get("Index Name") for node in nodes} - {None} == {"idx_img_jobs_status"}
    assert "Sort" not in {node["Node Type"] for node in nodes}
    assert max(node["Actual Rows"] for node in nodes) <= 10
    [scan] = [node for node in nodes if node["Node Type"] == "Index Scan"]
    assert scan.get("Rows Removed by Filter", 0) == 0


async def test_a_turn_is_found_without_reading_the_queue(store: Store) -> None:
    user = await _fill(store)
    [function] = await store.database.fetch(
        "SELECT prosrc AS sql FROM pg_proc WHERE proname = 'next_turn'"
    )
    arguments = {"whose": f"'{user}'", "in_lane": "'local'", "urgency": "2"}
    query = re.sub("|".join(arguments), lambda word: arguments[word[0]], function["sql"])
    nodes = await _plan(store, query)
    assert "Seq Scan" not in {node["Node Type"] for node in nodes}
    assert max(node["Actual Rows"] for node in nodes) <= 1
    [turn] = await store.database.fetch("SELECT next_turn($1, 'local', 2) AS turn", user)
    assert turn["turn"] == 8001
