"""Workers and gateways that are killed between a hold, its paid call and its settlement."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field

from server.identity.caller import Role
from tests.faults.builds import Build
from tests.faults.callers import RecordingCaller
from tests.faults.environment import (
    FaultEnvironment,
    NeverHappened,
    all_held,
    fault_environment,
    until,
)
from tests.faults.history import History, Sent
from tests.faults.hold_points import ANSWERED, BEGUN, COMPLETED, STARTED, STORED, marked_call
from tests.faults.processes import GatewayProcess, WorkerProcess
from tests.faults.report import Report, reported
from tests.faults.rules import Problem, Rule
from tests.faults.scenarios.kills import PRODUCTION
from tests.faults.tcp_proxy import TcpProxy, tcp_proxy_to
from tests.wire.behaviours import Place, slow
from tests.wire.records import Outcome
from tests.wire.server import WireServer

Condition = Callable[[], Awaitable[bool]]

MODEL = "gpt-image-2.5-flare"
QUALITY = "standard"
HOSTED = ("--hosted", "--backoff-s", "0.3")
"""The arguments of a worker that draws by the hosted model."""

_IN_GATEWAYS = ("being held", "held")
_AT_THE_PROVIDER = {"sent": Place.BEFORE_HEADERS, "half answered": Place.IN_BODY}


@dataclass(frozen=True, slots=True)
class _Point:
    """A point of a worker: where it is paused before, and how its call is booked at the end.

    A statement in which a worker is killed takes effect all the same.
    """

    pause: str
    booked: str | None = "unknown"
    statement: bool = False


_IN_WORKERS = {
    STARTED: _Point(STARTED, None),
    "being begun": _Point(STARTED, statement=True),
    BEGUN: _Point(BEGUN),
    ANSWERED: _Point(ANSWERED),
    "being settled": _Point(ANSWERED, "settled", statement=True),
    STORED: _Point(STORED, "settled"),
    COMPLETED: _Point(COMPLETED, "settled"),
}


async def killed_payments(server: str, build: Build, quick: bool) -> Report:
    """Kills processes at each point of a payment, with a budget that just covers all jobs."""
    settings = {} if quick else PRODUCTION
    count = len(_AT_THE_PROVIDER) + len(_IN_WORKERS)
    problems: list[Problem] = []
    recovered = None
    with WireServer() as wire:
        async with fault_environment(server, build, **hosted_by(wire), **settings) as environment:
            run = _Run(environment, wire)
            try:
                await run.admit(count)
                killed = await run.kill_workers()
                recovered = await environment.all_jobs_end() - killed
            except NeverHappened as never:
                problems.append(Problem(Rule.AWAITED, str(never)))
        environment.history.sent = received(wire)
    points = (*_IN_GATEWAYS, *_AT_THE_PROVIDER, *_IN_WORKERS)
    return reported(
        "killed at each point of a payment",
        f"{len(_IN_GATEWAYS) + count} SIGKILLs: {', '.join(points)}",
        environment.history,
        recovered,
        [*problems, *_problems(environment.history), *run.wrongly_booked()],
    )


def hosted_by(wire: WireServer) -> dict[str, str]:
    """Returns the settings of processes whose only model is hosted by a server."""
    return {
        "IMGGEN_MODELS": MODEL,
        "IMGGEN_OPENAI_BASE_URL": wire.base_url,
        "IMGGEN_OPENAI_API_KEY": wire.api_key,
        "IMGGEN_NO_OFFER_S": "5",  # a job beyond the budget ends soon
    }


def received(wire: WireServer) -> list[Sent]:
    """Returns the calls that a server received, whose prompts tell which they are."""
    return [
        Sent(*marked_call(str(entry.fields["prompt"])), entry.request_id, entry.cost_micros)
        for entry in wire.journal.accepted
    ]


async def admit_first(environment: FaultEnvironment, caller: RecordingCaller, jobs: int) -> int:
    """Submits a job, then sets the budget to the price of so many; returns the price of one."""
    await caller.submit(quality=QUALITY)
    [row] = await environment.query("SELECT estimated_micros FROM image_generation_jobs")
    price: int = row["estimated_micros"]
    await caller.client.set_budget("global", jobs * price)
    return price


def _problems(history: History) -> list[Problem]:
    """Returns the broken rules of the scenario: the budget must have run out for one more job."""
    problems = [Problem(Rule.CALLS, call) for call in history.failed_calls]
    refused = [refusal.reason for refusal in history.refusals]
    if refused != ["BUDGET_EXHAUSTED"]:
        problems.append(Problem(Rule.REFUSALS, f"submits were refused for {refused}"))
    reasons = {row.reason for row in history.rows if row.status == "failed"}
    if reasons != {"BUDGET_EXHAUSTED"}:
        problems.append(Problem(Rule.OUTCOME, f"jobs failed for {sorted(reasons)}"))
    return problems


@dataclass
class _Run:
    """A run of the scenario; `paused` are the workers at each of their points."""

    environment: FaultEnvironment
    wire: WireServer
    paused: list[tuple[_Point, WorkerProcess]] = field(default_factory=list)

    async def admit(self, count: int) -> None:
        """Submits jobs for the whole budget, and one more; kills gateways in two admissions."""
        environment = self.environment
        gateways = await asyncio.gather(*(environment.gateway() for _ in range(3)))
        async with tcp_proxy_to(gateways[0].port) as (proxy, port):
            caller = await environment.caller(port, roles=[Role.ADMIN])
            await admit_first(environment, caller, count)
            async with environment.locked("budgets"):
                submit = asyncio.create_task(caller.submit(quality=QUALITY))
                await until(environment.statements_wait(1), "a price is being held")
                _replace(gateways[0], gateways[1], proxy)
            await submit
            proxy.answers_lost = True
            submit = asyncio.create_task(caller.submit(quality=QUALITY))
            await until(environment.jobs_reach(3), "a price is held")
            proxy.answers_lost = False
            _replace(gateways[1], gateways[2], proxy)
            await submit
            for _ in range(count - 3 + 1):
                await caller.submit(quality=QUALITY)

    async def kill_workers(self) -> float:
        """Kills a worker at each point, all at the same time; returns when."""
        calling = await self._at_the_provider()
        await self._pause()
        successor = await self._worker("successor", slots=4)
        await until(_happened(successor.ready), "the successor is ready")
        async with self.environment.locked("budgets"):
            resumed = [victim for point, victim in self.paused if point.statement]
            for victim in resumed:
                await victim.resume()
            waiting = self.environment.statements_wait(len(resumed))
            await until(waiting, "calls are being begun and settled")
            victims = [*calling, *(victim for _, victim in self.paused)]
            return min(victim.kill() for victim in victims)

    def wrongly_booked(self) -> Iterator[Problem]:
        """Yields the paused workers whose calls are not booked as their points have it."""
        states = {(one.job, one.attempt): one.state for one in self.environment.history.bookings}
        for point, victim in self.paused:
            _, job, attempt = victim.held_at
            state = states.get((job, attempt))
            if state != point.booked:
                yield Problem(Rule.OUTCOME, f"{victim.name}: its call is {state}")

    async def _at_the_provider(self) -> list[WorkerProcess]:
        """Returns workers whose calls the provider has received, and does not answer."""
        victims: list[WorkerProcess] = []
        for point, place in _AT_THE_PROVIDER.items():
            self.wire.script.then(slow(place))
            victims.append(await self._worker(point))
            await until(self._unanswered(len(victims)), f"a call is {point}")
        return victims

    def _unanswered(self, count: int) -> Condition:
        async def reached() -> bool:
            entries = self.wire.journal.accepted
            return sum(entry.outcome is Outcome.OPEN for entry in entries) == count

        return reached

    async def _pause(self) -> None:
        """Starts workers that are paused at the hold points, and waits until they are."""
        self.paused = [
            (point, await self._worker(name, "--hold", point.pause))
            for name, point in _IN_WORKERS.items()
        ]
        await all_held(*(victim for _, victim in self.paused))

    async def _worker(self, name: str, *arguments: str, slots: int = 1) -> WorkerProcess:
        lanes = f'{{"hosted": {slots}}}'
        return await self.environment.worker(name, *HOSTED, *arguments, IMGGEN_SLOTS=lanes)


def _replace(old: GatewayProcess, new: GatewayProcess, proxy: TcpProxy) -> None:
    old.kill()
    proxy.target = new.port
    proxy.cut()


def _happened(event: asyncio.Event) -> Condition:
    async def happened() -> bool:
        return event.is_set()

    return happened
