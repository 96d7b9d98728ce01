"""Empties a queue of jobs that do nothing: a plan on stdin, `done` on stdout."""

import asyncio
import json
import signal
import sys
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from datetime import timedelta
from typing import Any, TypeAlias
from uuid import UUID

import asyncpg
from pgqueuer import PgQueuer
from pgqueuer.db import AsyncpgDriver
from pgqueuer.models import Job
from pgqueuer.queries import Queries
from pgqueuer.types import QueueExecutionMode

from actors.settings import WorkerSettings
from actors.worker.loop import Worker
from benchmarks.children.instant_worker import NoDrawing, nothing
from server.domain.ids import ImageId, JobId, UserId
from server.domain.jobs import Claim
from server.domain.spec import RenderSpec
from server.domain.states import Lane
from server.store import Store, open_store
from server.store.signals import Signals
from server.store.together import Together

# From pgqueuer's own tools/benchmark.py. They limit how many jobs it picks at a time but not how
# many it holds; our worker holds no more than its slots.
_DEQUEUERS = 5
_BATCH = 10
_SLOTS = 128
_CONNECTIONS = 10
_LEASE = timedelta(seconds=30)
_PAUSE_S = 0.02

# The writes of our claim, for jobs that pgqueuer has chosen.
_START = """
WITH claimed AS (
  UPDATE image_generation_jobs j SET
    status = 'processing', attempt = j.attempt + 1, worker = 'pgqueuer',
    lease_expires_at = now() + $2, started_at = coalesce(j.started_at, now()), updated_at = now()
  WHERE j.id = ANY($1) AND j.status = 'queued'
  RETURNING j.id, j.user_id, j.image_id, j.attempt, j.spec, j.lane, j.ai_provider, j.ai_model,
    j.estimated_micros
), image AS (
  UPDATE images SET status = 'generating', updated_at = now() FROM claimed
  WHERE images.id = claimed.image_id
), attempt AS (
  INSERT INTO attempts (job_id, attempt, worker, provider, model, seed)
  SELECT id, attempt, 'pgqueuer', ai_provider, ai_model, (spec ->> 'seed')::bigint FROM claimed
)
SELECT * FROM claimed
"""

_LEFT = "SELECT count(*) FROM image_generation_jobs WHERE status <> 'completed'"

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"
Handler = Callable[[UUID], Awaitable[None]]


async def ours(url: str) -> None:
    """Empties the queue with our worker."""
    settings = WorkerSettings(database_url=url, slots={"local": _SLOTS})
    async with AsyncExitStack() as stack:
        enter = stack.enter_async_context
        store = await enter(open_store(url, max_connections=_CONNECTIONS))
        signals = Signals(store.database)
        await enter(signals.running())
        worker = Worker("ours", settings, NoDrawing(), store, store, signals)
        await enter(worker.running())
        await _emptied(store)


async def _emptied(store: Store) -> None:
    while True:
        row = await store.database.fetchrow(_LEFT)
        if row is not None and row["count"] == 0:
            return
        await asyncio.sleep(_PAUSE_S)


class Handlers:
    """A handler for pgqueuer that writes the rows of one of our jobs."""

    def __init__(self, store: Store, *, gathered: bool) -> None:
        self._store = store
        self._start = Together(self._start_each) if gathered else self._start_one
        self._complete = store.complete if gathered else store.leases.complete

    async def __call__(self, job: UUID) -> None:
        """Writes the start and the completion of a job."""
        claim = await self._start(job)
        await self._complete(claim, nothing(claim))

    async def _start_one(self, job: UUID) -> Claim:
        [claim] = await self._start_each([job])
        return claim

    async def _start_each(self, jobs: Sequence[UUID]) -> list[Claim]:
        rows = await self._store.database.fetch(_START, list(jobs), _LEASE)
        claims = {row["id"]: _claim(row) for row in rows}
        return [claims[job] for job in jobs]


