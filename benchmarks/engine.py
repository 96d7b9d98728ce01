"""The engine on a CPU, with the shipped checkpoint and two threads of torch in every variant."""

import json
import statistics
from collections.abc import Iterator
from typing import Any

from benchmarks.environment import BenchEnvironment
from benchmarks.processes import LineChild, line_child
from benchmarks.report import Figure, Target

THREADS = 2
_TOGETHER = Target(1.7, least=True)
_WAITED = Target(1.0)
_OVERHEAD = Target(3.0)
_ADDED = Target(20.0)
_HALF = Target(0.5)
_LOAD = 0.8
_SYSTEMS = ("turns", "batch", "engine")


def measure(bench: BenchEnvironment) -> Iterator[Figure]:
    """Draws at 256 px by the engine, and by diffusers' own pipeline beside it."""
    threads = {"OMP_NUM_THREADS": str(THREADS), "IMGGEN_TORCH_THREADS": str(THREADS)}
    with line_child("benchmarks.children.engine_driver", threads) as driver:
        found = json.loads(driver.read())["threads"]
        steps = bench.sized(20, 2)
        yield from _throughput(bench, driver, steps, f"{found} threads of torch")
        waits = [_ask(driver, "joins", steps=max(steps, 16)) for _ in range(bench.sized(5, 1))]
        name = "steps of 7 before the first one of an 8th"
        yield Figure.median(name, [one["waited"] for one in waits], "steps", _WAITED)
        for drawings in (1, 8):
            yield _overhead(bench, driver, drawings, steps)
        yield _added(bench, driver, steps)
        yield from _arrivals(bench, driver, bench.sized(12, 2))


def _ask(driver: LineChild, task: str, **about: Any) -> dict[str, Any]:
    driver.write(json.dumps({"task": task, **about}))
    answer: dict[str, Any] = json.loads(driver.read())
    return answer


def _throughput(
    bench: BenchEnvironment, driver: LineChild, steps: int, note: str
) -> Iterator[Figure]:
    rounds = [
        _ask(driver, "throughput", steps=steps, pictures=bench.sized(16, 8))
        for _ in range(bench.sized(3, 1))
    ]
    alone, together = ([one[name] for one in rounds] for name in ("alone", "together"))
    yield Figure.median("pictures, one at a time", alone, "/s", note=f"{steps} steps, {note}")
    yield Figure.median("pictures, 8 in flight", together, "/s")
    times = [many / one for one, many in zip(alone, together, strict=True)]
    yield Figure.median("8 in flight against one at a time", times, "x", _TOGETHER)


def _overhead(bench: BenchEnvironment, driver: LineChild, drawings: int, steps: int) -> Figure:
    rounds = [
        _ask(driver, "overhead", drawings=drawings, steps=steps) for _ in range(bench.sized(5, 1))
    ]
    more = [100 * (one["engine_s"] / one["bare_s"] - 1) for one in rounds]
    noun = "picture" if drawings == 1 else "pictures"
    note = f"{rounds[0]['forwards']} forwards, repeated bare"
    return Figure.median(
        f"the loop beside its forwards, {drawings} {noun}", more, "%", _OVERHEAD, note
    )


def _added(bench: BenchEnvironment, driver: LineChild, steps: int) -> Figure:
    rounds = [_ask(driver, "beside", steps=steps) for _ in range(bench.sized(8, 1) + 1)][1:]
    added = [1e3 * (one["engine_s"] - one["pipeline_s"]) for one in rounds]
    base = 1e3 * statistics.median(one["pipeline_s"] for one in rounds)
    note = f"the pipeline takes {base:.0f} ms"
    return Figure.median("added to the pipeline called directly", added, "ms", _ADDED, note)


def _arrivals(bench: BenchEnvironment, driver: LineChild, steps: int) -> Iterator[Figure]:
    """Yields the times of the same arrivals in each system."""
    lone = [_ask(driver, "beside", steps=steps)["pipeline_s"] for _ in range(bench.sized(5, 1))]
    rate = _LOAD / statistics.median(lone)
    slowest: dict[str, float] = {}
    for system in _SYSTEMS:
        took = _ask(
            driver,
            "arrivals",
            system=system,
            steps=steps,
            per_second=rate,
            count=bench.sized(100, 4),
        )["took"]
        p95 = Figure.percentile(f"arrivals, {system}, p95", took, "s", 0.95)
        slowest[system] = p95.value
        note = f"{rate:.2f}/s, {steps} steps" if system == "turns" else ""
        yield Figure.median(f"arrivals, {system}, p50", took, "s", note=note)
        yield p95
    for system in ("turns", "batch"):
        share = slowest["engine"] / slowest[system]
        yield Figure.median(f"the engine's p95 against {system}", [share], "x", _HALF)
