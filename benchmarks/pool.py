"""How busy a worker keeps a pool of GPUs that take a set time per picture.

The GPUs are simulated by sleeping; the worker's part is real: claims, leases, progress of each
step, four assets of 200 kB each into a folder, completion. Only finishing is left out, since a
pool of this size spreads it over the CPUs of many machines.
"""

import asyncio
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from benchmarks.environment import BenchEnvironment, new_database
from benchmarks.jobs import submit
from benchmarks.processes import line_child
from benchmarks.report import Figure, Target
from server.store import open_store

GPUS = 64
RENDER_S = 2.0
AT_ONCE = 50
BUSY = Target(95.0, least=True)
PER_HOUR = Target(100_000.0, least=True)
NONE = Target(0.0)
ALL_AT_ONCE = Target(float(AT_ONCE), least=True)

_COUNTS = """
SELECT
  count(*) FILTER (WHERE status <> 'completed') AS lost,
  (SELECT count(*) FROM attempts WHERE outcome = 'lost') AS expired,
  (SELECT count(*) FROM (
    SELECT FROM attempts WHERE outcome = 'completed' GROUP BY job_id HAVING count(*) > 1
    UNION ALL SELECT FROM assets GROUP BY job_id HAVING count(*) <> 4
    UNION ALL SELECT FROM calls WHERE state = 'settled' GROUP BY job_id HAVING count(*) > 1
  ) AS twice) AS doubled
FROM image_generation_jobs
"""


@dataclass(frozen=True, slots=True)
class Run:
    """The measurements of a pool, and the counts in the database afterwards."""

    jobs: int
    says: dict[str, Any]
    counts: dict[str, int]

    @property
    def busy_percent(self) -> float:
        """The share of the GPUs' time that rendered pictures, in percent."""
        rendered = self.says["rendered"] * self.says["render_s"]
        return float(100 * rendered / (self.says["gpus"] * self.says["rendering_s"]))


def measure(bench: BenchEnvironment) -> Iterator[Figure]:
    """Gives a pool 20 jobs per GPU, and waits until all have ended."""
    gpus = bench.sized(GPUS, 8)
    render_s = RENDER_S if not bench.quick else 0.5
    run = asyncio.run(_run(bench, gpus, gpus * bench.sized(20, 3), render_s))
    note = f"{gpus} GPUs at {render_s:g} s, {run.jobs} jobs, four assets of 200 kB each"
    per_hour = run.jobs * 3600 / run.says["seconds"]
    yield Figure.median("GPUs busy", [run.busy_percent], "%", BUSY, note)
    yield Figure.median(
        "images in an hour", [per_hour], "/h", PER_HOUR, "the specification asks for 500"
    )
    cpu_ms = 1000 * run.says["cpu_s"] / run.jobs
    yield Figure.median("CPU of the worker for an image", [cpu_ms], "ms")
    yield Figure.median("lost jobs", [run.counts["lost"]], "", NONE)
    twice = run.counts["doubled"] + run.says["rendered"] - run.jobs
    yield Figure.median("jobs rendered or ended twice", [twice], "", NONE)
    yield Figure.median("leases expired", [run.counts["expired"]], "", NONE)
    many = asyncio.run(_run(bench, AT_ONCE, AT_ONCE * 2, 1.0))
    yield Figure.median("jobs rendering at once", [many.says["most"]], "", ALL_AT_ONCE)


async def _run(bench: BenchEnvironment, gpus: int, count: int, render_s: float) -> Run:
    url = await new_database(bench.postgres)
    async with open_store(url) as store:
        await submit(store, count)
        plan = {
            "database_url": url,
            "folder": str(bench.folder / "pool"),
            "gpus": gpus,
            "jobs": count,
            "render_s": render_s,
        }
        says = await asyncio.to_thread(_work, plan)
        [counts] = await store.database.fetch(_COUNTS)
    return Run(count, plan | says, dict(counts))


def _work(plan: Mapping[str, object]) -> dict[str, Any]:
    with line_child("benchmarks.children.pool_worker") as process:
        process.write(json.dumps(plan))
        says: dict[str, Any] = json.loads(process.read())
        return says
