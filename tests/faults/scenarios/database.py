"""A database whose connections are cut, and one that is down for a while."""

import asyncio
import time
from contextlib import AsyncExitStack

from cluster.embedded.guardian import guarded_folder
from tests.faults.builds import Build
from tests.faults.callers import RecordingCaller
from tests.faults.crashable_postgres import CrashablePostgres
from tests.faults.environment import NeverHappened, administer, fault_environment, prepare
from tests.faults.lossy_postgres import lossy_postgres_proxy
from tests.faults.processes import DEADLINE_S
from tests.faults.report import Report, reported
from tests.faults.rules import Problem, Rule

_CUT = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE datname = '{}' AND application_name = 'imggen'
"""
_PAUSE_S = 0.2


async def cut_connections(server: str, build: Build, quick: bool) -> Report:
    """Ends every connection of gateway and worker, five times a second, under load."""
    length_s = 5.0 if quick else 30.0
    problems: list[Problem] = []
    cuts = 0
    async with (
        lossy_postgres_proxy(server) as (proxy, through),
        fault_environment(server, build) as environment,
    ):
        environment.settings["IMGGEN_DATABASE_URL"] = through(environment.database)
        caller = await environment.caller((await environment.gateway()).port)
        worker = await environment.worker("w", "--takes-s", "0.05", IMGGEN_SLOTS='{"local": 4}')
        await worker.ready.wait()
        name = environment.database.rpartition("/")[2].partition("?")[0]
        began = time.monotonic()
        load = asyncio.create_task(_load(caller, length_s))
        while time.monotonic() - began < length_s:
            await administer(server, _CUT.format(name))
            cuts += 1
            # Those are mostly idle; this one is lost after its statement took effect.
            proxy.cut_answers = 1
            await asyncio.sleep(_PAUSE_S)
        proxy.cut_answers = 0
        over = time.monotonic()
        recovered = None
        try:
            async with asyncio.timeout(environment.patience_s):
                await load
            recovered = max(0.0, await environment.all_jobs_end() - over)
        except (NeverHappened, TimeoutError) as never:
            problems.append(Problem(Rule.AWAITED, str(never) or "a watch did not see the end"))
    # A call may fail as unavailable once its client's retries are spent.
    problems += [
        Problem(Rule.CALLS, call)
        for call in environment.history.failed_calls
        if "Unavailable" not in call
    ]
    if not proxy.cut:
        problems.append(Problem(Rule.INJECTED, "no answer was lost"))
    return reported(
        "connections to the database cut 5 times a second",
        f"{cuts} cuts of all, {proxy.cut} answers lost, {length_s:g} s",
        environment.history,
        recovered,
        problems,
    )


async def _load(caller: RecordingCaller, length_s: float) -> None:
    """Submits and watches jobs for `length_s`; refused submits are skipped."""
    began = time.monotonic()
    async with asyncio.TaskGroup() as group:
        number = 0
        while time.monotonic() - began < length_s:
            if job := await caller.submit():
                group.create_task(caller.watch(job.job_id, number := number + 1))
            await asyncio.sleep(0.05)


async def database_outage(server: str, build: Build, quick: bool) -> Report:
    """Crashes a database, as a power failure does, and starts it again after a while."""
    length_s = 4.0 if quick else 20.0
    problems: list[Problem] = []
    async with AsyncExitStack() as stack:
        folder = stack.enter_context(guarded_folder("imggen-faults-"))
        crashable = await stack.enter_async_context(CrashablePostgres(folder / "db"))
        await prepare(crashable.url)
        async with fault_environment(crashable.url, build, IMGGEN_LEASE_S="30") as environment:
            # Longer than the lease: a job whose end was lost runs again only once it expires.
            environment.patience_s = DEADLINE_S
            caller = await environment.caller((await environment.gateway()).port)
            jobs = [await caller.submit() for _ in range(4)]
            watches = [
                asyncio.create_task(caller.watch(job.job_id, number))
                for number, job in enumerate(jobs)
                if job
            ]
            worker = await environment.worker("w", "--step-s", "0.05")
            await environment.action_happens("rendering")
            await crashable.crash()
            await asyncio.sleep(length_s)
            await caller.submit()
            await crashable.start()
            back = time.monotonic()
            await caller.submit()
            recovered = None
            try:
                recovered = await environment.all_jobs_end() - back
                async with asyncio.timeout(environment.patience_s):
                    await asyncio.gather(*watches)
            except (NeverHappened, TimeoutError) as never:
                problems.append(Problem(Rule.AWAITED, str(never) or "a watch did not see the end"))
            finally:
                for watch in watches:
                    watch.cancel()
            await worker.end()
    report = reported(
        "database crashed and started again",
        f"1 crash, {length_s:g} s down",
        environment.history,
        recovered,
        problems,
    )
    problems += report.drawn_again()
    return report
