"""One caller that submits a hundred times as many jobs as another."""

import asyncio
import time
from contextlib import suppress

from tests.faults.builds import Build
from tests.faults.callers import RecordingCaller
from tests.faults.environment import FaultEnvironment, NeverHappened, fault_environment
from tests.faults.report import Report, reported
from tests.faults.rules import Problem, Rule

_TAKES_S = 0.2
_SLOTS = 4
_NOISE = 100
_TIMES = 2.0


async def noisy_neighbour(server: str, build: Build, quick: bool) -> Report:
    """Compares a caller's waits with and without another caller's hundredfold backlog."""
    count = 5 if quick else 10
    problems: list[Problem] = []
    async with fault_environment(server, build) as environment:
        gateway = await environment.gateway(IMGGEN_MAX_WAITING_JOBS_PER_USER="0")
        quiet = await environment.caller(gateway.port, "quiet")
        loud = await environment.caller(gateway.port, "loud")
        worker = await environment.worker(
            "w", "--takes-s", str(_TAKES_S), IMGGEN_SLOTS=f'{{"local": {_SLOTS}}}'
        )
        await worker.ready.wait()
        idle = noisy = 0.0
        try:
            # No backlog, but every slot taken: running jobs are never preempted.
            await _fill(loud, _SLOTS)
            idle = await _waits(environment, quiet, range(count))
            await environment.all_jobs_end()
            await _fill(loud, _NOISE * count)
            noisy = await _waits(environment, quiet, range(count, 2 * count))
            await environment.all_jobs_end()
        except NeverHappened as never:
            problems.append(Problem(Rule.AWAITED, str(never)))
    if noisy > _TIMES * idle:
        problems.append(
            Problem(Rule.SHARE, f"a job took {noisy:.2f} s, and {idle:.2f} s without a backlog")
        )
    jobs, wanted = len(environment.history.acknowledged()), _SLOTS + (_NOISE + 2) * count
    if jobs < wanted:
        problems.append(Problem(Rule.INJECTED, f"{jobs} of {wanted} jobs were acknowledged"))
    return reported(
        "one noisy caller, 100:1",
        f"{_NOISE * count} jobs ahead; {noisy:.2f} s per job, {idle:.2f} s without them",
        environment.history,
        None,
        problems,
    )


async def _fill(caller: RecordingCaller, count: int) -> None:
    await asyncio.gather(*(caller.submit() for _ in range(count)))


async def _waits(environment: FaultEnvironment, caller: RecordingCaller, numbers: range) -> float:
    """Submits jobs one after the other; returns the mean time from submit to end, in seconds."""
    took = []
    for number in numbers:
        job = await caller.submit()
        assert job is not None
        began = time.monotonic()
        # A job that has not ended in time took at least the timeout.
        with suppress(TimeoutError):
            async with asyncio.timeout(environment.patience_s):
                await caller.watch(job.job_id, number)
        took.append(time.monotonic() - began)
    return sum(took) / len(took)
