"""Every benchmark runs at a tiny size and prints its figures; their values are not tested."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.__main__ import BENCHMARKS

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", BENCHMARKS)
def test_a_benchmark_prints_its_figures_and_their_settings(name: str, tmp_path: Path) -> None:
    file = tmp_path / "figures.json"
    done = run("--only", name, "--quick", "--json", str(file))
    assert done.returncode == 0, done.stderr
    report = json.loads(file.read_text())
    assert report["settings"]["fsync"] == "on"
    assert report[name]
    for figure in report[name]:
        assert figure["n"] > 0
        assert figure["name"] in done.stdout
    assert "quick: the figures are a smoke test" in done.stdout


@pytest.mark.timeout(300)
def test_without_ghz_python_processes_make_the_load() -> None:
    done = run("--only", "submits", "--only", "one-caller", "--quick", "--load", "python")
    assert done.returncode == 0, done.stderr
    assert "processes of Python" in done.stdout


def test_an_unknown_benchmark_is_refused_with_all_names() -> None:
    done = run("--only", "speed")
    assert done.returncode == 2
    assert all(name in done.stderr for name in BENCHMARKS)


def run(*arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "benchmarks", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
