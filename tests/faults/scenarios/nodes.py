"""Nodes of the Ray cluster that are lost: the worker's, then the head."""

import time

from tests.faults.builds import Build
from tests.faults.environment import NeverHappened, fault_environment
from tests.faults.ray_cluster import ray_cluster, rendering
from tests.faults.report import Report, reported
from tests.faults.rules import Problem, Rule


async def lost_nodes(server: str, build: Build, quick: bool) -> Report:
    """Kills the node with the replicas, then the head; a new cluster takes over."""
    problems: list[Problem] = []
    recovered = None
    async with fault_environment(server, build, IMGGEN_DRAIN_S="5") as environment:
        caller = await environment.caller((await environment.gateway()).port)
        try:
            async with ray_cluster(environment, build) as first:
                await caller.submit()
                await caller.submit()
                await rendering(environment)
                await first.kill_node()
                await environment.all_jobs_end()
                await environment.all_jobs_complete()
                await caller.submit()
                await rendering(environment)
                await first.kill_head()
                killed = time.monotonic()
                for _ in range(3):
                    await caller.submit()
            async with ray_cluster(environment, build):
                recovered = await environment.all_jobs_end() - killed
                await environment.all_jobs_complete()
        except (NeverHappened, TimeoutError) as never:
            problems.append(Problem(Rule.AWAITED, str(never) or "the cluster did not start"))
    problems += [Problem(Rule.CALLS, call) for call in environment.history.failed_calls]
    return reported(
        "Ray: node removed, head killed",
        "1 node, 1 head",
        environment.history,
        recovered,
        problems,
    )
