"""A separate Postgres that can crash, run from a separate process."""

import asyncio
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from pathlib import Path
from types import TracebackType
from typing import Self

import asyncpg

from cluster.embedded.processes import ROOT
from tests.faults.processes import DEADLINE_S

# A fork beside gRPC's threads may crash, so pg_ctl is started from this process; it ends with
# its stdin.
_RUN = """
import pathlib, sys
from cluster.embedded.postgres import embedded_postgres
with embedded_postgres(pathlib.Path(sys.argv[1])) as url:
    print(url, flush=True)
    sys.stdin.read()
"""


class CrashablePostgres:
    """A Postgres in a folder that crashes on demand and starts again on the same data."""

    def __init__(self, folder: Path) -> None:
        self.url = ""
        self._folder = folder
        self._process: Process | None = None

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._leave()

    async def start(self) -> None:
        """Starts Postgres, which recovers the committed data; returns once it answers."""
        self._process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", _RUN, str(self._folder), cwd=ROOT, stdin=PIPE, stdout=PIPE
        )
        assert self._process.stdout is not None
        self.url = (await self._process.stdout.readline()).decode().strip()
        assert self.url, "Postgres did not start"
        # After a crash pg_ctl reports success before Postgres has replayed its log.
        async with asyncio.timeout(DEADLINE_S):
            while not await _answers(self.url):
                await asyncio.sleep(0.05)

    async def crash(self) -> None:
        """Sends SIGQUIT: Postgres's immediate shutdown, without a checkpoint."""
        pid = int((self._folder / "postmaster.pid").read_text().splitlines()[0])
        os.kill(pid, signal.SIGQUIT)
        await self._leave()

    async def _leave(self) -> None:
        if self._process is not None:
            await self._process.communicate(b"")
            self._process = None


async def _answers(url: str) -> bool:
    try:
        connection = await asyncpg.connect(url)
    except (OSError, asyncpg.PostgresError):
        return False
    await connection.close()
    return True
