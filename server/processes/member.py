"""A gateway process as its supervisor sees it."""

import asyncio
import json
import socket
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from itertools import count
from typing import Any

from server.processes.cord import LONGEST_LINE, said
from server.processes.pages import Page, read
from server.processes.part import Orders

_ANSWER_S = 5.0


@dataclass(frozen=True, slots=True)
class Answer:
    """What a process says of itself: whether it serves, and its metrics where they were asked."""

    serving: bool
    page: Page


@dataclass(frozen=True, slots=True)
class Ports:
    """Where all processes listen: for gRPC, and on which port of the same host for media."""

    listen: str
    http_port: int


class Member:
    """A running gateway process and the supervisor's end of its cord."""

    def __init__(
        self,
        process: asyncio.subprocess.Process,
        writer: asyncio.StreamWriter,
        on_ready: Callable[[], None],
    ) -> None:
        self.listens = False
        self._on_ready = on_ready
        self._process = process
        self._writer = writer
        self._ids = count()
        self._asked: dict[int, asyncio.Future[Answer | None]] = {}
        self._hears = True

    async def ask(self, *, metrics: bool = False, fleet: bool = False) -> Answer | None:
        """Returns what the process says; None if it has ended, or does not answer in time."""
        if not self._hears:
            return None
        number = next(self._ids)
        future: asyncio.Future[Answer | None] = asyncio.get_running_loop().create_future()
        self._asked[number] = future
        question = {"id": number, "metrics": metrics, "fleet": fleet}
        self._writer.write(json.dumps(question).encode() + b"\n")
        try:
            async with asyncio.timeout(_ANSWER_S):
                return await future
        except TimeoutError:
            return None
        finally:
            del self._asked[number]

    def drain(self) -> None:
        """Has the process drain and end."""
        with suppress(ProcessLookupError):
            self._process.terminate()

    def kill(self) -> None:
        """Ends the process at once."""
        with suppress(ProcessLookupError):
            self._process.kill()

    async def ended(self) -> int:
        """Returns the exit status once the process has ended; a signal's is negative."""
        return await self._process.wait()

    async def hear(self, reader: asyncio.StreamReader) -> None:
        """Takes what the process says, until it ends."""
        try:
            async for told in said(reader):
                if "ready" in told:
                    self.listens = True
                    self._on_ready()
                else:
                    self._take(told)
        finally:  # nobody waits for what does not come any more
            self._hears = False
            for waiting in self._asked.values():
                if not waiting.done():
                    waiting.set_result(None)

    def _take(self, told: dict[str, Any]) -> None:
        waiting = self._asked.get(told["id"])  # too late: nobody waits for it any more
        if waiting is not None and not waiting.done():
            waiting.set_result(Answer(told["serving"], read(told["families"])))


@asynccontextmanager
async def started(number: int, ports: Ports, on_ready: Callable[[], None]) -> AsyncIterator[Member]:
    """Runs `python -m server` as one of several while entered; leaving it kills it.

    `on_ready` is called once it serves. Raises OSError if it cannot be started.
    """
    ours, theirs = socket.socketpair()
    try:
        with theirs:
            orders = Orders(number, theirs.fileno(), ports.listen, ports.http_port)
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "server", "--part", str(orders)),
                stdin=asyncio.subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                # A terminal's signals are for the supervisor, which passes them on.
                process_group=0,
            )
    except BaseException:
        ours.close()
        raise
    reader, writer = await asyncio.open_unix_connection(sock=ours, limit=LONGEST_LINE)
    member = Member(process, writer, on_ready)
    hearing = asyncio.create_task(member.hear(reader), name="member")
    try:
        yield member
    finally:
        member.kill()
        await process.wait()
        hearing.cancel()
        await asyncio.wait([hearing])
        writer.close()
