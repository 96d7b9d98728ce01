"""The command: `python -m benchmarks.scaling` replays a day of stories through policies of scaling.

Nothing is drawn, and no time passes: the same seed gives the same table and the same chart.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

from benchmarks.simulated.day import SEED
from benchmarks.simulated.scaled import (
    COLD_START_S,
    RENDER_S,
    ScaledDay,
    policies,
    run,
    stories,
)
from benchmarks.simulated.scaled_chart import write_chart

DOLLARS_PER_HOUR = 2.0


def main(arguments: Sequence[str] | None = None) -> int:
    """Prints the table, and writes the chart where one is asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=SEED, help="another day of the same kind")
    parser.add_argument("--pictures", type=int, default=13_000, help="how many are asked for")
    parser.add_argument("--most", type=int, default=8, help="how many GPUs there are at most")
    parser.add_argument(
        "--within", type=float, default=60.0, help="the seconds within which ours draws what waits"
    )
    parser.add_argument("--chart", type=Path, help="where to write the chart, a PNG")
    options = parser.parse_args(arguments)
    asked = stories(options.pictures, options.seed)
    days = [run(policy, asked, options.seed) for policy in policies(options.most, options.within)]
    print(
        f"{options.pictures:,} pictures in stories over a day, seed {options.seed}; "
        f"{RENDER_S:.0f} s a picture, {COLD_START_S:.0f} s a cold start, "
        f"${DOLLARS_PER_HOUR:.2f} a GPU-hour\n"
    )
    print(table(days, options.within))
    if options.chart:
        write_chart(options.chart, days, DOLLARS_PER_HOUR)
    return 0


def table(days: Sequence[ScaledDay], within_s: float) -> str:
    """Returns the days as a Markdown table."""
    head = [
        f"| replicas | GPU-hours | cost | wait, median | 95 % | 99 % | within {within_s:.0f} s |",
        "|---|--:|--:|--:|--:|--:|--:|",
    ]
    rows = [
        f"| {one.policy} | {one.gpu_hours:.1f} | ${one.gpu_hours * DOLLARS_PER_HOUR:,.2f}"
        f" | {one.waited(0.5):.0f} s | {one.waited(0.95):.0f} s | {one.waited(0.99):.0f} s"
        f" | {one.within(within_s):.1%} |"
        for one in days
    ]
    return "\n".join([*head, *rows])


if __name__ == "__main__":
    raise SystemExit(main())
