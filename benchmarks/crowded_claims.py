"""How long a claim takes beside jobs that it cannot take, and where dead rows cannot be removed."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import TypeAlias

import asyncpg

from benchmarks.environment import BenchEnvironment, new_database
from benchmarks.report import Figure, Target
from server.domain.states import Lane
from server.store import Store
from server.store.database import open_database

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"

CLAIM = Target(10.0)
_USER = "00000000-0000-0000-0000-000000000001"
_LEASE = timedelta(seconds=30)
# What comes and goes in 30 minutes at 10 jobs a second.
_TURNED_OVER = 18_000

_BEGIN = f"INSERT INTO users (id, issuer, subject) VALUES ('{_USER}', 'bench', 'mia')"
_FILL = f"""
INSERT INTO image_generation_jobs (
  user_id, kind, lane, spec, spec_version, ai_provider, ai_model, turn, run_after, lanes
) SELECT '{_USER}', 'scene', 'local', '{{{{"seed": 7}}}}', {{version}}, 'local', 'storybook', n,
    now() + interval '{{starts_in}}', ARRAY[('local', '{{{{a}}}}', NULL, n)]::job_lane[]
  FROM generate_series(1, {{jobs}}) AS n
"""
_END = """
UPDATE image_generation_jobs SET status = 'cancelled', completed_at = now(),
  error_reason = 'JOB_CANCELLED' WHERE status = 'queued'
"""
_CROWDS = {
    "in backoff": {"starts_in": "1 hour", "version": 1},
    "of a newer version": {"starts_in": "-1 s", "version": 99},
    "whose backoff has just ended": {"starts_in": "1 hour", "version": 99},
}


def measure(bench: BenchEnvironment) -> Iterator[Figure]:
    """Times claims that find nothing, beside jobs that they cannot take."""
    jobs, claims = bench.sized(100_000, 1_000), bench.sized(200, 5)
    for crowd in _CROWDS:
        samples = asyncio.run(_beside(bench.postgres, crowd, jobs, claims))
        yield Figure.median(f"a claim beside {jobs:,} jobs {crowd}", samples, "ms", CLAIM)
    gone = bench.sized(_TURNED_OVER, 500)
    samples = asyncio.run(_beside_snapshot(bench.postgres, gone, claims))
    yield Figure.median("a claim after a snapshot was held for 30 min", samples, "ms")


async def _beside(postgres: str, crowd: str, jobs: int, claims: int) -> list[float]:
    async with _queue(postgres) as (store, admin):
        await admin.execute(_FILL.format(jobs=jobs, **_CROWDS[crowd]))
        if "ended" in crowd:
            await admin.execute("UPDATE job_lanes SET opens_at = now() - interval '1 s'")
        await admin.execute("VACUUM ANALYZE job_lanes")
        return [await _timed(store) for _ in range(claims)]


async def _beside_snapshot(postgres: str, jobs: int, claims: int) -> list[float]:
    """Times claims while another session still sees jobs that have come and gone."""
    async with (
        _queue(postgres) as (store, admin),
        admin.transaction(isolation="repeatable_read"),
    ):
        await admin.fetchval("SELECT count(*) FROM users")
        await store.database.execute(_FILL.format(jobs=jobs, starts_in="-1 s", version=1))
        await store.database.execute(_END)
        return [await _timed(store) for _ in range(claims)]


@asynccontextmanager
async def _queue(postgres: str) -> AsyncIterator[tuple[Store, Connection]]:
    """Yields a store on a new database, and another connection to it."""
    url = await new_database(postgres)
    admin = await asyncpg.connect(url)
    try:
        await admin.execute(_BEGIN)
        async with open_database(url, timeout=300.0) as database:
            yield Store(database), admin
    finally:
        await admin.close()


async def _timed(store: Store) -> float:
    began = time.perf_counter()
    await store.leases.claim("worker", Lane.LOCAL, 4, _LEASE)
    return (time.perf_counter() - began) * 1000
