"""How fast jobs that do nothing are claimed and completed, compared with pgqueuer.

Both start with the same queued jobs and write the same rows: the job, its image, the attempt,
four assets, the ledger and the outbox. pgqueuer (https://github.com/janbjorge/pgqueuer) runs with
the settings of its own benchmark tool, 5 dequeuers with batches of 10, on the same Postgres and
with logged tables. It is measured three times: with a statement for each job, as its callers
write handlers; with these rows gathered into statements, as ours are; and without our rows.
"""

import asyncio
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from benchmarks.environment import BenchEnvironment, new_database
from benchmarks.jobs import submit
from benchmarks.processes import line_child
from benchmarks.report import Figure, Target
from server.store import open_store

RATIO = Target(1.0, least=True)
KINDS = {
    "ours": "claimed and completed by our worker",
    "pgqueuer": "by pgqueuer, a statement for each job",
    "pgqueuer-gathered": "by pgqueuer, its writes gathered as ours are",
    "pgqueuer-alone": "by pgqueuer, without our rows (no target)",
}

# By the database's clock, from the first claim to the last completion, each from its own records:
# our attempts, and pgqueuer's log.
_OUR_SECONDS = """
SELECT extract(epoch FROM max(finished_at) - min(started_at)) AS seconds, count(*) AS jobs
FROM attempts WHERE outcome = 'completed'
"""
_PGQUEUER_SECONDS = """
SELECT
  extract(epoch FROM max(created) - min(created)) AS seconds,
  count(*) FILTER (WHERE status = 'successful') AS jobs
FROM pgqueuer_log WHERE status IN ('picked', 'successful')
"""

_ROWS = """
SELECT 'jobs ' || status AS what, count(*) FROM image_generation_jobs GROUP BY 1
UNION ALL SELECT 'images ' || status, count(*) FROM images GROUP BY 1
UNION ALL SELECT 'attempts ' || outcome, count(*) FROM attempts GROUP BY 1
UNION ALL SELECT 'assets ' || kind, count(*) FROM assets GROUP BY 1
UNION ALL SELECT 'ledger ' || kind, count(*) FROM ledger GROUP BY 1
UNION ALL SELECT 'outbox ' || object_kind || ' ' || status, count(*) FROM outbox GROUP BY 1
"""


class UnequalWork(Exception):
    """Queues that wrote different rows, so that their speeds cannot be compared."""


@dataclass(frozen=True, slots=True)
class Round:
    """The result of one round of one queue."""

    per_second: float
    rows: dict[str, int]


def measure(bench: BenchEnvironment) -> Iterator[Figure]:
    """Empties a new database's queue with each of KINDS, alternating; raises UnequalWork."""
    jobs, rounds = bench.sized(5000, 100), bench.sized(5, 1)
    rates: dict[str, list[float]] = {kind: [] for kind in KINDS}
    for _ in range(rounds):
        written = {}
        for kind, samples in rates.items():
            done = asyncio.run(_round(bench, kind, jobs))
            samples.append(done.per_second)
            written[kind] = done.rows
        refuse_unequal(written["ours"], written["pgqueuer"])
        refuse_unequal(written["ours"], written["pgqueuer-gathered"])
    note = f"rounds of {jobs} jobs"
    for kind, samples in rates.items():
        yield Figure.median(KINDS[kind], samples, "/s", note=note)
    for kind in ("pgqueuer", "pgqueuer-gathered"):
        ratios = [a / b for a, b in zip(rates["ours"], rates[kind], strict=True)]
        yield Figure.median(f"ours against {kind}", ratios, "x", RATIO, "by pair of rounds")


def refuse_unequal(ours: dict[str, int], theirs: dict[str, int]) -> None:
    """Raises UnequalWork unless both have written the same number of rows of each kind."""
    differing = {
        what: (ours.get(what, 0), theirs.get(what, 0))
        for what in {*ours, *theirs}
        if ours.get(what, 0) != theirs.get(what, 0)
    }
    if differing:
        raise UnequalWork(f"our rows and those of pgqueuer's handlers differ: {differing}")


async def _round(bench: BenchEnvironment, kind: str, count: int) -> Round:
    url = await new_database(bench.postgres)
    async with open_store(url) as store:
        jobs = await submit(store, count)
        plan = {"kind": kind, "database_url": url, "jobs": [str(job) for job in jobs]}
        await asyncio.to_thread(_drain, plan)
        seconds = _OUR_SECONDS if kind == "ours" else _PGQUEUER_SECONDS
        [timed] = await store.database.fetch(seconds)
        rows = {row["what"]: row["count"] for row in await store.database.fetch(_ROWS)}
        # So that the next round does not pay for this round's unwritten pages.
        await store.database.execute("CHECKPOINT")
    if timed["jobs"] != count:
        raise UnequalWork(f"{kind}: only {timed['jobs']} of {count} jobs are completed")
    return Round(count / float(timed["seconds"]), rows)


def _drain(plan: Mapping[str, object]) -> None:
    """Empties a queue in a separate process."""
    with line_child("benchmarks.children.queue_drainer") as process:
        process.write(json.dumps(plan))
        process.read()
