"""What a choice of the router costs, over every model that imggen knows."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from benchmarks.environment import BenchEnvironment
from benchmarks.report import Figure, Target
from server.domain.states import ImageType, Lane, Quality
from server.routing.catalogue import KNOWN, Catalogue
from server.routing.conditions import BudgetRest, Conditions, GpuCost, LaneLoad, Speed
from server.routing.lanes import lanes
from server.routing.router import route
from server.routing.wishes import Wish

P99 = Target(2.0)


def measure(bench: BenchEnvironment) -> Iterator[Figure]:
    """Routes one picture with all limits many times, and plans its lanes."""
    times = sorted(_times(bench.sized(5_000, 200)))
    yield Figure.median("route a job and plan its lanes, CPU, p50", times, "ms")
    yield Figure.percentile("route a job and plan its lanes, CPU, p99", times, "ms", 0.99, P99)


def _times(number: int) -> Iterator[float]:
    now = datetime.now(UTC)
    catalogue = Catalogue(KNOWN.values())
    conditions = Conditions(
        now,
        lanes={Lane.LOCAL: LaneLoad(8, 2), Lane.HOSTED: LaneLoad(3, 8)},
        speeds={(name, Quality.HD): Speed(80, 9.0) for name in KNOWN},
        gpu=GpuCost(2.95, 0.6),
        rest=BudgetRest(total=500_000_000),
    )
    for job in range(number):
        wish = Wish(
            ImageType.SCENE,
            "",
            "",
            2,
            min_score=2.5,
            complete_by=now + timedelta(minutes=3),
            max_cost_micros=300_000,
            references=2,
            key=str(job),
        )
        began = time.thread_time()
        lanes(route(catalogue, wish, conditions), conditions)
        yield (time.thread_time() - began) * 1_000
