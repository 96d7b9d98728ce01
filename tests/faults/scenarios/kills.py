"""Workers that are killed between a claim and its end."""

from collections.abc import Sequence

from tests.faults.builds import Build
from tests.faults.environment import LEASE_S, NeverHappened, all_held, fault_environment
from tests.faults.hold_points import COMPLETED, POINTS
from tests.faults.report import Report, reported
from tests.faults.rules import Problem, Rule

TAKEOVER_S = 5.0
"""The time within which a job is claimed again after its killed worker's lease expired."""

PRODUCTION = {"IMGGEN_LEASE_S": "30", "IMGGEN_HEARTBEAT_S": "10", "IMGGEN_POLL_S": "2"}
"""The leases that workers have by default."""


async def killed_workers(server: str, build: Build, quick: bool) -> Report:
    """Kills one worker at each hold point, all at the same time."""
    problems: list[Problem] = []
    settings = {} if quick else PRODUCTION
    lease_s = float(settings.get("IMGGEN_LEASE_S", LEASE_S))
    async with fault_environment(server, build, **settings) as environment:
        caller = await environment.caller((await environment.gateway()).port)
        for _ in POINTS:
            await caller.submit()
        victims = {
            point: await environment.worker(point, "--hold", point, IMGGEN_SLOTS='{"local": 1}')
            for point in POINTS
        }
        await all_held(*victims.values())
        successor = await environment.worker("successor", IMGGEN_SLOTS='{"local": 4}')
        await successor.ready.wait()
        killed = {point: victim.kill() for point, victim in victims.items()}
        recovered = killed[COMPLETED]
        try:
            recovered = await environment.all_jobs_end()
        except NeverHappened as never:
            problems.append(Problem(Rule.AWAITED, str(never)))
    claims = environment.history.done("claimed")
    for point, victim in victims.items():
        reached, job, attempt = victim.held_at
        if reached != point:
            problems.append(Problem(Rule.INJECTED, f"{point}: was not reached"))
        after = [one.at for one in claims if (one.job, one.attempt) == (job, attempt + 1)]
        if point != COMPLETED:
            problems += late(point, after, killed[point] + lease_s + TAKEOVER_S)
    return reported(
        "worker killed at each of its points",
        f"{len(POINTS)} SIGKILLs: {', '.join(POINTS)}",
        environment.history,
        recovered - min(killed.values()),
        problems,
    )


def late(point: str, claims: Sequence[float], most: float) -> list[Problem]:
    """Returns the broken rule where the first claim after a kill came too late, or never."""
    if not claims:
        return [Problem(Rule.AWAITED, f"{point}: was not taken over")]
    if claims[0] > most:
        return [Problem(Rule.SOON, f"{point}: taken over {claims[0] - most:.1f} s too late")]
    return []
