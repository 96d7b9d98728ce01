"""Workers that are stopped past their lease, then continue unaware of it."""

from tests.faults.builds import Build
from tests.faults.environment import (
    HEARTBEAT_S,
    FaultEnvironment,
    NeverHappened,
    all_held,
    fault_environment,
    until,
)
from tests.faults.hold_points import RENDERING, STORED
from tests.faults.processes import WorkerProcess
from tests.faults.report import Report, reported
from tests.faults.rules import Problem, Rule

_POINTS = (RENDERING, STORED)
_SLACK_S = 2.0
"""Extra time for a busy machine to continue a stopped process."""


async def stopped_workers(server: str, build: Build, quick: bool) -> Report:
    """Stops workers in mid-render and before completion, until others hold their jobs."""
    problems: list[Problem] = []
    async with fault_environment(server, build) as environment:
        caller = await environment.caller((await environment.gateway()).port)
        for _ in _POINTS:
            await caller.submit()
        frozen = [
            await environment.worker(
                point, "--hold", point, "--step-s", "0.2", IMGGEN_SLOTS='{"local": 1}'
            )
            for point in _POINTS
        ]
        await all_held(*frozen)
        for victim in frozen:
            victim.freeze()
            await victim.resume()
        successors = [
            await environment.worker(
                f"successor-{number}", "--hold", RENDERING, IMGGEN_SLOTS='{"local": 1}'
            )
            for number, _ in enumerate(_POINTS)
        ]
        await all_held(*successors)
        thawed = max(victim.thaw() for victim in frozen)
        try:
            await _late_workers_notice(environment, frozen)
        except NeverHappened as never:
            problems.append(Problem(Rule.AWAITED, str(never)))
        for successor in successors:
            await successor.resume()
        recovered = await environment.all_jobs_end()
    stops = [
        action.at for action in environment.history.done("stopped") if action.worker == RENDERING
    ]
    if not stops or stops[0] - thawed > HEARTBEAT_S + _SLACK_S:
        problems.append(
            Problem(Rule.SOON, f"the late render went on for {[at - thawed for at in stops]} s")
        )
    if not [action for action in environment.history.done("refused") if action.worker == STORED]:
        problems.append(Problem(Rule.AWAITED, "the late end was not refused"))
    return reported(
        "worker stopped past its lease and continued",
        f"{len(_POINTS)} SIGSTOPs: {', '.join(_POINTS)}",
        environment.history,
        recovered - thawed,
        problems,
    )


async def _late_workers_notice(environment: FaultEnvironment, frozen: list[WorkerProcess]) -> None:
    """Waits until each late worker has stopped its render or got an answer to its end."""
    names = {victim.name for victim in frozen}

    async def noticed() -> bool:
        actions = [
            one
            for what in ("stopped", "refused", "accepted")
            for one in environment.history.done(what)
        ]
        return names <= {action.worker for action in actions}

    await until(noticed, "late workers notice", environment.patience_s)
