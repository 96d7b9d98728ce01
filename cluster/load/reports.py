"""Sums up ghz's reports: `python -m cluster.load.reports FILE...`, each as JSON.

It prints a line for each, with percentiles and status codes, and exits with 1 unless every call of
every report was answered with OK: ghz itself ends well even if each one was refused.
"""

import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_PERCENTILES = (50, 95, 99)
_NS_PER_MS = 1e6
_MOST_ERRORS = 5
_LONGEST = 160


@dataclass(frozen=True, slots=True)
class Report:
    """What ghz says of a run: its calls, calls a second, percentiles in ms, and what they ended in.

    A percentile is missing where no call was answered with OK: ghz times only those.
    """

    name: str
    calls: int
    rps: float
    ms: dict[int, float]
    statuses: dict[str, int]
    errors: dict[str, int]

    @property
    def good(self) -> bool:
        """Whether there were calls, and all of them were answered with OK."""
        return self.calls > 0 and self.statuses == {"OK": self.calls}


def read_report(file: Path) -> Report:
    """Reads a report; raises ValueError for a file that is none."""
    try:
        read: dict[str, Any] = json.loads(file.read_text())
        return Report(
            name=file.stem,
            calls=int(read["count"]),
            rps=float(read["rps"]),
            ms={
                int(each["percentage"]): each["latency"] / _NS_PER_MS
                for each in read["latencyDistribution"] or ()
            },
            statuses=read["statusCodeDistribution"] or {},
            errors=read["errorDistribution"] or {},
        )
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{file} is no report of ghz as JSON: {error!r}") from error


def lines(reports: Sequence[Report]) -> Iterator[str]:
    """Yields the reports as a table, then what the errors were."""
    head = "".join(f"{f'p{each} ms':>10}" for each in _PERCENTILES)
    yield f"{'':<14}{'calls':>8}{'a second':>10}{head}  status codes"
    for report in reports:
        times = "".join(
            f"{report.ms[each]:>10.1f}" if each in report.ms else f"{'-':>10}"
            for each in _PERCENTILES
        )
        told = ", ".join(f"{code} {count}" for code, count in sorted(report.statuses.items()))
        yield f"{report.name:<14}{report.calls:>8}{report.rps:>10.1f}{times}  {told or 'none'}"
    for report in reports:
        if not report.good:
            yield f"{report.name}: not every call was answered with OK"
        often = sorted(report.errors.items(), key=lambda each: -each[1])
        for error, count in often[:_MOST_ERRORS]:
            yield f"  {count} x {error[:_LONGEST]}"


def main(arguments: Sequence[str]) -> int:
    """Prints the reports, and returns 1 unless all calls were answered with OK."""
    try:
        reports = [read_report(Path(each)) for each in arguments]
    except (OSError, ValueError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    for line in lines(reports):
        print(line)
    return 0 if reports and all(each.good for each in reports) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
