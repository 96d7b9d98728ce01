"""The command: `python -m benchmarks.simulation` replays a day of load through policies of routing.

Nothing is drawn, and no time passes: the same seed gives the same table and the same chart.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

from benchmarks.simulated.chart import write_chart
from benchmarks.simulated.day import SEED, Day, a_day
from benchmarks.simulated.ends import Result
from benchmarks.simulated.policies import POLICIES
from benchmarks.simulated.replay import Replay

ENOUGH = 0.99
"""The share of deadlines, and of floors, that a policy has to meet."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Prints the table, and writes the chart where one is asked for; 1 where ours is not best."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=SEED, help="another day of the same kind")
    parser.add_argument("--jobs", type=int, default=13_000, help="how many pictures are asked for")
    parser.add_argument("--chart", type=Path, help="where to write the chart, a PNG")
    options = parser.parse_args(arguments)
    results = results_of(a_day(options.jobs, options.seed))
    print(f"{options.jobs:,} pictures in a day, seed {options.seed}\n")
    print(table(results))
    if options.chart:
        write_chart(options.chart, results, ENOUGH)
    return 0 if ours_is_best(results) else 1


def results_of(day: Day) -> list[Result]:
    """Returns what came of a day by each policy."""
    return [Replay(day, policy).run() for policy in POLICIES]


def ours_is_best(results: Sequence[Result]) -> bool:
    """Returns whether the router costs least among the policies that meet what was asked."""
    good = [result for result in results if result.good_enough(ENOUGH)]
    return bool(good) and min(good, key=lambda result: result.micros).policy == "imggen"


def table(results: Sequence[Result]) -> str:
    """Returns the results as a Markdown table."""
    head = [
        "| policy | cost | deadlines met | floors met | failed | seconds, median | |",
        "|---|--:|--:|--:|--:|--:|---|",
    ]
    rows = [
        f"| {one.policy} | ${one.micros / 1e6:,.2f} | {one.deadlines:.2%} | {one.floors:.2%}"
        f" | {one.failed} | {one.median_s:.0f} | {_verdict(one)} |"
        for one in results
    ]
    return "\n".join([*head, *rows])


def _verdict(result: Result) -> str:
    return "" if result.good_enough(ENOUGH) else "not good enough"


if __name__ == "__main__":
    raise SystemExit(main())
