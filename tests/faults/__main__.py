"""Runs every scenario at full length, and each again on its broken build; prints the table.

`python -m tests.faults` ends with status 1 when the sound build breaks a rule, or when a broken
build does not break the rule that it is about. `--quick` injects less; names select scenarios.
"""

import argparse
import asyncio
import os
import sys
import time
from collections.abc import Callable, Sequence

from tests.faults.builds import SOUND, built
from tests.faults.catalogue import SCENARIOS, Scenario
from tests.faults.environment import postgres
from tests.faults.report import Report

_HEAD = ("scenario", "injected", "lost", "twice", "recovery s", "the broken build")


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the scenarios and prints a row of the table as each ends."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.faults",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    names = [scenario.name for scenario in SCENARIOS]
    parser.add_argument("scenario", nargs="*", help=f"any of {', '.join(names)}")
    parser.add_argument("--quick", action="store_true", help="inject fewer and shorter faults")
    parser.add_argument("--sound", action="store_true", help="skip the broken builds")
    options = parser.parse_args(arguments)
    unknown = sorted(set(options.scenario) - set(names))
    if unknown:
        parser.error(f"{', '.join(unknown)}: no such scenario; use any of {', '.join(names)}")
    chosen = [one for one in SCENARIOS if not options.scenario or one.name in options.scenario]
    began = time.monotonic()
    print(_row(_HEAD), _row(["---"] * len(_HEAD)), sep="\n", flush=True)
    with postgres() as server:
        passed = [
            _show(scenario, server, quick=options.quick, broken=not options.sound)
            for scenario in chosen
        ]
    took = time.monotonic() - began
    print(f"\n{len(passed)} scenarios in {took:.0f} s on {os.cpu_count()} cores; {_ABOUT}")
    return 0 if all(passed) else 1


_ABOUT = (
    "lost: acknowledged, but never ended; twice: done twice, but must be done once; recovery: from"
    " the end of the fault to the end of the last job"
)


def _show(scenario: Scenario, server: str, *, quick: bool, broken: bool) -> bool:
    """Runs a scenario and prints its row; returns whether it passed on all its builds."""
    report = _run(scenario, lambda: asyncio.run(scenario.run(server, SOUND, quick)))
    verdict, detected = "not run", True
    if broken:
        verdict, detected = _break(scenario, server)
    if report is None:
        print(_row([scenario.name, "ABORTED", "", "", "", verdict]), flush=True)
        return False
    recovery = "" if report.recovery_s is None else f"{report.recovery_s:.1f}"
    cells = (report.scenario, report.injected, str(report.lost), str(report.twice), recovery)
    print(_row([*cells, verdict]), flush=True)
    if not report.sound:
        print(report.explained(), file=sys.stderr, flush=True)
    return report.sound and detected


def _break(scenario: Scenario, server: str) -> tuple[str, bool]:
    """Runs a scenario on its broken build; returns a verdict, and whether the rule was broken."""
    with built(scenario.mutation) as build:
        report = _run(scenario, lambda: asyncio.run(scenario.run(server, build, True)))
    name = scenario.mutation.name
    # An aborted run shows nothing: it has neither kept nor broken a rule.
    if report is None:
        return f"{name}: ABORTED", False
    if report.sound:
        return f"{name}: NOT DETECTED", False
    if scenario.detected(report):
        return f"{name}: breaks {scenario.breaks}", True
    print(report.explained(), file=sys.stderr, flush=True)
    broken = ", ".join(sorted(report.broken))
    return f"{name}: BREAKS {broken}, NOT {scenario.breaks}", False


def _run(scenario: Scenario, run: Callable[[], Report]) -> Report | None:
    """Returns a scenario's report; None when the run was aborted by an error."""
    try:
        return run()
    except Exception as error:
        print(f"{scenario.name}: {error!r}", file=sys.stderr, flush=True)
        return None


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    sys.exit(main())
