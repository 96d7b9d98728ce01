"""Replicas that are killed in the middle of a picture, and replaced by a new version under load."""

import time

from tests.faults.builds import Build
from tests.faults.clusters import cluster, rendering
from tests.faults.report import Report, reported
from tests.faults.rules import Problem, Rule
from tests.faults.site import NeverHappened, site

_LOAD = 8


async def lost_replicas(server: str, build: Build, quick: bool) -> Report:
    """Kills the diffuser's replica, then the worker's, and then redeploys both under load."""
    rounds = 1 if quick else 3
    problems: list[Problem] = []
    recovered = None
    async with site(server, build, IMGGEN_DRAIN_S="5") as place:
        caller = await place.caller((await place.gateway()).port)
        try:
            async with cluster(place, build) as ray:
                for deployment in ("diffuser", "worker") * rounds:
                    await caller.submit()
                    await caller.submit()
                    await rendering(place)
                    await ray.kill_replica(deployment)
                    killed = time.monotonic()
                    recovered = max(recovered or 0.0, await place.everything_ends() - killed)
                    await place.everything_is_completed()
                for _ in range(_LOAD):
                    await caller.submit()
                await rendering(place)
                await ray.redeploy()
                await place.everything_ends()
                await place.everything_is_completed()
        except (NeverHappened, TimeoutError) as never:
            problems.append(Problem(Rule.AWAITED, str(never) or "the cluster did not start"))
    problems += [Problem(Rule.CALLS, call) for call in place.history.failed_calls]
    return reported(
        "Ray: replicas killed, redeployed under load",
        f"{rounds} diffuser, {rounds} worker, 1 redeploy",
        place.history,
        recovered,
        problems,
    )
