"""Signals that are lost."""

import asyncio

from tests.faults.builds import Build
from tests.faults.environment import POLL_S, NeverHappened, fault_environment
from tests.faults.lossy_postgres import lossy_postgres_proxy
from tests.faults.report import Report, reported
from tests.faults.rules import Problem, Rule

_SLACK_S = 3.0
"""Extra time for a busy machine with two processes and a database."""

_WATCH_POLL_S = 2.0


async def lost_notifications(server: str, build: Build, quick: bool) -> Report:
    """Drops every NOTIFY to workers and gateways; their safety polls make up for it."""
    problems: list[Problem] = []
    claims: list[float] = []
    ends: list[float] = []
    async with (
        lossy_postgres_proxy(server) as (proxy, through),
        fault_environment(server, build) as environment,
    ):
        proxy.drops_notifications = True
        environment.settings["IMGGEN_DATABASE_URL"] = through(environment.database)
        caller = await environment.caller((await environment.gateway()).port)
        worker = await environment.worker("w", "--takes-s", "0.01")
        await worker.ready.wait()
        loop = asyncio.get_running_loop()
        for number in range(3 if quick else 10):
            # The worker and the watch are idle: only a signal or a poll wakes them.
            job = await caller.submit()
            assert job is not None
            began = loop.time()
            watch = asyncio.create_task(caller.watch(job.job_id, number))
            try:
                ended = await environment.all_jobs_end()
            except NeverHappened as never:
                watch.cancel()
                problems.append(Problem(Rule.AWAITED, str(never)))
                break
            claims.append(environment.history.done("claimed")[-1].at - began)
            try:
                async with asyncio.timeout(environment.patience_s):
                    await watch
            except TimeoutError:
                # The next job may be lost, too: a worker that is slow to start claims the first
                # one as it looks for the first time, which no signal has to tell it.
                problems.append(Problem(Rule.AWAITED, "the watch did not see the end"))
                continue
            ends.append(loop.time() - ended)
    if not proxy.lost:
        problems.append(Problem(Rule.INJECTED, "no notification was lost"))
    if max(claims, default=0.0) > POLL_S + _SLACK_S:
        problems.append(Problem(Rule.SOON, f"a claim came after {max(claims):.1f} s"))
    if max(ends, default=0.0) > _WATCH_POLL_S + _SLACK_S:
        problems.append(Problem(Rule.SOON, f"a watch saw the end after {max(ends):.1f} s"))
    return reported(
        "every NOTIFY lost",
        f"{proxy.lost} notifications",
        environment.history,
        max(claims + ends, default=None),
        problems,
    )
