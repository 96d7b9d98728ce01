"""Load: many callers of one method, in separate processes.

ghz is used if it is found (`make load-tools` installs it), since a client written in Python
needs more of the machine than the server that it measures.
"""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Protocol
from uuid import uuid4

from benchmarks.processes import LineChild, line_child
from cluster.embedded.processes import ROOT

GENERATE_PORTRAIT = "imggen.v1.GenerationService/GeneratePortrait"
GET_JOB = "imggen.v1.JobService/GetJob"
NEW_UUID = "{{newUUID}}"
"""A placeholder in a request, replaced by a new UUID in every call."""

PROTOSET = ROOT / "cluster" / "load" / "imggen.protoset"
_LONGEST_S = 300


class LoadFailed(Exception):
    """A call or a load generator that failed."""


@dataclass(frozen=True, slots=True)
class LoadPlan:
    """A load of `calls` calls of a method by `callers` concurrent callers.

    The calls cycle through `requests`, which are JSON objects. Ten callers share a connection,
    unless their number is given.
    """

    address: str
    token: str
    method: str
    requests: Sequence[Mapping[str, object]]
    callers: int
    calls: int
    connections: int | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result of a plan: answered calls per second, and the latency of each in ms."""

    per_second: float
    latencies_ms: tuple[float, ...]


class LoadGenerator(Protocol):
    """A program that makes a plan's calls and measures them: ghz or Python."""

    @property
    def name(self) -> str:
        """The name and version, for reports."""
        ...

    def run(self, plan: LoadPlan) -> Outcome:
        """Makes all calls of a plan; raises LoadFailed when one of them fails."""
        ...


def find_generator(wanted: str = "") -> LoadGenerator:
    """Returns the wanted generator, `ghz` or `python`; by default ghz if it is installed.

    Raises LoadFailed if ghz is wanted and not installed.
    """
    if wanted == "python":
        return PythonCallers()
    found = find_ghz()
    if wanted and not found:
        raise LoadFailed(
            "ghz is neither in .tools/go/bin nor on PATH; install it by `make load-tools`"
        )
    return Ghz(found) if found else PythonCallers()


def find_ghz() -> str | None:
    """Returns the path of ghz: that of `make load-tools`, else the one on PATH."""
    return shutil.which("ghz", path=str(ROOT / ".tools" / "go" / "bin")) or shutil.which("ghz")


class Ghz:
    """https://ghz.sh: one process, written in Go; every ten callers share a connection."""

    def __init__(self, program: str) -> None:
        self._program = program
        shown = subprocess.run([program, "--version"], capture_output=True, text=True, check=False)
        self.name = f"ghz {(shown.stdout + shown.stderr).strip()}"

    def run(self, plan: LoadPlan) -> Outcome:
        """Makes all calls of a plan; raises LoadFailed when one of them fails."""
        done = subprocess.run(
            [self._program, *_ghz_arguments(plan)],
            capture_output=True,
            timeout=_LONGEST_S,
            check=False,
        )
        if done.returncode:
            raise LoadFailed(f"ghz ended with {done.returncode}: {done.stderr.decode()[-500:]}")
        return read_ghz(json.loads(done.stdout), plan.calls)


def read_ghz(report: dict[str, object], calls: int) -> Outcome:
    """Reads ghz's JSON report; raises LoadFailed if calls are missing or have failed."""
    if report["statusCodeDistribution"] != {"OK": calls}:
        raise LoadFailed(
            f"{calls} calls gave {report['statusCodeDistribution']}:"
            f" {report.get('errorDistribution')}"
        )
    details = report["details"]
    assert isinstance(details, list)
    assert isinstance(report["rps"], float | int)
    return Outcome(float(report["rps"]), tuple(one["latency"] / 1e6 for one in details))


def _ghz_arguments(plan: LoadPlan) -> list[str]:
    metadata = {"authorization": f"Bearer {plan.token}"}
    return [
        *("--insecure", "--protoset", str(PROTOSET), "--call", plan.method),
        *("--data", json.dumps(list(plan.requests)), "--metadata", json.dumps(metadata)),
        *("--concurrency", str(plan.callers), "--total", str(plan.calls)),
        *("--connections", str(plan.connections or max(1, plan.callers // 10))),
        *("--timeout", "60s", "--format", "json", plan.address),
    ]


class PythonCallers:
    """`benchmarks.children.load_callers` in as many processes as there are cores."""

    def __init__(self) -> None:
        self._most = len(os.sched_getaffinity(0))
        self.name = f"{self._most} processes of Python with grpc.aio"

    def run(self, plan: LoadPlan) -> Outcome:
        """Makes all calls of a plan; raises LoadFailed when one of them fails."""
        with ExitStack() as stack:
            count = min(self._most, plan.callers)
            callers = [
                stack.enter_context(line_child("benchmarks.children.load_callers"))
                for _ in range(count)
            ]
            return _together(callers, plan)


def _together(callers: Sequence[LineChild], plan: LoadPlan) -> Outcome:
    """Runs a plan in all processes at once; they start together when all are ready."""
    share = {
        "address": plan.address,
        "token": plan.token,
        "method": plan.method,
        "requests": list(plan.requests),
        "callers": -(-plan.callers // len(callers)),
        "calls": -(-plan.calls // len(callers)),
        "connections": max(1, (plan.connections or 1) // len(callers)),
    }
    for caller in callers:
        caller.write(json.dumps(share))
    for caller in callers:
        caller.read()
    for caller in callers:
        caller.write("go")
    answers = [json.loads(caller.read()) for caller in callers]
    latencies = tuple(one for answer in answers for one in answer["latencies_ms"])
    seconds = max(answer["ended"] for answer in answers) - min(a["began"] for a in answers)
    return Outcome(len(latencies) / seconds, latencies)


def portrait(character_id: str) -> dict[str, object]:
    """Returns a request for a portrait, with a new request_id in every call."""
    return {
        "character_id": character_id,
        "style": "storybook",
        "options": {"quality": "standard"},
        "request_id": NEW_UUID,
    }


def fill(request: Mapping[str, object]) -> str:
    """Returns the JSON of a request with its placeholders filled."""
    return re.sub(re.escape(NEW_UUID), lambda _: str(uuid4()), json.dumps(request))
