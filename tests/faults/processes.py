"""The processes of a run: workers and gateways of a build, which can be killed and frozen."""

import asyncio
import json
import signal
import sys
import time
from asyncio.subprocess import DEVNULL, PIPE, STDOUT, Process
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from tests.faults.builds import Build
from tests.faults.history import Action, History

DEADLINE_S = 60.0
"""The timeout of every wait."""


class WorkerProcess:
    """A worker's process; its recorded actions go into the history."""

    def __init__(self, name: str, process: Process, history: History) -> None:
        self.name = name
        self.ready = asyncio.Event()
        self.held = asyncio.Event()
        self.held_at = ("", "", 0)
        self._process = process
        self._history = history

    async def listen(self) -> None:
        """Reads its actions until it ends; the pipe outlives a killed process."""
        assert self._process.stdout is not None
        async for line in self._process.stdout:
            record = json.loads(line)
            match record["what"]:
                case "ready":
                    self.ready.set()
                case "reached":
                    self.held_at = (record["detail"], record["job"], record["attempt"])
                    self.held.set()
                case _:
                    self._history.actions.append(Action(worker=self.name, **record))

    def kill(self) -> float:
        """Sends SIGKILL; returns the time."""
        self._process.kill()
        return time.monotonic()

    def freeze(self) -> None:
        """Stops the process with SIGSTOP, like a machine that hangs."""
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> float:
        """Continues the process with SIGCONT; returns the time."""
        self._process.send_signal(signal.SIGCONT)
        return time.monotonic()

    async def resume(self) -> None:
        """Resumes the worker from the hold point where it is paused."""
        assert self._process.stdin is not None
        self._process.stdin.write(b"go\n")
        await self._process.stdin.drain()

    async def end(self) -> None:
        """Drains the worker, and kills it after a timeout."""
        if self._process.returncode is None:
            with suppress(ProcessLookupError):
                self._process.send_signal(signal.SIGCONT)
            assert self._process.stdin is not None
            self._process.stdin.close()
            try:
                async with asyncio.timeout(DEADLINE_S):
                    await self._process.wait()
            except TimeoutError:
                self._process.kill()
        await self._process.wait()


@asynccontextmanager
async def worker_process(
    name: str,
    build: Build,
    settings: Mapping[str, str],
    history: History,
    log: Path,
    arguments: Sequence[str] = (),
) -> AsyncIterator[WorkerProcess]:
    """Runs a worker, and drains it after the block."""
    with log.open("ab") as out:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.faults.worker", "--name", name, *arguments,
            env={**build.environment(), **settings},
            cwd=build.root, stdin=PIPE, stdout=PIPE, stderr=out,
        )  # fmt: skip
    worker = WorkerProcess(name, process, history)
    listening = asyncio.create_task(worker.listen(), name=f"listen to {name}")
    try:
        yield worker
    finally:
        await worker.end()
        await listening


class GatewayProcess:
    """A gateway's process, and the port on which it listens."""

    def __init__(self, process: Process, port: int) -> None:
        self.port = port
        self._process = process

    def kill(self) -> None:
        """Sends SIGKILL."""
        self._process.kill()

    async def drain(self) -> None:
        """Sends SIGTERM, as an orchestrator does, and waits for the end."""
        if self._process.returncode is None:
            self._process.terminate()
        await self._process.wait()


@asynccontextmanager
async def gateway_process(
    build: Build, settings: Mapping[str, str], log: Path, ready: Path
) -> AsyncIterator[GatewayProcess]:
    """Runs a gateway on a free port, and drains it after the block."""
    with log.open("ab") as out:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "server", "--ready-file", str(ready),
            env={**build.environment(), **settings},
            cwd=build.root, stdin=DEVNULL, stdout=out, stderr=out,
        )  # fmt: skip
    try:
        async with asyncio.timeout(DEADLINE_S):
            while not ready.exists():
                assert process.returncode is None, log.read_text()[-2000:]
                await asyncio.sleep(0.02)
        address: str = json.loads(ready.read_text())["grpc"]
        yield GatewayProcess(process, int(address.rpartition(":")[2]))
    finally:
        with suppress(ProcessLookupError):
            process.terminate()
        await process.wait()


async def migrate_as(build: Build, settings: Mapping[str, str]) -> str:
    """Migrates the database as a build does; returns what it printed, raises for its failure."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "server", "migrate",
        env={**build.environment(), **settings},
        cwd=build.root, stdin=DEVNULL, stdout=PIPE, stderr=STDOUT,
    )  # fmt: skip
    printed, _ = await process.communicate()
    assert process.returncode == 0, printed.decode()
    return printed.decode()
