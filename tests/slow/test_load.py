"""The real ghz runs every configuration of cluster/load against the system for load."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from benchmarks.load import find_ghz
from cluster.embedded.guardian import guarded_folder
from cluster.embedded.processes import ROOT
from cluster.load.bench import MARK, read_env
from imggen import SyncClient
from tests.load_configs import CONFIGS, LOAD, PROTOSET

# A second or two of each; the files ask for half a minute and more.
_CLOSED = {"submit": 300, "get": 1000, "list": 100, "watch": 50}
_OPEN_S = 2


@pytest.fixture(scope="module")
def ghz() -> str:
    found = find_ghz()
    if found is None and shutil.which("go") is None:
        pytest.skip("skipped: there is no ghz, and no Go to build it with (`make load-tools`)")
    assert found, "there is no ghz although Go is at hand; run `make load-tools`"
    return found


@pytest.fixture(scope="module")
def bench(ghz: str) -> Iterator[Path]:
    """Runs the system for load, and yields its folder."""
    with guarded_folder("imggen-bench-") as folder:
        child = command("up", "--listen", "127.0.0.1:0", folder=folder)
        try:
            lines = []
            assert child.stdout is not None
            for line in child.stdout:
                lines.append(line)
                if "make bench-clean" in line:
                    break
            else:
                raise AssertionError("".join(lines))
            yield folder
        finally:
            child.terminate()
            child.communicate(timeout=120)


def command(*arguments: str, folder: Path) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "cluster.load.bench", "--folder", str(folder), *arguments],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def run(ghz: str, bench: Path, name: str, *options: str) -> dict[str, Any]:
    """Runs a configuration, and returns ghz's report."""
    config = json.loads((LOAD / name).read_text())
    if "data-file" in config:
        options = (*options, "--data-file", str(bench / "jobs.json"))
    env = read_env(bench)
    done = subprocess.run(
        [ghz, "--config", str(LOAD / name), "--format", "json", *options, env["IMGGEN_SERVER"]],
        env={**os.environ, **env},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    report: dict[str, Any] = json.loads(done.stdout)
    return report


def total_of(name: str) -> int:
    profile, call = name.removesuffix(".json").split("/")
    if profile == "closed":
        return _CLOSED[call]
    return int(json.loads((LOAD / name).read_text())["rps"]) * _OPEN_S


@pytest.mark.timeout(600)
@pytest.mark.parametrize("contract", ["reflection", "protoset"])
@pytest.mark.parametrize("name", CONFIGS)
def test_ghz_makes_all_its_calls_and_none_fails(
    name: str, contract: str, ghz: str, bench: Path
) -> None:
    total = total_of(name)
    options = ["--protoset", str(PROTOSET)] if contract == "protoset" else []
    report = run(ghz, bench, name, "--total", str(total), *options)
    assert report["count"] == total
    assert report["statusCodeDistribution"] == {"OK": total}
    assert not report["errorDistribution"]
    assert report["endReason"] == "normal"


@pytest.mark.timeout(600)
def test_the_mixed_profile_runs_all_of_its_calls_at_once(ghz: str, bench: Path) -> None:
    env = {**os.environ, **read_env(bench)}
    env["PATH"] = f"{Path(ghz).parent}:{env['PATH']}"
    done = subprocess.run(
        [
            *("cluster/load/mixed.sh", "--total", "20", "--protoset", str(PROTOSET)),
        ],
        cwd=ROOT,
        env=env,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    reports = {path.stem: json.loads(path.read_text()) for path in bench.glob("mixed-*.json")}
    assert set(reports) == {"mixed-get", "mixed-list", "mixed-submit", "mixed-watch"}
    for report in reports.values():
        assert report["statusCodeDistribution"] == {"OK": 20}
    assert done.stdout.count("OK 20") == 4


@pytest.mark.timeout(600)
def test_waiting_jobs_of_load_tests_are_cancelled_and_no_others(ghz: str, bench: Path) -> None:
    env = read_env(bench)
    run(ghz, bench, "open/submit.json", "--total", "200", "--rps", "400")
    with SyncClient(env["IMGGEN_SERVER"], token=env["IMGGEN_TOKEN"]) as client:
        own = client.generate_portrait(env["IMGGEN_CHARACTER"], style="storybook", priority=9)
        cancelling = command("cancel", folder=bench)
        shown, _ = cancelling.communicate(timeout=120)
        assert cancelling.returncode == 0, shown
        assert "waiting jobs of load tests cancelled" in shown
        # One that was being drawn may have failed since, and wait for its next attempt.
        queued = client.list_jobs(statuses=["queued"], metadata=MARK)
        assert not [job for job in queued if not job.attempt]
        client.wait(own, timeout=120)


@pytest.mark.timeout(600)
def test_a_run_with_a_wrong_token_fails(ghz: str, bench: Path) -> None:
    metadata = json.dumps({"authorization": "Bearer nobody's"})
    report = run(ghz, bench, "closed/list.json", "--total", "20", "--metadata", metadata)
    assert report["statusCodeDistribution"] == {"Unauthenticated": 20}
    assert report["errorDistribution"]


@pytest.mark.timeout(600)
def test_new_jobs_can_be_watched_and_complete(ghz: str, bench: Path) -> None:
    submit = command("jobs", "--count", "10", folder=bench)
    shown, _ = submit.communicate(timeout=60)
    assert submit.returncode == 0, shown
    jobs = [asked["job_id"] for asked in json.loads((bench / "jobs.json").read_text())]
    assert len(jobs) == 10
    report = run(ghz, bench, "closed/watch.json", "--total", "10", "--concurrency", "10")
    assert report["statusCodeDistribution"] == {"OK": 10}
    env = read_env(bench)
    with SyncClient(env["IMGGEN_SERVER"], token=env["IMGGEN_TOKEN"]) as client:
        for job in jobs:
            client.wait(job, timeout=120)


@pytest.mark.timeout(600)
def test_data_in_use_are_not_removed(bench: Path) -> None:
    clean = command("clean", folder=bench)
    shown, _ = clean.communicate(timeout=60)
    assert clean.returncode == 1
    assert "runs on" in shown
    assert (bench / "db").exists()
