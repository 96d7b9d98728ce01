"""How long a job waits until an idle worker claims it, and how long claims take in a crowd."""

import asyncio
import random
import time
from collections.abc import Iterator
from uuid import UUID

import asyncpg

from benchmarks import crowded_claims
from benchmarks.environment import BenchEnvironment, gateway_under_test
from benchmarks.processes import child
from benchmarks.report import Figure, Target
from imggen import SyncClient

P50 = Target(10.0)
P99 = Target(50.0)

# Both times are from the database's clock: of the submit's transaction and of the claim's.
_WAITS = """
SELECT extract(epoch FROM a.started_at - j.created_at) * 1000 AS ms
FROM image_generation_jobs j JOIN attempts a ON a.job_id = j.id AND a.attempt = 1
WHERE j.id = ANY($1)
"""


def measure(bench: BenchEnvironment) -> Iterator[Figure]:
    """Submits jobs one at a time to a worker that completes each at once."""
    with (
        gateway_under_test(bench) as gateway,
        child(
            "benchmarks.children.instant_worker",
            environment={"IMGGEN_DATABASE_URL": gateway.database_url},
        ),
        SyncClient(gateway.address, token=gateway.token) as client,
    ):
        jobs = []
        for _ in range(bench.sized(300, 20)):
            job = client.generate_portrait(gateway.character_id, style="storybook")
            client.wait(job, timeout=60)
            jobs.append(UUID(job.job_id))
            # Until the worker waits again; random, so as not to be in step with its timers.
            time.sleep(random.uniform(0.02, 0.06))
        waits = asyncio.run(_waits(gateway.database_url, jobs))
    yield Figure.median("submit to claimed by an idle worker, p50", waits, "ms", P50)
    yield Figure.percentile("submit to claimed by an idle worker, p99", waits, "ms", 0.99, P99)
    yield from crowded_claims.measure(bench)


async def _waits(database_url: str, jobs: list[UUID]) -> list[float]:
    connection = await asyncpg.connect(database_url)
    try:
        return [float(row["ms"]) for row in await connection.fetch(_WAITS, jobs)]
    finally:
        await connection.close()
