"""Load: many callers of one method, from processes of their own.

ghz is used where it is found (on PATH or in .tools/go/bin), since a client written in
Python needs more of the machine than the server that it measures.
"""

import json
import os
import shutil
import subprocess
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Protocol
from uuid import uuid4

from google.protobuf.descriptor import FileDescriptor
from google.protobuf.descriptor_pb2 import FileDescriptorSet

from benchmarks.processes import Talker, talker
from cluster.processes import ROOT
from imggen.v1 import generation_pb2

METHOD = "imggen.v1.GenerationService/GeneratePortrait"
_LONGEST_S = 300


class LoadFailed(Exception):
    """Says that calls failed, or that the generator did."""


@dataclass(frozen=True, slots=True)
class Order:
    """Asks for `calls` portraits of a character by `callers` at once, each in its own time."""

    address: str
    token: str
    character_id: str
    callers: int
    calls: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """Is what came of an order: answered calls per second, and each one's time in ms."""

    per_second: float
    latencies_ms: tuple[float, ...]


class Generator(Protocol):
    """Makes load."""

    @property
    def name(self) -> str:
        """Says what makes the load."""
        ...

    def run(self, order: Order) -> Outcome:
        """Makes all calls of an order; raises LoadFailed when one of them fails."""
        ...


def find_generator(wanted: str = "") -> Generator:
    """Returns `ghz` or `python`; where neither is wanted, ghz where the machine has it.

    Raises LoadFailed where ghz is wanted and not there.
    """
    if wanted == "python":
        return PythonCallers()
    found = shutil.which("ghz") or shutil.which("ghz", path=str(ROOT / ".tools" / "go" / "bin"))
    if wanted and not found:
        raise LoadFailed(
            "ghz is neither on PATH nor in .tools/go/bin; install it with"
            ' `GOBIN="$PWD/.tools/go/bin" go install github.com/bojand/ghz/cmd/ghz@latest`'
        )
    return Ghz(found) if found else PythonCallers()


class Ghz:
    """Is https://ghz.sh: one process, written in Go; every ten callers share a connection."""

    def __init__(self, program: str) -> None:
        self._program = program
        shown = subprocess.run([program, "--version"], capture_output=True, text=True, check=False)
        self.name = f"ghz {(shown.stdout + shown.stderr).strip()}"

    def run(self, order: Order) -> Outcome:
        """Makes all calls of an order; raises LoadFailed when one of them fails."""
        with TemporaryDirectory(prefix="imggen-bench-") as folder:
            protoset = Path(folder, "protoset")
            protoset.write_bytes(descriptors())
            done = subprocess.run(
                [self._program, *_ghz_arguments(order, protoset)],
                capture_output=True,
                timeout=_LONGEST_S,
                check=False,
            )
        if done.returncode:
            raise LoadFailed(f"ghz ended with {done.returncode}: {done.stderr.decode()[-500:]}")
        return read_ghz(json.loads(done.stdout), order.calls)


def read_ghz(report: dict[str, object], calls: int) -> Outcome:
    """Reads ghz's JSON report; raises LoadFailed when calls are missing or failed."""
    if report["statusCodeDistribution"] != {"OK": calls}:
        raise LoadFailed(
            f"{calls} calls gave {report['statusCodeDistribution']}:"
            f" {report.get('errorDistribution')}"
        )
    details = report["details"]
    assert isinstance(details, list)
    assert isinstance(report["rps"], float | int)
    return Outcome(float(report["rps"]), tuple(one["latency"] / 1e6 for one in details))


def _ghz_arguments(order: Order, protoset: Path) -> list[str]:
    request = {
        "character_id": order.character_id,
        "style": "storybook",
        "options": {"quality": "standard"},
        "request_id": "{{newUUID}}",
    }
    metadata = {"authorization": f"Bearer {order.token}"}
    return [
        *("--insecure", "--protoset", str(protoset), "--call", METHOD.replace("/", ".")),
        *("--data", json.dumps(request), "--metadata", json.dumps(metadata)),
        *("--concurrency", str(order.callers), "--total", str(order.calls)),
        *("--connections", str(max(1, order.callers // 10))),
        *("--timeout", "60s", "--format", "json", order.address),
    ]


def descriptors() -> bytes:
    """Returns the contract and all that it imports, as ghz reads it."""
    found: dict[str, FileDescriptor] = {}

    def add(file: FileDescriptor) -> None:
        for needed in file.dependencies:
            add(needed)
        found.setdefault(file.name, file)

    add(generation_pb2.DESCRIPTOR)
    files = FileDescriptorSet()
    for file in found.values():
        file.CopyToProto(files.file.add())
    return files.SerializeToString()


class PythonCallers:
    """Is `benchmarks.caller` in as many processes as there are cores."""

    def __init__(self) -> None:
        self._most = len(os.sched_getaffinity(0))
        self.name = f"{self._most} processes of Python with grpc.aio"

    def run(self, order: Order) -> Outcome:
        """Makes all calls of an order; raises LoadFailed when one of them fails."""
        with ExitStack() as stack:
            count = min(self._most, order.callers)
            callers = [stack.enter_context(talker("benchmarks.caller")) for _ in range(count)]
            return _together(callers, order)


def _together(callers: Sequence[Talker], order: Order) -> Outcome:
    """Lets the processes call at once: each waits for the others before it starts."""
    share = {
        "address": order.address,
        "token": order.token,
        "character_id": order.character_id,
        "callers": -(-order.callers // len(callers)),
        "calls": -(-order.calls // len(callers)),
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


def new_request(character_id: str) -> generation_pb2.GeneratePortraitRequest:
    """Returns what every call asks for, with a request_id of its own."""
    return generation_pb2.GeneratePortraitRequest(
        character_id=character_id,
        style="storybook",
        options=generation_pb2.PortraitOptions(quality="standard"),
        request_id=str(uuid4()),
    )
