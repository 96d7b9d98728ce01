"""More submits than the workers can finish."""

import asyncio
import time
from statistics import median

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
"""The queue limit: three seconds of work."""

_GOODPUT = 0.9
_ROUNDS = 3
"""The spans at each rate, in turns: other work on the machine meets both of them."""


async def overload(server: str, build: Build, quick: bool) -> Report:
    """Submits at three times the workers' rate, to a queue with a limit."""
    length_s = 6.0 if quick else 20.0
    problems: list[Problem] = []
    async with fault_environment(server, build) as environment:
        gateway = await environment.gateway(IMGGEN_MAX_WAITING_JOBS=str(_WAITING))
        caller = await environment.caller(gateway.port)
        worker = await environment.worker(
            "w", "--takes-s", str(_TAKES_S), IMGGEN_SLOTS=f'{{"local": {_SLOTS}}}'
        )
        await worker.ready.wait()
        rounds = [
            [
                await _goodput(environment, caller, rate, length_s / _ROUNDS)
                for rate in (_RATE, 3 * _RATE)
            ]
            for _ in range(_ROUNDS)
        ]
        peak, goodput = (median(each) for each in zip(*rounds, strict=True))
        began = time.monotonic()
        try:
            recovered = await environment.all_jobs_end() - began
        except NeverHappened as never:
            recovered = None
            problems.append(Problem(Rule.AWAITED, str(never)))
    history = environment.history
    if goodput < _GOODPUT * peak:
        problems.append(
            Problem(Rule.GOODPUT, f"goodput {goodput:.1f} jobs/s, {peak:.1f} jobs/s at 1x load")
        )
    problems += _refusal_problems(history)
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
    """Submits at a rate for `length_s`; returns the jobs completed per second."""
    began = time.monotonic()
    done = len(environment.history.done("accepted"))
    async with asyncio.TaskGroup() as group:
        for number in range(round(rate * length_s)):
            await asyncio.sleep(max(0.0, began + number / rate - time.monotonic()))
            group.create_task(caller.submit())
    took = time.monotonic() - began
    return (len(environment.history.done("accepted")) - done) / took


def _refusal_problems(history: History) -> list[Problem]:
    refusals = history.refusals
    if not refusals:
        return [Problem(Rule.REFUSALS, "nothing was refused")]
    problems = []
    if any(refusal.retry_after_s is None for refusal in refusals):
        problems.append(Problem(Rule.REFUSALS, "a refusal has no retry delay"))
    if {refusal.reason for refusal in refusals} != {"QUEUE_FULL"}:
        problems.append(
            Problem(
                Rule.REFUSALS, f"refused with {sorted({refusal.reason for refusal in refusals})}"
            )
        )
    return problems
