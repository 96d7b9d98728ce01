"""Every benchmark runs at a tiny size and prints its figures; their values are not tested."""

import json
import os
import signal
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


@pytest.mark.timeout(300)
def test_ctrl_c_ends_the_pictures_and_prints_what_was_measured() -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "benchmarks", "--only", "success", "--jobs", "500"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as child:
        assert child.stderr is not None
        assert any("of 500 jobs, 0 failed" in line for line in child.stderr)
        # To the whole group, as a terminal sends it.
        os.killpg(child.pid, signal.SIGINT)
        printed, _ = child.communicate(timeout=120)
    assert child.returncode == 130
    assert "jobs that delivered a picture" in printed
    assert "Wilson 95 %" in printed


def test_no_jobs_at_all_are_refused() -> None:
    done = run("--only", "success", "--jobs", "0")
    assert done.returncode == 2
    assert '"0" is not a number of 1 or more' in done.stderr


def run(*arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "benchmarks", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
