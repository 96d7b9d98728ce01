"""Nodes of the Ray cluster that are lost: a worker's, and then the head."""

import time

from tests.faults.builds import Build
from tests.faults.clusters import cluster, rendering
from tests.faults.report import Report, reported
from tests.faults.rules import Problem, Rule
from tests.faults.site import NeverHappened, site


async def lost_nodes(server: str, build: Build, quick: bool) -> Report:
    """Kills the node with the replicas, then the head; a new cluster takes over."""
    problems: list[Problem] = []
    recovered = None
    async with site(server, build, IMGGEN_DRAIN_S="5") as place:
        caller = await place.caller((await place.gateway()).port)
        try:
            async with cluster(place, build) as first:
                await caller.submit()
                await caller.submit()
                await rendering(place)
                await first.kill_node()
                await place.everything_ends()
                await place.everything_is_completed()
                await caller.submit()
                await rendering(place)
                await first.kill_head()
                killed = time.monotonic()
                for _ in range(3):
                    await caller.submit()
            async with cluster(place, build):
                recovered = await place.everything_ends() - killed
                await place.everything_is_completed()
        except (NeverHappened, TimeoutError) as never:
            problems.append(Problem(Rule.AWAITED, str(never) or "the cluster did not start"))
    problems += [Problem(Rule.CALLS, call) for call in place.history.failed_calls]
    return reported(
        "Ray: node removed, head killed",
        "1 node, 1 head",
        place.history,
        recovered,
        problems,
    )
