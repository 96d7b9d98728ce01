"""The sum of ghz's reports, and the script that runs the mixed profile."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from cluster.load.reports import main
from tests.load_configs import ROOT


def report(**changes: Any) -> str:
    """Returns a report as ghz v0.121.0 writes it, as far as it is read."""
    good = {
        "count": 20,
        "rps": 99.5,
        "latencyDistribution": [
            {"percentage": 50, "latency": 1_500_000},
            {"percentage": 95, "latency": 20_000_000},
            {"percentage": 99, "latency": 31_400_000},
        ],
        "statusCodeDistribution": {"OK": 20},
        "errorDistribution": {},
    }
    return json.dumps({**good, **changes})


REFUSED = report(
    latencyDistribution=None,
    statusCodeDistribution={"ResourceExhausted": 20},
    errorDistribution={"rpc error: code = ResourceExhausted desc = the queue is full": 20},
)


def test_a_report_is_a_line_with_percentiles_and_status_codes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "mixed-get.json"
    file.write_text(report())
    assert main([str(file)]) == 0
    _, line = capsys.readouterr().out.splitlines()
    assert line.split() == ["mixed-get", "20", "99.5", "1.5", "20.0", "31.4", "OK", "20"]


@pytest.mark.parametrize(
    "bad",
    [
        REFUSED,
        report(statusCodeDistribution={"OK": 19, "Unavailable": 1}),
        report(count=0, statusCodeDistribution=None),
    ],
)
def test_a_run_in_which_a_call_failed_is_no_good_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], bad: str
) -> None:
    files = [tmp_path / "mixed-get.json", tmp_path / "mixed-list.json"]
    for file, text in zip(files, (report(), bad), strict=True):
        file.write_text(text)
    assert main(list(map(str, files))) == 1
    assert "mixed-list: not every call was answered with OK" in capsys.readouterr().out


@pytest.mark.parametrize("text", ["", "[]", "{}", "Summary:"])
def test_what_is_no_report_is_an_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str
) -> None:
    (tmp_path / "one.json").write_text(text)
    assert main([str(tmp_path / "one.json")]) == 1
    assert "is no report of ghz" in capsys.readouterr().err
    assert main([]) == 1


GHZ = """#!/bin/sh
while [ $# -gt 0 ]; do
    [ "$1" != --output ] || output=$2
    shift
done
cat "$REPORT" > "$output"
"""


@pytest.mark.parametrize(("text", "code"), [(report(), 0), (REFUSED, 1)])
def test_the_mixed_profile_fails_where_its_calls_are_refused(
    tmp_path: Path, text: str, code: int
) -> None:
    ghz = tmp_path / "bin" / "ghz"
    ghz.parent.mkdir()
    ghz.write_text(GHZ)
    ghz.chmod(0o755)
    (tmp_path / "report").write_text(text)
    done = subprocess.run(
        [ROOT / "cluster" / "load" / "mixed.sh"],
        env={
            **os.environ,
            "PATH": f"{ghz.parent}:{os.environ['PATH']}",
            "PYTHON": sys.executable,
            "REPORT": str(tmp_path / "report"),
            "IMGGEN_BENCH": str(tmp_path),
            "IMGGEN_SERVER": "127.0.0.1:1",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == code, done.stderr
    assert done.stdout.count("mixed-") >= 4
    assert ("ResourceExhausted 20" in done.stdout) == bool(code)
