"""Workers that are stopped past their lease and go on as if nothing had happened."""

import asyncio

from tests.faults.builds import Build
from tests.faults.environment import (
    HEARTBEAT_S,
    FaultEnvironment,
    NeverHappened,
    fault_environment,
    until,
)
from tests.faults.hold_points import RENDERING, STORED
from tests.faults.processes import WorkerProcess
from tests.faults.report import Report, reported
from tests.faults.rules import Problem, Rule

_POINTS = (RENDERING, STORED)
_SLACK_S = 2.0
"""What a busy machine may take to run a process that it has just let go on."""


async def stopped_workers(server: str, build: Build, quick: bool) -> Report:
    """Stops workers in mid-render and before their end, until others hold their jobs."""
    problems: list[Problem] = []
    async with fault_environment(server, build) as environment:
        caller = await environment.caller((await environment.gateway()).port)
        for _ in _POINTS:
            await caller.submit()
        sleepers = [
            await environment.worker(
                point, "--hold", point, "--step-s", "0.2", IMGGEN_SLOTS='{"local": 1}'
            )
            for point in _POINTS
        ]
        await asyncio.gather(*(sleeper.held.wait() for sleeper in sleepers))
        for sleeper in sleepers:
            sleeper.freeze()
            await sleeper.let_go()
        heirs = [
            await environment.worker(
                f"heir-{number}", "--hold", RENDERING, IMGGEN_SLOTS='{"local": 1}'
            )
            for number, _ in enumerate(_POINTS)
        ]
        await asyncio.gather(*(heir.held.wait() for heir in heirs))
        thawed = max(sleeper.thaw() for sleeper in sleepers)
        try:
            await _late_ones_find_out(environment, sleepers)
        except NeverHappened as never:
            problems.append(Problem(Rule.AWAITED, str(never)))
        for heir in heirs:
            await heir.let_go()
        recovered = await environment.everything_ends()
    stops = [deed.at for deed in environment.history.done("stopped") if deed.worker == RENDERING]
    if not stops or stops[0] - thawed > HEARTBEAT_S + _SLACK_S:
        problems.append(
            Problem(Rule.SOON, f"the late render went on for {[at - thawed for at in stops]} s")
        )
    if not [deed for deed in environment.history.done("refused") if deed.worker == STORED]:
        problems.append(Problem(Rule.AWAITED, "the late end was not refused"))
    return reported(
        "worker stopped past its lease and continued",
        f"{len(_POINTS)} SIGSTOPs: {', '.join(_POINTS)}",
        environment.history,
        recovered - thawed,
        problems,
    )


async def _late_ones_find_out(environment: FaultEnvironment, sleepers: list[WorkerProcess]) -> None:
    """Waits until each late worker has stopped its render or has had its end answered."""
    names = {sleeper.name for sleeper in sleepers}

    async def told() -> bool:
        deeds = [
            one
            for what in ("stopped", "refused", "accepted")
            for one in environment.history.done(what)
        ]
        return names <= {deed.worker for deed in deeds}

    await until(told, "late workers find out", environment.patience_s)
