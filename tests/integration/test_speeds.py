"""Measured speeds: of the latest pictures of each model in each quality, however rare it is."""

import json
from datetime import timedelta
from typing import Any

import pytest

from server.domain.states import ImageType, Lane, Quality
from server.store import Store
from server.store.conditions import SPEEDS, observe
from server.store.joined import drawn_in_lanes
from tests.builders import new_job, new_user, outcome

# The common model's pictures took 1 s; the rare one's are older, and took 20 s and once 10 s.
_JOBS = """
INSERT INTO image_generation_jobs (
  user_id, kind, lane, spec, spec_version, ai_provider, ai_model, status, attempt, completed_at
) SELECT $1, 'scene', 'local', jsonb_build_object('quality', quality), 1, 'local', model,
    'completed', 1, now() - age - n * interval '1 second'
  FROM (VALUES ('common', 'hd', 20000, interval '0'), ('rare', 'hd', 60, interval '9 days'),
    ('rare', 'standard', 120, interval '9 days')
  ) AS drawn (model, quality, jobs, age), generate_series(1, jobs) AS n
"""
_ATTEMPTS = """
INSERT INTO attempts (
  job_id, attempt, worker, provider, model, seed, outcome, started_at, finished_at
) SELECT id, 1, 'w', 'local', ai_model, 7, 'completed',
    completed_at - CASE WHEN ai_model = 'common' THEN 1 WHEN spec ->> 'quality' = 'hd' THEN 20
      WHEN row_number() OVER latest <= 100 THEN 10 ELSE 99 END * interval '1 second',
    completed_at
  FROM image_generation_jobs
  WINDOW latest AS (PARTITION BY ai_model, spec ->> 'quality' ORDER BY completed_at DESC)
"""


@pytest.fixture
async def drawn(store: Store) -> Store:
    """Returns a store in which one model has drawn much more than another, and later."""
    await store.database.execute(_JOBS, await new_user(store))
    await store.database.execute(_ATTEMPTS)
    await store.database.execute("ANALYZE")
    return store


async def test_a_rare_model_is_measured_by_its_own_latest_pictures(drawn: Store) -> None:
    assert (await observe(drawn.database, None)).speeds == {
        ("common", Quality.HD): (100, 1.0),
        ("rare", Quality.HD): (60, 20.0),
        ("rare", Quality.STANDARD): (100, 10.0),
    }


async def test_the_quality_of_a_model_is_that_of_its_latest_pictures(store: Store) -> None:
    user = await new_user(store)
    for score in (4.0, 4.5, None):
        await store.submit(new_job(user))
        [claim] = await store.leases.claim("w", Lane.LOCAL, 1, timedelta(minutes=1))
        assert await store.leases.complete(claim, outcome(claim.job_id, quality=score))
    seen = await observe(store.database, None)
    assert list(seen.scores.values()) == [(2, 4.25)]
    assert [images for images, _ in seen.speeds.values()] == [3]


async def test_a_quiet_lane_is_measured_by_its_own_latest_pictures(drawn: Store) -> None:
    user = await new_user(drawn)
    for lane, seconds in ((Lane.LOCAL, 1), (Lane.HOSTED, 0)):
        assert (await drawn.jobs.outlook(lane)).mean_duration == (
            timedelta(seconds=seconds) if seconds else None
        )
    await drawn.database.execute(
        "UPDATE image_generation_jobs SET lane = 'hosted' WHERE spec ->> 'quality' = 'standard'"
    )
    assert (await drawn.jobs.outlook(Lane.HOSTED)).mean_duration == timedelta(seconds=10)
    assert (await drawn.jobs.outlook(Lane.LOCAL)).mean_duration == timedelta(seconds=1)
    pace = await drawn.batches.pace(user, {Lane.HOSTED})
    assert pace.takes == {ImageType.SCENE: timedelta(seconds=10)}


async def test_of_a_lane_only_the_latest_pictures_are_read(drawn: Store) -> None:
    query = drawn_in_lanes(50).replace("$1", "'{local,hosted}'")
    [row] = await drawn.database.fetch(f"EXPLAIN (ANALYZE, FORMAT JSON) {query}")
    nodes = [node for node in _nodes(json.loads(row[0])[0]["Plan"]) if node.get("Relation Name")]
    assert {node.get("Index Name") for node in nodes} == {"jobs_drawn_in_lane", "attempts_pkey"}
    assert sum(_rows(node) for node in nodes) <= 2 * 50 + 10


async def test_nothing_is_measured_before_anything_was_drawn(store: Store) -> None:
    assert (await observe(store.database, None)).speeds == {}


async def test_only_the_latest_pictures_of_each_are_read(drawn: Store) -> None:
    query = SPEEDS.replace("$1", "'{hd,standard}'")
    [row] = await drawn.database.fetch(f"EXPLAIN (ANALYZE, FORMAT JSON) {query}")
    nodes = [node for node in _nodes(json.loads(row[0])[0]["Plan"]) if node.get("Relation Name")]
    assert {node.get("Index Name") for node in nodes} == {
        "jobs_drawn",
        "attempts_pkey",
        "images_pkey",
    }
    read = sum((_rows(node)) for node in nodes)
    assert read <= 3 * (100 + 60 + 100) + 10


def _nodes(plan: dict[str, Any]) -> list[dict[str, Any]]:
    return [plan, *(node for child in plan.get("Plans", ()) for node in _nodes(child))]


def _rows(node: dict[str, Any]) -> float:
    each: float = node["Actual Rows"] + node.get("Rows Removed by Filter", 0)
    return each * float(node["Actual Loops"])
