"""Nodes of a Ray cluster that are lost: with one node and with four, then the head."""

import time

from tests.faults.builds import Build
from tests.faults.environment import NeverHappened, fault_environment
from tests.faults.ray_cluster import ray_cluster, rendering
from tests.faults.report import Report, reported
from tests.faults.rules import Problem, Rule
from tests.faults.stories import begin_story, drawn

_NODES = 4
_PAGES = 11


async def lost_nodes(server: str, build: Build, quick: bool) -> Report:
    """Evicts a node with replicas, kills the next, then the head; a new cluster takes over."""
    problems: list[Problem] = []
    recovered = None
    async with fault_environment(server, build, IMGGEN_DRAIN_S="5") as environment:
        caller = await environment.caller((await environment.gateway()).port)
        try:
            async with ray_cluster(environment, build) as first:
                await caller.submit()
                await rendering(environment)
                await first.evict_node()
                await environment.all_jobs_complete()
                lost = await environment.query("SELECT FROM attempts WHERE outcome <> 'completed'")
                if lost:
                    problems.append(Problem(Rule.AGAIN, f"{len(lost)} attempts of a drained node"))
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
        "Ray: node evicted, node removed, head killed",
        "2 nodes, 1 head",
        environment.history,
        recovered,
        problems,
    )


async def four_nodes(server: str, build: Build, quick: bool) -> Report:
    """Kills two of four nodes in the middle of a story, then the head, which another replaces."""
    problems: list[Problem] = []
    recovered = None
    slots = {"IMGGEN_SLOTS": '{"local": 1}', "IMGGEN_DRAIN_S": "5"}
    async with fault_environment(server, build, **slots) as environment:
        caller = await environment.caller((await environment.gateway()).port)
        try:
            async with ray_cluster(environment, build, nodes=_NODES) as ray:
                await begin_story(environment, caller, _PAGES)
                await drawn(environment, 2)
                await ray.lose_node()
                await ray.lose_node()
                lost = time.monotonic()
                recovered = await environment.all_jobs_end() - lost
                await environment.all_jobs_complete()
                await begin_story(environment, caller, _PAGES)
                await drawn(environment, _PAGES + 3)
                await ray.replace_head()
                await environment.all_jobs_end()
                await environment.all_jobs_complete()
                # Replicas outlived it, and the new head still knows them.
                await ray.kill_replica("diffuser")
                await caller.submit()
                await environment.all_jobs_end()
                await environment.all_jobs_complete()
                workers = await environment.query("SELECT DISTINCT worker FROM attempts")
                if len(workers) < _NODES:
                    problems.append(
                        Problem(Rule.SHARE, f"{len(workers)} of {_NODES} nodes had jobs")
                    )
        except (NeverHappened, TimeoutError) as never:
            problems.append(Problem(Rule.AWAITED, str(never) or "the cluster did not start"))
    problems += [Problem(Rule.CALLS, call) for call in environment.history.failed_calls]
    return reported(
        "Ray: 2 of 4 nodes removed, head replaced",
        "2 nodes, 1 head, 2 stories",
        environment.history,
        recovered,
        problems,
    )
