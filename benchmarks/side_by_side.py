"""What a second gateway process is worth: throughput and CPU time of a call, beside one process."""

import os
import resource
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks.environment import BenchEnvironment, GatewayUnderTest, gateway_under_test
from benchmarks.load import LoadPlan
from benchmarks.reads import get_jobs
from benchmarks.report import Figure, Target
from benchmarks.submits import CALLERS, load_plan

# The kernel divides connections, not calls: with few of them one process may get nearly all.
_CONNECTIONS = 40
_TICK_MS = 1000 / os.sysconf("SC_CLK_TCK")
NO_SLOWER = Target(1.0, least=True)
NO_DEARER = Target(1.0)


@dataclass(frozen=True, slots=True)
class Round:
    """A round of calls: how many were answered in a second, and the CPU time of each, in ms."""

    per_second: float
    gateway_ms: float
    all_ms: float
    """With that of Postgres and of what makes the load."""

    def bound(self, cores: int, processes: int) -> float:
        """Returns how many calls a second the CPU time allows, if nothing else is in the way.

        Python uses one core in a process at most.
        """
        return 1000 * min(cores / self.all_ms, min(processes, cores) / self.gateway_ms)


def measure(bench: BenchEnvironment) -> Iterator[Figure]:
    """Loads one process and two alternately, so that both see the same machine."""
    rounds = bench.sized(7, 2)
    with ExitStack() as stack:
        gateways = [
            stack.enter_context(gateway_under_test(bench, IMGGEN_PROCESSES=str(processes)))
            for processes in (1, 2)
        ]
        for name, plan_of in _plans(bench):
            plans = [replace(plan_of(each), connections=_CONNECTIONS) for each in gateways]
            for plan in plans:
                bench.generator.run(replace(plan, calls=min(plan.calls, 500)))
            pairs = []
            for number in range(rounds):
                # Each is first in turn: what the first one leaves to Postgres slows the second.
                order = (0, 1) if number % 2 else (1, 0)
                done = {one: _round(bench, gateways[one], plans[one]) for one in order}
                pairs.append((done[0], done[1]))
            yield from _figures(name, pairs, len(os.sched_getaffinity(0)))


def _plans(
    bench: BenchEnvironment,
) -> Iterator[tuple[str, Callable[[GatewayUnderTest], LoadPlan]]]:
    yield "GetJob", lambda gateway: get_jobs(gateway, bench.sized(4000, 300))
    yield "submit", lambda gateway: load_plan(gateway, CALLERS, bench.sized(2000, 300))


def _figures(name: str, pairs: list[tuple[Round, Round]], cores: int) -> Iterator[Figure]:
    for processes, done in enumerate(zip(*pairs, strict=True), 1):
        what = f"{name}, {processes} process{'es' if processes > 1 else ''}"
        yield Figure.median(what, [one.per_second for one in done], "/s")
        yield Figure.median("  CPU time of the gateway", [one.gateway_ms for one in done], "ms")
        yield Figure.median("  with Postgres and load", [one.all_ms for one in done], "ms")
    ratios = [two.per_second / one.per_second for one, two in pairs]
    yield Figure.median(f"{name}, two against one", ratios, "x", NO_SLOWER, "by pair of rounds")
    costs = [two.gateway_ms / one.gateway_ms for one, two in pairs]
    yield Figure.median("  CPU time of the gateway", costs, "x", NO_DEARER, "by pair of rounds")
    for processes, done in enumerate(zip(*pairs, strict=True), 1):
        bounds = [one.bound(cores + 1, processes) for one in done]
        name = f"  {processes} with {cores + 1} cores, at most"
        yield Figure.median(name, bounds, "/s", note="computed from the CPU time, not measured")


def _round(bench: BenchEnvironment, gateway: GatewayUnderTest, plan: LoadPlan) -> Round:
    before = _spent(bench, gateway)
    outcome = bench.generator.run(plan)
    spent = [after - b for after, b in zip(_spent(bench, gateway), before, strict=True)]
    calls = len(outcome.latencies_ms)
    return Round(outcome.per_second, spent[0] / calls, sum(spent) / calls)


def _spent(bench: BenchEnvironment, gateway: GatewayUnderTest) -> tuple[float, float, float]:
    """Returns the CPU time in ms so far of the gateway, of Postgres, and of load generators."""
    load = resource.getrusage(resource.RUSAGE_CHILDREN)  # those that have ended
    postmaster = int((bench.folder / "db" / "postmaster.pid").read_text().split()[0])
    return (
        cpu_ms(gateway.process.pid),
        cpu_ms(postmaster),
        1000 * (load.ru_utime + load.ru_stime),
    )


def cpu_ms(root: int) -> float:
    """Returns the CPU time of a process and of all below it, those that have ended among them."""
    spent: dict[int, tuple[int, float]] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
        except OSError:  # it has ended
            continue
        # proc(5): the parent is the fourth field, utime, stime, cutime and cstime the 14th on.
        spent[int(folder.name)] = (int(fields[1]), sum(map(int, fields[11:15])) * _TICK_MS)
    below = {root}
    while more := {pid for pid, (parent, _) in spent.items() if parent in below} - below:
        below |= more
    return sum(spent[pid][1] for pid in below if pid in spent)