async def pgqueuer(url: str, jobs: Sequence[UUID], *, gathered: bool) -> None:
    """Empties the queue with pgqueuer and handlers that write our rows."""
    async with open_store(url, max_connections=_CONNECTIONS) as store:
        await _run_pgqueuer(url, jobs, Handlers(store, gathered=gathered))


async def pgqueuer_alone(url: str, jobs: Sequence[UUID]) -> None:
    """Empties the queue with pgqueuer and handlers that do nothing."""

    async def nothing_at_all(_job: UUID) -> None:
        pass

    await _run_pgqueuer(url, jobs, nothing_at_all)


async def _run_pgqueuer(url: str, jobs: Sequence[UUID], handler: Handler) -> None:
    async with AsyncExitStack() as stack:
        queries = [Queries(AsyncpgDriver(await _connect(stack, url))) for _ in range(_DEQUEUERS)]
        await queries[0].install()
        await _refuse_unlogged(stack, url)
        await _leave_our_queue(stack, url)
        await queries[0].enqueue(["draw"] * len(jobs), [job.bytes for job in jobs], [0] * len(jobs))
        queues = [PgQueuer(one.driver, queries=one) for one in queries]
        for queue in queues:

            @queue.entrypoint("draw")
            async def draw(job: Job) -> None:
                await handler(UUID(bytes=job.payload))

        await asyncio.gather(
            *(queue.run(batch_size=_BATCH, mode=QueueExecutionMode.drain) for queue in queues)
        )


async def _connect(stack: AsyncExitStack, url: str) -> Connection:
    # As in our store: JIT compilation costs more than these short statements.
    connection = await asyncpg.connect(url, server_settings={"jit": "off"})
    stack.push_async_callback(connection.close)
    return connection


async def _leave_our_queue(stack: AsyncExitStack, url: str) -> None:
    """Takes the jobs out of our queue, so that pgqueuer's runs write their own alone."""
    connection = await _connect(stack, url)
    await connection.execute(
        "TRUNCATE job_lanes;ALTER TABLE image_generation_jobs DISABLE TRIGGER lanes_of_changed_jobs"
    )


async def _refuse_unlogged(stack: AsyncExitStack, url: str) -> None:
    """Raises RuntimeError if pgqueuer's tables would not survive a crash, as ours do."""
    connection = await _connect(stack, url)
    unlogged = await connection.fetch(
        "SELECT relname FROM pg_class WHERE relname LIKE 'pgqueuer%' AND relkind = 'r'"
        " AND relpersistence <> 'p'"
    )
    if unlogged:
        raise RuntimeError(
            f"{[row['relname'] for row in unlogged]} are unlogged; pgqueuer's tables must be logged"
        )


def _claim(row: asyncpg.Record) -> Claim:
    return Claim(
        job_id=JobId(row["id"]),
        user_id=UserId(row["user_id"]),
        image_id=ImageId(row["image_id"]),
        attempt=row["attempt"],
        spec=RenderSpec.from_json(row["spec"]),
        lane=Lane(row["lane"]),
        provider=row["ai_provider"],
        price_micros=row["estimated_micros"],
    )


def run(plan: dict[str, Any]) -> None:
    """Empties the queue of a plan."""
    url = plan["database_url"]
    jobs = [UUID(job) for job in plan["jobs"]]
    match plan["kind"]:
        case "ours":
            asyncio.run(ours(url))
        case "pgqueuer":
            asyncio.run(pgqueuer(url, jobs, gathered=False))
        case "pgqueuer-gathered":
            asyncio.run(pgqueuer(url, jobs, gathered=True))
        case "pgqueuer-alone":
            asyncio.run(pgqueuer_alone(url, jobs))
        case unknown:
            raise ValueError(f"kind: {unknown!r} is not a queue")


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    run(json.loads(sys.stdin.readline()))
    print("done", flush=True)
