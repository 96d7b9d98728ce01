"""Replicas that are killed during a render, and replaced by a new version under load."""

import time

from tests.faults.builds import Build
from tests.faults.environment import NeverHappened, fault_environment
from tests.faults.ray_cluster import ray_cluster, rendering
from tests.faults.report import Report, reported
from tests.faults.rules import Problem, Rule

_LOAD = 8


async def lost_replicas(server: str, build: Build, quick: bool) -> Report:
    """Kills the diffuser's replica, then the worker's, and then redeploys both under load."""
    rounds = 1 if quick else 3
    problems: list[Problem] = []
    recovered = None
    # Renders of two seconds leave records, too, which pass through Ray.
    settings = {"IMGGEN_DRAIN_S": "5", "IMGGEN_RECORD_AFTER_S": "0"}
    async with fault_environment(server, build, **settings) as environment:
        caller = await environment.caller((await environment.gateway()).port)
        try:
            async with ray_cluster(environment, build) as ray:
                for deployment in ("diffuser", "worker") * rounds:
                    await caller.submit()
                    await caller.submit()
                    await rendering(environment)
                    await ray.kill_replica(deployment)
                    killed = time.monotonic()
                    recovered = max(recovered or 0.0, await environment.all_jobs_end() - killed)
                    await environment.all_jobs_complete()
                for _ in range(_LOAD):
                    await caller.submit()
                await rendering(environment)
                await ray.redeploy()
                await environment.all_jobs_end()
                await environment.all_jobs_complete()
        except (NeverHappened, TimeoutError) as never:
            problems.append(Problem(Rule.AWAITED, str(never) or "the cluster did not start"))
    problems += [Problem(Rule.CALLS, call) for call in environment.history.failed_calls]
    return reported(
        "Ray: replicas killed, redeployed under load",
        f"{rounds} diffuser, {rounds} worker, 1 redeploy",
        environment.history,
        recovered,
        problems,
    )
