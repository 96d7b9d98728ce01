"""A story whose worker, gateway and database are killed one after the other while it is drawn."""

import asyncio
import time
from contextlib import AsyncExitStack

from cluster.embedded.guardian import guarded_folder
from imggen.v1.batch_pb2 import BATCH_STATUS_COMPLETED
from tests.faults.builds import Build
from tests.faults.crashable_postgres import CrashablePostgres
from tests.faults.environment import NeverHappened, fault_environment, prepare
from tests.faults.report import Report, reported
from tests.faults.rules import Problem, Rule
from tests.faults.stories import begin_story, drawn
from tests.faults.tcp_proxy import tcp_proxy_to

_PAGES = 9
_SLOTS = 2
_STEP_S = "0.05"


async def killed_story(server: str, build: Build, quick: bool) -> Report:
    """Kills each process while a story is drawn: only pictures in flight are drawn again."""
    problems: list[Problem] = []
    recovered = None
    async with AsyncExitStack() as stack:
        folder = stack.enter_context(guarded_folder("imggen-faults-"))
        crashable = await stack.enter_async_context(CrashablePostgres(folder / "db"))
        await prepare(crashable.url)
        # Longer than the database is down, so that surviving workers keep their renders.
        environment = await stack.enter_async_context(
            fault_environment(crashable.url, build, IMGGEN_LEASE_S="8")
        )
        gateway = await environment.gateway()
        proxy, port = await stack.enter_async_context(tcp_proxy_to(gateway.port))
        caller = await environment.caller(port)
        slots = {"IMGGEN_SLOTS": f'{{"local": {_SLOTS}}}'}
        first = await environment.worker("first", "--step-s", _STEP_S, **slots)
        batch = await begin_story(environment, caller, _PAGES)
        watch = asyncio.create_task(caller.client.wait_batch(batch), name="watch the story")
        try:
            await drawn(environment, 2)
            first.kill()
            await environment.worker("second", "--step-s", _STEP_S, **slots)
            await drawn(environment, 4)
            gateway.kill()
            proxy.target = (await environment.gateway()).port
            proxy.cut()
            await drawn(environment, 6)
            await crashable.crash()
            await crashable.start()
            back = time.monotonic()
            recovered = await environment.all_jobs_end() - back
            async with asyncio.timeout(environment.patience_s):
                last = (await watch).batch
            if last.status != BATCH_STATUS_COMPLETED or last.completed_images != last.total_images:
                problems.append(
                    Problem(Rule.OUTCOME, f"the story ended with {last.completed_images} pictures")
                )
        except (NeverHappened, TimeoutError) as never:
            problems.append(Problem(Rule.AWAITED, str(never) or "the watch did not see the end"))
        finally:
            watch.cancel()
    report = reported(
        "a story whose worker, gateway and database are killed",
        f"3 kills, {_PAGES + 1} pictures",
        environment.history,
        recovered,
        problems,
    )
    problems += report.drawn_again(_SLOTS)  # those in flight
    return report
