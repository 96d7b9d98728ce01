"""How long a single caller waits for a submit."""

from collections.abc import Iterator
from dataclasses import replace

from benchmarks.environment import BenchEnvironment, gateway_under_test
from benchmarks.report import Figure, Target
from benchmarks.submits import load_plan

P50 = Target(4.0)


def measure(bench: BenchEnvironment) -> Iterator[Figure]:
    """Submits one after the other."""
    with gateway_under_test(bench) as gateway:
        plan = load_plan(gateway, callers=1, calls=bench.sized(2000, 100))
        bench.generator.run(replace(plan, calls=50))
        latencies = bench.generator.run(plan).latencies_ms
    yield Figure.median("submit, one caller, p50", latencies, "ms", P50)
    yield Figure.percentile("submit, one caller, p99", latencies, "ms", 0.99)
