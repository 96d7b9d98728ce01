"""The command: `python -m benchmarks` runs all benchmarks; `--help` lists the options."""

import argparse
import json
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from benchmarks import (
    claims,
    encoders,
    engine,
    failover,
    finishing,
    gateway,
    holds,
    lists,
    machine,
    origin,
    overhead,
    pool,
    queue,
    reads,
    router,
    side_by_side,
    story,
    submit_latency,
    submits,
    success,
    watchers,
)
from benchmarks.environment import BenchEnvironment, bench_environment
from benchmarks.load import LoadFailed, find_generator
from benchmarks.report import Figure
from cluster.embedded.processes import StartFailed
from cluster.embedded.session import in_own_session
from imggen.errors import Unavailable
from imggen.printing import never_raising

BENCHMARKS: dict[str, Callable[[BenchEnvironment], Iterator[Figure]]] = {
    "submits": submits.measure,
    "one-caller": submit_latency.measure,
    "holds": holds.measure,
    "reads": reads.measure,
    "lists": lists.measure,
    "claims": claims.measure,
    "router": router.measure,
    "failover": failover.measure,
    "queue": queue.measure,
    "pool": pool.measure,
    "gateway": gateway.measure,
    "processes": side_by_side.measure,
    "overhead": overhead.measure,
    "finishing": finishing.measure,
    "story": story.measure,
    "encoders": encoders.measure,
    "origin": origin.measure,
    "engine": engine.measure,
    "watchers": watchers.measure,
    # The last one, since it takes the longest.
    "success": success.measure,
}

_ABOUT = """\
Measures imggen on this machine, and prints medians with the settings of the run.
Everything runs on 127.0.0.1, on a separate Postgres, and ends with the command.

`success` comes last. It draws 1,000 pictures, which takes about 20 minutes on two cores and 1.5 GB
of disk; the others take some minutes together. Ctrl-C ends it and prints what it has measured.

A missed target is reported but is not an error: a busy machine gives slower figures.
"""


def main() -> int:
    """Runs the command and returns its exit status."""
    never_raising()
    options = _parser().parse_args()
    # The service is measured with its defaults, not with the settings of this shell.
    for name in [name for name in os.environ if name.startswith("IMGGEN_")]:
        del os.environ[name]
    try:
        generator = find_generator(options.load)
        with bench_environment(generator, quick=options.quick, jobs=options.jobs) as bench:
            report = _run(options.only or list(BENCHMARKS), bench)
        if options.json:
            options.json.write_text(json.dumps(report, indent=2) + "\n")
    except (machine.NotDurable, queue.UnequalWork, StartFailed, LoadFailed, Unavailable) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def _run(names: list[str], bench: BenchEnvironment) -> dict[str, object]:
    """Runs benchmarks, prints their figures and returns them."""
    settings = machine.settings(bench.postgres) | {"load by": bench.generator.name}
    settings["sizes"] = "quick: the figures are a smoke test" if bench.quick else "usual"
    for name, value in settings.items():
        print(f"{name:<22} {value}")
    report: dict[str, object] = {"settings": settings}
    for name in names:
        print(f"\n{name}", flush=True)
        figures = []
        for figure in BENCHMARKS[name](bench):
            figures.append(figure.json())
            print(f"  {figure.line()}", flush=True)
        report[name] = figures
    return report


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description=_ABOUT,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--only",
        action="append",
        choices=list(BENCHMARKS),
        metavar="|".join(BENCHMARKS),
        help="run only this one; repeatable",
    )
    parser.add_argument(
        "--load",
        choices=["ghz", "python"],
        default="",
        help="the load generator (default: ghz if it is found)",
    )
    parser.add_argument("--quick", action="store_true", help="tiny sizes, as a smoke test")
    parser.add_argument(
        "--jobs", type=_positive, metavar="N", help="how many jobs success draws (default: 1000)"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the figures to FILE")
    return parser


def _positive(text: str) -> int:
    """Reads a number of 1 or more; raises argparse.ArgumentTypeError."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f'"{text}" is not a number of 1 or more')
    return int(text)


if __name__ == "__main__":
    sys.exit(in_own_session(main))
