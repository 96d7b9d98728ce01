"""A new version that takes over from the one before it, under load."""

import asyncio
import time

from imggen.v1.finishing_pb2 import PostProcessing
from server.domain.spec import SPEC_VERSION
from tests.faults import mutations
from tests.faults.builds import SOUND, Build, Mutation, built
from tests.faults.callers import RecordingCaller, steady_load
from tests.faults.environment import (
    POLL_S,
    FaultEnvironment,
    NeverHappened,
    fault_environment,
    until,
)
from tests.faults.processes import WorkerProcess, migrate_as
from tests.faults.report import Report, reported
from tests.faults.rules import Problem, Rule
from tests.faults.tcp_proxy import TcpProxy, tcp_proxy_to

_LEASE_S = 8
"""Longer than a busy machine keeps a job waiting."""
_DRAIN_S = 30
"""Longer than a call waits there for a migration; a drain cuts off those that take longer."""

_FOLDER = "server/store/migrations"
_EXPAND = (
    f"{_FOLDER}/9000_expand.sql",
    "ALTER TABLE image_generation_jobs ADD COLUMN of_the_next text NOT NULL DEFAULT '';"
    " ALTER TABLE images ADD COLUMN of_the_next text;"
    " CREATE INDEX of_the_next ON images (of_the_next) WHERE of_the_next IS NOT NULL",
)
_CONTRACT = (
    f"{_FOLDER}/9001_contract.sql",
    "ALTER TABLE image_generation_jobs DROP COLUMN of_the_next;"
    " ALTER TABLE images DROP COLUMN of_the_next",
)
_NEW = Mutation("this version", (), files=(_EXPAND,))
_AFTER = Mutation("the version after", (), files=(_EXPAND, _CONTRACT))
NEW_WISH = PostProcessing(sharpening=False)
"""What only workers of this version do to a picture; a new version needs another wish."""
_WISHES = 4


async def rolled_version(server: str, build: Build, quick: bool) -> Report:
    """Migrates, replaces the gateway, then each worker, then migrates what is not used any more."""
    problems: list[Problem] = []
    recovered = None
    with built(mutations.VERSION_BEFORE) as before, built(_NEW) as new, built(_AFTER) as after:
        old = before if build is SOUND else build  # whose workers lack a guard
        settings = {"IMGGEN_LEASE_S": str(_LEASE_S), "IMGGEN_DRAIN_S": str(_DRAIN_S)}
        async with fault_environment(server, old, **settings) as environment:
            gateway = await environment.gateway()
            async with tcp_proxy_to(gateway.port) as (proxy, port):
                caller = await environment.caller(port)
                workers = [await _worker(environment, name, old) for name in ("old-1", "old-2")]
                over = asyncio.Event()
                load = asyncio.create_task(steady_load(caller, over), name="load")
                try:
                    await migrate_as(new, environment.process_settings())
                    proxy.target = (await environment.of(new).gateway()).port
                    await gateway.drain()
                    problems += await _rolled(environment, caller, workers, new)
                    await _contracted(environment, proxy, after)
                    last = time.monotonic()
                    over.set()
                    async with asyncio.timeout(environment.patience_s):
                        await load
                    recovered = max(0.0, await environment.all_jobs_end() - last)
                    problems += await _late(environment)
                except (NeverHappened, TimeoutError) as never:
                    problems.append(Problem(Rule.AWAITED, str(never) or "a watch did not end"))
                finally:
                    load.cancel()
    problems += [Problem(Rule.CALLS, call) for call in environment.history.failed_calls]
    return reported(
        "a new version under load: migrated, gateway and workers replaced, migrated",
        f"2 migrations, {len(environment.history.submits)} submits,"
        f" {_WISHES} for new workers alone",
        environment.history,
        recovered,
        problems,
    )


async def _rolled(
    environment: FaultEnvironment,
    caller: RecordingCaller,
    old: list[WorkerProcess],
    build: Build,
) -> list[Problem]:
    """Replaces each worker by one of a build; only these may draw what needs its version."""
    submitted = [await caller.submit(post_processing=NEW_WISH) for _ in range(_WISHES)]
    wished = {job.job_id for job in submitted if job is not None}
    if len(wished) < _WISHES:
        raise NeverHappened(f"{len(wished)} of {_WISHES} jobs for new workers were acknowledged")
    [version] = await environment.query(
        "SELECT max(spec_version) AS newest FROM image_generation_jobs"
    )
    if version["newest"] != SPEC_VERSION:
        raise ValueError(f"NEW_WISH needs nothing that is new in spec version {SPEC_VERSION}")
    await asyncio.sleep(4 * POLL_S)
    for number, worker in enumerate(old):
        await _worker(environment, f"new-{number}", build)
        if number == 0:
            await until(lambda: _all_ended(environment, wished), "the new worker draws its jobs")
        await worker.end()
    taken = {
        action.worker
        for action in environment.history.actions
        if action.what == "claimed" and action.job in wished
    }
    return [
        Problem(Rule.VERSION, f"{name} took a job of a later version")
        for name in sorted(taken & {worker.name for worker in old})
    ]


async def _contracted(environment: FaultEnvironment, proxy: TcpProxy, build: Build) -> None:
    """Drops what the version before had used, and has a gateway take over that does not know it."""
    await migrate_as(build, environment.process_settings())
    proxy.target = (await environment.of(build).gateway()).port


async def _worker(environment: FaultEnvironment, name: str, build: Build) -> WorkerProcess:
    slots = {"IMGGEN_SLOTS": '{"local": 4}'}
    worker = await environment.of(build).worker(name, "--takes-s", "0.2", **slots)
    await worker.ready.wait()
    return worker


async def _all_ended(environment: FaultEnvironment, jobs: set[str]) -> bool:
    rows = await environment.query(
        "SELECT id::text FROM image_generation_jobs WHERE status = 'completed'"
    )
    return jobs <= {row["id"] for row in rows}


async def _late(environment: FaultEnvironment) -> list[Problem]:
    """Returns a problem for each job that was drawn again, or waited for longer than a lease."""
    rows = await environment.query(
        "SELECT id::text, attempt, extract(epoch FROM started_at - created_at) AS waited"
        f" FROM image_generation_jobs WHERE spec_version < {SPEC_VERSION}"
    )
    if not rows:
        return [Problem(Rule.INJECTED, "no job of the version before was submitted")]
    again = [row["id"] for row in rows if row["attempt"] != 1]
    late = [row["id"] for row in rows if row["waited"] is not None and row["waited"] > _LEASE_S]
    return [Problem(Rule.AGAIN, f"job {job} was drawn again") for job in again] + [
        Problem(Rule.SOON, f"job {job} waited for longer than a lease") for job in late
    ]
