"""A claim reads only the rows that it takes, however many jobs are waiting."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID, uuid4

import pytest

from server.store.claims import CLAIM, OPEN
from server.store.database import Executor, open_database

JOBS = 100_000
USER = UUID(int=1)

# Every job waits in both lanes; as many others wait for their batch.
_FILL = """
INSERT INTO image_generation_jobs (
  user_id, kind, lane, spec, spec_version, ai_provider, ai_model, turn, ready, batch_id,
  batch_position, run_after, lanes
) SELECT $1, 'scene', 'local', '{{"seed": 7}}', {version}, 'local', 'storybook', n, ready,
    CASE WHEN NOT ready THEN $2::uuid END, CASE WHEN NOT ready THEN n END,
    now() + interval '{starts_in}',
    ARRAY[('local', '{{a}}', NULL, n), ('hosted', '{{b}}', NULL, n)]::job_lane[]
  FROM generate_series(1, {jobs}) AS n, (VALUES (true), (false)) AS kinds (ready)
"""
_CLAIM = "EXECUTE claim ('{lane}', 2, 10, 'w', '30 s', '{{{leaving}}}', '{{{models}}}')"


def _claim(lane: str, leaving: Sequence[UUID] = (), models: str = "a,b") -> str:
    """Returns a claim of a lane by a worker with some models, but for some jobs."""
    return _CLAIM.format(lane=lane, leaving=",".join(map(str, leaving)), models=models)


@asynccontextmanager
async def _planned(url: str, plans: str = "generic") -> AsyncIterator[Executor]:
    """Yields a connection with a prepared claim.

    A generic plan was made while the queue was empty, and known to be, as an idle worker's is.
    """
    async with (
        asyncio.timeout(300),
        open_database(url, timeout=300.0) as database,
        database.transaction() as executor,
    ):
        await executor.execute("ANALYZE job_lanes")
        await executor.execute(f"SET LOCAL plan_cache_mode = force_{plans}_plan")
        await executor.execute(f"PREPARE claim AS {CLAIM}")
        await executor.execute(_claim("local"))
        await executor.execute(
            "INSERT INTO users (id, issuer, subject) VALUES ($1, 'tests', 'mia')", USER
        )
        yield executor


async def _fill(
    executor: Executor, starts_in: str = "-1 s", jobs: int = JOBS, version: int = 1
) -> None:
    batch = uuid4()
    await executor.execute(
        "INSERT INTO batches (id, user_id, style) VALUES ($1, $2, 'anime')", batch, USER
    )
    filled = _FILL.format(starts_in=starts_in, jobs=jobs, version=version)
    await executor.execute(filled, USER, batch)


async def _plan(executor: Executor, query: str) -> list[dict[str, Any]]:
    """Runs a statement; returns the nodes of its plan, the whole statement first."""
    [row] = await executor.fetch(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {query}")
    return _nodes(json.loads(row[0])[0]["Plan"])


def _nodes(plan: dict[str, Any]) -> list[dict[str, Any]]:
    return [plan, *(node for child in plan.get("Plans", ()) for node in _nodes(child))]


def _read(nodes: list[dict[str, Any]]) -> int:
    """Returns the rows that the node has read which reads most."""
    removed = ("Rows Removed by Filter", "Rows Removed by Join Filter")
    return max(
        int((node["Actual Rows"] + sum(node.get(one, 0) for one in removed)) * node["Actual Loops"])
        for node in nodes
    )


def _buffers(nodes: list[dict[str, Any]]) -> int:
    return int(nodes[0]["Shared Hit Blocks"] + nodes[0]["Shared Read Blocks"])


@pytest.mark.parametrize("plans", ["generic", "custom"])
async def test_a_claim_reads_only_what_it_takes(database: str, plans: str) -> None:
    async with _planned(database, plans) as executor:
        await _fill(executor)
        for lane in ("local", "hosted"):
            nodes = await _plan(executor, _claim(lane))
            assert nodes[0]["Actual Rows"] == 10
            assert _read(nodes) == 10, nodes
            assert _buffers(nodes) < 2_000, nodes
        [left] = await executor.fetch(
            "SELECT count(*) AS rows, count(DISTINCT job_id) AS jobs FROM job_lanes"
        )
        assert tuple(left) == (2 * (JOBS - 20), JOBS - 20)


async def test_a_claim_passes_over_the_jobs_that_it_leaves_and_no_others(database: str) -> None:
    async with _planned(database) as executor:
        await _fill(executor, jobs=10_000)
        rows = await executor.fetch(
            "SELECT job_id FROM job_lanes WHERE lane = 'local' ORDER BY turn LIMIT 1000"
        )
        nodes = await _plan(executor, _claim("local", [row["job_id"] for row in rows]))
        assert nodes[0]["Actual Rows"] == 10
        assert _read(nodes) == 1_010, nodes


@pytest.mark.parametrize("plans", ["generic", "custom"])
async def test_a_claim_does_not_read_what_others_hold_the_models_of(
    database: str, plans: str
) -> None:
    async with _planned(database, plans) as executor:
        await _fill(executor)
        await executor.execute(
            "UPDATE job_lanes SET models = '{c,d}' WHERE lane = 'local' AND turn BETWEEN 50000 AND"
            " 50030"
        )
        await executor.execute(
            "INSERT INTO workers (name, lanes, ready_until, models)"
            " VALUES ('other', '{local}', now() + interval '1 hour', '{a,c}')"
        )
        nodes = await _plan(executor, _claim("local", models="d"))
        assert nodes[0]["Actual Rows"] == 10
        assert _read(nodes) == 10, nodes
        assert _buffers(nodes) < 2_000, nodes
        nodes = await _plan(executor, _claim("local", models="e"))
        assert _read(nodes) <= 4, nodes  # the lists of models, and what nobody holds
        assert _buffers(nodes) < 40, nodes


async def test_a_claim_reads_no_rows_that_its_lane_may_not_take_yet(database: str) -> None:
    async with _planned(database) as executor:
        await _fill(executor, starts_in="1 day")
        nodes = await _plan(executor, _claim("hosted"))
        assert _read(nodes) == 1, nodes  # the number of rows that were opened
        assert _buffers(nodes) < 20, nodes


@pytest.mark.parametrize("plans", ["generic", "custom"])
async def test_a_claim_opens_no_more_rows_than_it_may_take(database: str, plans: str) -> None:
    async with _planned(database, plans) as executor:
        await _fill(executor, starts_in="1 day", jobs=5_000)
        await executor.execute("UPDATE job_lanes SET opens_at = now() - interval '1 s'")
        nodes = await _plan(executor, _claim("local"))
        assert _read(nodes) == 10, nodes
        nodes = await _plan(executor, _claim("local"))
        limits = [node["Actual Rows"] for node in nodes if node["Node Type"] == "Limit"]
        assert [rows for rows in limits if rows > 1] == [10, 10]


@pytest.mark.parametrize("plans", ["generic", "custom"])
async def test_rows_whose_time_has_come_are_opened_some_at_a_time(
    database: str, plans: str
) -> None:
    async with _planned(database, plans) as executor:
        await executor.execute(f"PREPARE open_due AS {OPEN}")
        nodes = await _plan(executor, "EXECUTE open_due ('local', 500)")
        assert _read(nodes) == 0
        await _fill(executor, starts_in="1 day", jobs=5_000)
        nodes = await _plan(executor, "EXECUTE open_due ('local', 500)")
        assert (_read(nodes), _buffers(nodes) < 20) == (0, True), nodes
        await executor.execute("UPDATE job_lanes SET opens_at = now() - interval '1 s'")
        nodes = await _plan(executor, "EXECUTE open_due ('local', 500)")
        assert _read(nodes) == 500, nodes


@pytest.mark.parametrize("plans", ["generic", "custom"])
async def test_a_claim_reads_no_rows_of_versions_that_it_does_not_know(
    database: str, plans: str
) -> None:
    async with _planned(database, plans) as executor:
        await _fill(executor, jobs=20_000, version=3)
        nodes = await _plan(executor, _claim("local"))
        assert nodes[0]["Actual Rows"] == 1  # without a job: what was opened
        assert _read(nodes) <= 1, nodes
        # The index alone: 20,000 rows are in 5,000 pages of both tables.
        assert _buffers(nodes) < 400, nodes
        await _fill(executor, jobs=100)
        nodes = await _plan(executor, _claim("local"))
        assert (nodes[0]["Actual Rows"], _read(nodes)) == (10, 10), nodes


@pytest.mark.parametrize(
    "closed",
    [
        "INSERT INTO paused_lanes (lane, paused_by) VALUES ('local', gen_random_uuid())",
        "INSERT INTO workers (name, lanes, ready_until, draining) VALUES ('w', '{}', now(), true)",
    ],
)
async def test_a_claim_that_may_take_nothing_reads_nothing(database: str, closed: str) -> None:
    async with _planned(database) as executor:
        await _fill(executor, jobs=5_000)
        await executor.execute(closed)
        nodes = await _plan(executor, _claim("local"))
        assert _read(nodes) <= 1, nodes


async def test_a_turn_is_found_without_reading_the_queue(database: str) -> None:
    async with _planned(database) as executor:
        await _fill(executor, jobs=5_000)
        [function] = await executor.fetch(
            "SELECT prosrc AS sql FROM pg_proc WHERE proname = 'next_turn'"
        )
        arguments = {"whose": f"'{USER}'", "in_lane": "'local'", "urgency": "2"}
        query = re.sub("|".join(arguments), lambda word: arguments[word[0]], function["sql"])
        assert _read(await _plan(executor, query)) <= 1
        [turn] = await executor.fetch("SELECT next_turn($1, 'local', 2) AS turn", USER)
        assert turn["turn"] == 5_001
