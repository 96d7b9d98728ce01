"""Servers under the same load in turn: their calls in a second, and the CPU time of each call."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from benchmarks.load import LoadGenerator, LoadPlan
from benchmarks.processes import Child
from benchmarks.report import Figure, Target

_WARM_CALLS = 500


@dataclass(frozen=True, slots=True)
class Server:
    """A server under load: its name in reports, its process, and its load."""

    name: str
    process: Child
    plan: LoadPlan


@dataclass(frozen=True, slots=True)
class Round:
    """What a server did in one round: calls in a second, and the process's CPU time of each."""

    per_second: float
    cpu_ms: float


def in_turn(
    generator: LoadGenerator, servers: Sequence[Server], rounds: int
) -> list[tuple[Round, ...]]:
    """Loads each server in each round, so that all see the same machine.

    A first, shorter round warms them up.
    """
    for server in servers:
        warm = replace(server.plan, calls=min(server.plan.calls, _WARM_CALLS))
        _round(generator, replace(server, plan=warm))
    return [tuple(_round(generator, server) for server in servers) for _ in range(rounds)]


def _round(generator: LoadGenerator, server: Server) -> Round:
    before = server.process.cpu_s()
    outcome = generator.run(server.plan)
    cpu_s = server.process.cpu_s() - before
    return Round(outcome.per_second, cpu_s / len(outcome.latencies_ms) * 1e3)


def each_alone(
    servers: Sequence[Server], rounds: Sequence[Sequence[Round]], note: str
) -> Iterator[Figure]:
    """Yields the figures of each server, in the order of the servers."""
    for server, found in zip(servers, zip(*rounds, strict=True), strict=True):
        rates, times = [one.per_second for one in found], [one.cpu_ms for one in found]
        yield Figure.median(server.name, rates, "/s", note=note)
        yield Figure.median("  CPU time of its process, a call", times, "ms")


def compared(name: str, pairs: Sequence[tuple[Round, Round]], target: Target) -> Iterator[Figure]:
    """Yields how fast the first server of each pair is beside the second.

    They are also compared by CPU time, which other processes of the machine change little.
    """
    rates = [ours.per_second / theirs.per_second for ours, theirs in pairs]
    times = [theirs.cpu_ms / ours.cpu_ms for ours, theirs in pairs]
    yield Figure.median(name, rates, "x", target, "by pair of rounds")
    yield Figure.median("  by the CPU time of its process", times, "x", note="by pair of rounds")
