"""How long one caller waits for a submit when nobody else calls."""

from collections.abc import Iterator
from dataclasses import replace

from benchmarks.house import Ground, house
from benchmarks.report import Figure, Target
from benchmarks.submits import order

P50 = Target(4.0)


def measure(ground: Ground) -> Iterator[Figure]:
    """Submits one after the other."""
    with house(ground) as home:
        asked = order(home, callers=1, calls=ground.sized(2000, 100))
        ground.generator.run(replace(asked, calls=50))
        latencies = ground.generator.run(asked).latencies_ms
    yield Figure.median("submit, one caller, p50", latencies, "ms", P50)
    yield Figure.percentile("submit, one caller, p99", latencies, "ms", 0.99)
