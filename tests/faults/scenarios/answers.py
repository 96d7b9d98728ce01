"""Submits whose answers are lost."""

import asyncio

from tests.faults.builds import Build
from tests.faults.environment import NeverHappened, fault_environment, until
from tests.faults.report import Report, reported
from tests.faults.rules import Problem, Rule
from tests.faults.tcp_proxy import tcp_proxy_to


async def lost_answers(server: str, build: Build, quick: bool) -> Report:
    """Drops the answer to each submit after its commit; the client repeats the call."""
    count = 3 if quick else 20
    problems: list[Problem] = []
    async with fault_environment(server, build) as environment:
        gateway = await environment.gateway()
        async with tcp_proxy_to(gateway.port) as (proxy, port):
            caller = await environment.caller(port)
            took_s = 0.0
            for number in range(1, count + 1):
                proxy.answers_lost = True
                submit = asyncio.create_task(caller.submit())
                await until(environment.jobs_reach(number), "the submit is committed")
                proxy.answers_lost = False
                proxy.cut()
                began = asyncio.get_running_loop().time()
                await submit
                took_s = max(took_s, asyncio.get_running_loop().time() - began)
            await environment.worker("w", "--takes-s", "0.01")
            try:
                await environment.all_jobs_end()
            except NeverHappened as never:
                problems.append(Problem(Rule.AWAITED, str(never)))
    history = environment.history
    if len(history.acknowledged()) != count or history.failed_calls:
        problems.append(
            Problem(Rule.CALLS, f"{count} submits gave {len(history.acknowledged())} jobs")
        )
    return reported("answers to submits lost", f"{count} answers", history, took_s, problems)
