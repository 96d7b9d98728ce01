"""How soon a gateway is ready, and its memory after load."""

from collections.abc import Iterator

from benchmarks.environment import BenchEnvironment, gateway_process, gateway_under_test
from benchmarks.report import Figure, Target
from benchmarks.submits import CALLERS, load_plan

READY = Target(2.0)
MEMORY = Target(150.0)


def measure(bench: BenchEnvironment) -> Iterator[Figure]:
    """Loads one gateway, then starts others on the same database."""
    calls = bench.sized(5000, 300)
    with gateway_under_test(bench) as gateway:
        before = gateway.process.resident_mib()
        bench.generator.run(load_plan(gateway, CALLERS, calls))
        after = gateway.process.resident_mib()
        database_url = gateway.database_url
    starts = []
    for _ in range(bench.sized(5, 2)):
        with gateway_process(bench, database_url) as running:
            starts.append(running.ready_s)
    yield Figure.median("gateway, from start to ready", starts, "s", READY)
    yield Figure.median("gateway, memory before load", [before], "MiB")
    yield Figure.median(
        "gateway, memory after load", [after], "MiB", MEMORY, f"{calls} calls, {CALLERS} callers"
    )
