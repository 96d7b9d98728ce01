"""Gateways that are replaced under load, as in a rolling update."""

import asyncio
import time

from tests.faults.builds import Build
from tests.faults.callers import steady_load
from tests.faults.environment import NeverHappened, fault_environment
from tests.faults.report import Report, reported
from tests.faults.rules import Problem, Rule
from tests.faults.tcp_proxy import tcp_proxy_to


async def rolled_gateway(server: str, build: Build, quick: bool) -> Report:
    """Starts a new gateway, sends new connections to it and drains the old one, many times."""
    rolls = 2 if quick else 6
    problems: list[Problem] = []
    async with fault_environment(server, build) as environment:
        old = await environment.gateway()
        async with tcp_proxy_to(old.port) as (proxy, port):
            caller = await environment.caller(port)
            worker = await environment.worker("w", "--takes-s", "0.2", IMGGEN_SLOTS='{"local": 4}')
            await worker.ready.wait()
            over = asyncio.Event()
            load = asyncio.create_task(steady_load(caller, over), name="load")
            for _ in range(rolls):
                new = await environment.gateway()
                proxy.target = new.port
                await old.drain()
                old = new
            last = time.monotonic()
            over.set()
            recovered = None
            try:
                async with asyncio.timeout(environment.patience_s):
                    await load
                recovered = max(0.0, await environment.all_jobs_end() - last)
            except (NeverHappened, TimeoutError) as never:
                problems.append(Problem(Rule.AWAITED, str(never) or "a watch did not resume"))
    problems += [Problem(Rule.CALLS, call) for call in environment.history.failed_calls]
    watched = {seen.watch for seen in environment.history.seen if seen.ended}
    if len(watched) < len(environment.history.acknowledged()):
        problems.append(Problem(Rule.AWAITED, "a watch did not see the end"))
    return reported(
        "gateway rolled under load",
        f"{rolls} rolls, {len(environment.history.submits)} submits and watches",
        environment.history,
        recovered,
        problems,
    )
