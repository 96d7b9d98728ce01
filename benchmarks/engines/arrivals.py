"""Arrivals at random moments, the same ones for each system."""

import time
from concurrent.futures import ThreadPoolExecutor
from random import Random
from time import perf_counter

from benchmarks.engines.systems import System


def latencies(system: System, steps: int, per_second: float, count: int) -> list[float]:
    """Returns the seconds from each arrival to its picture (Poisson, by one seed for all)."""
    chance, due = Random(0), perf_counter()

    def drawn(seed: int, since: float) -> float:
        system.draw(steps, seed)
        return perf_counter() - since

    with ThreadPoolExecutor(count) as threads:
        waiting = []
        for seed in range(count):
            due += chance.expovariate(per_second)
            time.sleep(max(due - perf_counter(), 0))
            waiting.append(threads.submit(drawn, seed, due))
        return [one.result() for one in waiting]
