"""Workers and gateways that are killed at any moment, under a load of paid calls."""

import asyncio
from collections import deque
from dataclasses import dataclass, field
from random import Random
from time import monotonic

from server.identity.caller import Role
from tests.faults.builds import Build
from tests.faults.callers import RecordingCaller
from tests.faults.environment import FaultEnvironment, NeverHappened, fault_environment
from tests.faults.processes import GatewayProcess, WorkerProcess
from tests.faults.report import Report, reported
from tests.faults.rules import Problem, Rule
from tests.faults.scenarios.payments import HOSTED, QUALITY, admit_first, hosted_by, received
from tests.faults.tcp_proxy import TcpProxy, tcp_proxy_to
from tests.wire.behaviours import BEHAVIOURS, GOOD, Place, slow
from tests.wire.server import WireServer

_SEED = 13
_CALLERS = 3
_WORKERS = 3
_SLOTS = 3
_JOBS = 3
"""How many jobs the budget covers at first, and how many more after each kill."""
_SUBMIT_EVERY_S = 0.5
_KILL_EVERY_S = (0.5, 2.0)
_ONE_GATEWAY_OF = 4
"""The share of the kills that are of the gateway."""
_ANSWERS = (
    *[GOOD] * 4,
    *[slow(Place.IN_BODY, 0.5)] * 6,
    slow(Place.BEFORE_HEADERS, 0.5),
    *(BEHAVIOURS[name] for name in ("cut_in_body", "server_error", "usage_missing", "twice")),
    *(BEHAVIOURS[name] for name in ("moderation_output", "picture_truncated")),
)
_MOST_ANSWERS = 10_000


async def paid_load(server: str, build: Build, quick: bool) -> Report:
    """Kills a process every second or two while callers ask for more than the budget covers."""
    count = 6 if quick else 16
    problems: list[Problem] = []
    recovered, chance = None, Random(_SEED)
    with WireServer() as wire:
        wire.script.then(*chance.choices(_ANSWERS, k=_MOST_ANSWERS))
        async with fault_environment(server, build, **hosted_by(wire)) as environment:
            # The pictures that wait are real ones, which take a busy machine a second each.
            environment.patience_s *= 2
            last = await _kill_under_load(environment, chance, count)
            try:
                recovered = max(0.0, await environment.all_jobs_end() - last)
            except NeverHappened as never:
                problems.append(Problem(Rule.AWAITED, str(never)))
        environment.history.sent = received(wire)
    history = environment.history
    problems += [Problem(Rule.CALLS, call) for call in history.failed_calls]
    refused = {refusal.reason for refusal in history.refusals}
    if refused != {"BUDGET_EXHAUSTED"}:
        problems.append(Problem(Rule.REFUSALS, f"submits were refused for {sorted(refused)}"))
    lost = sum(booking.state == "unknown" for booking in history.bookings)
    return reported(
        "killed at any moment under paid load",
        f"{count} SIGKILLs; {len(history.bookings)} paid calls, {lost} of them lost;"
        f" {len(history.refusals)} submits over budget",
        history,
        recovered,
        problems,
    )


async def _kill_under_load(environment: FaultEnvironment, chance: Random, count: int) -> float:
    """Kills processes while jobs are submitted; returns the time after the last kill."""
    gateway = await environment.gateway()
    async with tcp_proxy_to(gateway.port) as (proxy, port):
        caller = await environment.caller(port, roles=[Role.ADMIN])
        price = await admit_first(environment, caller, _JOBS)
        fleet = _Fleet(environment, proxy, gateway)
        await fleet.start()
        over = asyncio.Event()
        async with asyncio.TaskGroup() as group:
            for _ in range(_CALLERS):
                group.create_task(_submits(caller, over))
            for number in range(1, count + 1):
                await asyncio.sleep(chance.uniform(*_KILL_EVERY_S))
                await (fleet.kill_worker() if number % _ONE_GATEWAY_OF else fleet.kill_gateway())
                await caller.client.set_budget("global", (number + 1) * _JOBS * price)
            over.set()
    return monotonic()


async def _submits(caller: RecordingCaller, over: asyncio.Event) -> None:
    """Submits jobs, one after the other, until `over` is set."""
    while not over.is_set():
        await caller.submit(quality=QUALITY)
        await asyncio.sleep(_SUBMIT_EVERY_S)


@dataclass
class _Fleet:
    """A gateway and workers, each of which is replaced once it is killed."""

    environment: FaultEnvironment
    proxy: TcpProxy
    gateway: GatewayProcess
    _workers: deque[WorkerProcess] = field(default_factory=deque)
    _started: int = 0

    async def start(self) -> None:
        """Starts the workers."""
        for _ in range(_WORKERS):
            await self._start_worker()
        await self._workers[0].ready.wait()

    async def kill_gateway(self) -> None:
        """Kills the gateway once another one is ready, which its callers are sent to."""
        new = await self.environment.gateway()
        self.gateway.kill()
        self.proxy.target, self.gateway = new.port, new
        self.proxy.cut()

    async def kill_worker(self) -> None:
        """Kills the worker that has run for the longest time, and starts another one."""
        oldest = self._workers.popleft()
        await oldest.ready.wait()
        oldest.kill()
        await self._start_worker()

    async def _start_worker(self) -> None:
        lanes = f'{{"hosted": {_SLOTS}}}'
        name = f"worker-{self._started}"
        self._workers.append(await self.environment.worker(name, *HOSTED, IMGGEN_SLOTS=lanes))
        self._started += 1
