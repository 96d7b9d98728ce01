"""How soon a gateway is ready, and what it holds in memory after load."""

from collections.abc import Iterator

from benchmarks.house import Ground, gateway, house
from benchmarks.report import Figure, Target
from benchmarks.submits import CALLERS, order

READY = Target(2.0)
MEMORY = Target(150.0)


def measure(ground: Ground) -> Iterator[Figure]:
    """Loads one gateway, then starts others on the same database."""
    calls = ground.sized(5000, 300)
    with house(ground) as home:
        before = home.gateway.resident_mib()
        ground.generator.run(order(home, CALLERS, calls))
        after = home.gateway.resident_mib()
        database_url = home.database_url
    starts = []
    for _ in range(ground.sized(5, 2)):
        with gateway(ground, database_url) as running:
            starts.append(running.ready_s)
    yield Figure.median("gateway, from start to ready", starts, "s", READY)
    yield Figure.median("gateway, memory before load", [before], "MiB")
    yield Figure.median(
        "gateway, memory after load", [after], "MiB", MEMORY, f"{calls} calls, {CALLERS} callers"
    )
