"""Child processes of a benchmark, which write a file when they are ready, and are stopped."""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cluster.embedded.processes import ROOT, StartFailed, stop

_READY_S = 60.0
_PATIENCE_S = 20.0


@dataclass(frozen=True, slots=True)
class Child:
    """A running child: what it wrote when it was ready, and the seconds until then."""

    pid: int
    says: dict[str, Any]
    ready_s: float

    def cpu_s(self) -> float:
        """Returns the CPU time that the process has taken until now, in seconds."""
        # Its name, in parentheses, may hold spaces; the times are the 14th and 15th fields.
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def resident_mib(self) -> float:
        """Returns the resident memory of the process in MiB."""
        return self._mib("VmRSS")

    def peak_mib(self) -> float:
        """Returns the most resident memory that the process has had, in MiB."""
        return self._mib("VmHWM")

    def _mib(self, name: str) -> float:
        for line in Path(f"/proc/{self.pid}/status").read_text().splitlines():
            if line.startswith(f"{name}:"):
                return int(line.split()[1]) / 1024
        raise ProcessLookupError(f"process {self.pid} has ended, so it has no resident memory")


@contextmanager
def child(
    module: str, arguments: Sequence[str] = (), environment: Mapping[str, str] | None = None
) -> Iterator[Child]:
    """Runs `python -m MODULE ... --ready-file PATH` and stops it afterwards.

    Raises StartFailed if it ends, or is not ready in time.
    """
    with tempfile.TemporaryDirectory(prefix="imggen-bench-") as folder:
        ready, log = Path(folder, "ready.json"), Path(folder, "log")
        began = time.perf_counter()
        with log.open("wb") as out:
            process = subprocess.Popen(
                [sys.executable, "-m", module, *arguments, "--ready-file", str(ready)],
                cwd=ROOT,
                env={**os.environ, **(environment or {})},
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                # Ctrl-C reaches all processes of a terminal's session; this one ends in order.
                start_new_session=True,
            )
        try:
            _await(process, ready, log)
            seconds = time.perf_counter() - began
            yield Child(process.pid, json.loads(ready.read_text()), seconds)
        finally:
            stop(process, _PATIENCE_S)


class LineChild:
    """A child that answers each line on its stdin with a line on its stdout."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    def write(self, line: str) -> None:
        """Sends a line."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{line}\n")
        self._process.stdin.flush()

    def read(self) -> str:
        """Returns the next line; raises StartFailed if the child has ended."""
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise StartFailed(f"{self._process.args!r} ended with {self._process.wait()}")
        return line.rstrip("\n")


@contextmanager
def line_child(module: str, environment: Mapping[str, str] | None = None) -> Iterator[LineChild]:
    """Runs `python -m MODULE` with pipes to its stdin and stdout, and kills it afterwards.

    It stays in this session, since Linux divides the cores among sessions and Ray's processes
    are in this one; so the module must ignore Ctrl-C, which the parent handles.
    """
    process = subprocess.Popen(
        [sys.executable, "-m", module],
        cwd=ROOT,
        env={**os.environ, **(environment or {})},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield LineChild(process)
    finally:
        process.kill()
        process.communicate()


def say_ready(path: Path, **says: object) -> None:
    """Writes the ready file of a child, with values for the parent."""
    partial = path.with_name(f"{path.name}.partial")
    partial.write_text(json.dumps(says))
    partial.replace(path)


def _await(process: "subprocess.Popen[bytes]", ready: Path, log: Path) -> None:
    deadline = time.monotonic() + _READY_S
    while not ready.exists():
        if process.poll() is not None or time.monotonic() > deadline:
            last = "\n".join(log.read_text(errors="replace").splitlines()[-5:])
            raise StartFailed(f"{process.args!r} did not start; its log ends with:\n{last}")
        time.sleep(0.002)
