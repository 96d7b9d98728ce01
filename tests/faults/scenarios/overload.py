"""More submits than can be done, and one caller who asks for far more than another."""

import asyncio
import time

from tests.faults.builds import Build
from tests.faults.callers import RecordingCaller
from tests.faults.environment import FaultEnvironment, NeverHappened, fault_environment
from tests.faults.history import History
from tests.faults.report import Report, reported
from tests.faults.rules import Problem, Rule

_TAKES_S = 0.2
_SLOTS = 4
_RATE = _SLOTS / _TAKES_S
_WAITING = 60
"""As many jobs may wait as take three seconds."""

_GOODPUT = 0.9


async def overload(server: str, build: Build, quick: bool) -> Report:
    """Offers three times what the workers can do, to a queue that has a limit."""
    length_s = 6.0 if quick else 20.0
    problems: list[Problem] = []
    async with fault_environment(server, build) as environment:
        gateway = await environment.gateway(IMGGEN_MAX_WAITING_JOBS=str(_WAITING))
        caller = await environment.caller(gateway.port)
        worker = await environment.worker(
            "w", "--takes-s", str(_TAKES_S), IMGGEN_SLOTS=f'{{"local": {_SLOTS}}}'
        )
        await worker.ready.wait()
        peak = await _goodput(environment, caller, _RATE, length_s)
        goodput = await _goodput(environment, caller, 3 * _RATE, length_s)
        began = time.monotonic()
        try:
            recovered = await environment.everything_ends() - began
        except NeverHappened as never:
            recovered = None
            problems.append(Problem(Rule.AWAITED, str(never)))
    history = environment.history
    if goodput < _GOODPUT * peak:
        problems.append(
            Problem(
                Rule.GOODPUT, f"goodput {goodput:.1f} jobs/s, under load of one {peak:.1f} jobs/s"
            )
        )
    problems += _about_refusals(history)
    return reported(
        "3x overload",
        f"{3 * _RATE:.0f} submits/s for {length_s:g} s; {len(history.refusals)} refused;"
        f" goodput {goodput / peak:.0%} of peak",
        history,
        recovered,
        problems,
    )


async def _goodput(
    environment: FaultEnvironment, caller: RecordingCaller, rate: float, length_s: float
) -> float:
    """Offers submits at a rate for a while; returns how many jobs were completed in a second."""
    began = time.monotonic()
    done = len(environment.history.done("accepted"))
    async with asyncio.TaskGroup() as group:
        for number in range(round(rate * length_s)):
            await asyncio.sleep(max(0.0, began + number / rate - time.monotonic()))
            group.create_task(caller.submit())
    took = time.monotonic() - began
    return (len(environment.history.done("accepted")) - done) / took


def _about_refusals(history: History) -> list[Problem]:
    refusals = history.refusals
    if not refusals:
        return [Problem(Rule.REFUSALS, "nothing was refused")]
    problems = []
    if any(refusal.retry_after_s is None for refusal in refusals):
        problems.append(Problem(Rule.REFUSALS, "a refusal does not say when to try again"))
    if {refusal.reason for refusal in refusals} != {"QUEUE_FULL"}:
        problems.append(
            Problem(
                Rule.REFUSALS, f"refused with {sorted({refusal.reason for refusal in refusals})}"
            )
        )
    return problems
