"""The processes of a run: workers and gateways of a build, which can be killed and frozen."""

import asyncio
import json
import signal
import sys
import time
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from tests.faults.builds import Build
from tests.faults.history import Deed, History

DEADLINE_S = 60.0
"""How long a test waits for anything before it says that it did not happen."""


class WorkerProcess:
    """Is a worker's process; what it tells goes into the history."""

    def __init__(self, name: str, process: Process, history: History) -> None:
        self.name = name
        self.ready = asyncio.Event()
        self.held = asyncio.Event()
        self.held_at = ("", "", 0)
        self._process = process
        self._history = history

    async def listen(self) -> None:
        """Hears what it tells until it ends; the pipe outlives a killed process."""
        assert self._process.stdout is not None
        async for line in self._process.stdout:
            told = json.loads(line)
            match told["what"]:
                case "ready":
                    self.ready.set()
                case "reached":
                    self.held_at = (told["detail"], told["job"], told["attempt"])
                    self.held.set()
                case _:
                    self._history.deeds.append(Deed(worker=self.name, **told))

    def kill(self) -> float:
        """Ends it with SIGKILL; returns when."""
        self._process.kill()
        return time.monotonic()

    def freeze(self) -> None:
        """Stops it with SIGSTOP, as a machine does that hangs."""
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> float:
        """Lets it go on with SIGCONT; returns when."""
        self._process.send_signal(signal.SIGCONT)
        return time.monotonic()

    async def let_go(self) -> None:
        """Lets it go on from the point where it is held."""
        assert self._process.stdin is not None
        self._process.stdin.write(b"go\n")
        await self._process.stdin.drain()

    async def end(self) -> None:
        """Drains it, and kills it if that takes too long."""
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
    """Runs a worker, and drains it at the end."""
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
    """Is a gateway's process, and the port on which it listens."""

    def __init__(self, process: Process, port: int) -> None:
        self.port = port
        self._process = process

    def kill(self) -> None:
        """Ends it with SIGKILL."""
        self._process.kill()

    async def drain(self) -> None:
        """Ends it with SIGTERM, as an orchestrator does."""
        if self._process.returncode is None:
            self._process.terminate()
        await self._process.wait()


@asynccontextmanager
async def gateway_process(
    build: Build, settings: Mapping[str, str], log: Path, ready: Path
) -> AsyncIterator[GatewayProcess]:
    """Runs a gateway on a free port, and drains it at the end."""
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
