"""One gateway process among several: what its supervisor wants of it, and what it answers.

Both hold a cord, a socket with a JSON object a line. Its end says that the supervisor has ended.
"""

import asyncio
import json
import os
import signal
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from typing import Any, Self

from server.edge.monitor import GatewayMonitor
from server.processes.cord import said
from server.processes.pages import tell
from server.settings import GatewaySettings


@dataclass(frozen=True, slots=True)
class Orders:
    """The number of a process, from 0 on, the descriptor of its cord, and where it listens."""

    number: int
    cord: int
    listen: str
    http_port: int

    @classmethod
    def read(cls, text: str) -> Self:
        """Reads what `__str__` wrote."""
        return cls(**json.loads(text))

    def __str__(self) -> str:
        return json.dumps(asdict(self))

    def applied(self, settings: GatewaySettings) -> GatewaySettings:
        """Returns the settings with the ports that the supervisor holds."""
        return settings.model_copy(update={"listen": self.listen, "http_port": self.http_port})


class Part:
    """A process's end of the cord; `stop` is set when the process is to drain."""

    def __init__(self, orders: Orders, writer: asyncio.StreamWriter) -> None:
        self.stop = asyncio.Event()
        self._orders = orders
        self._writer = writer
        self._monitor: GatewayMonitor | None = None
        self._answers: set[asyncio.Task[None]] = set()

    @property
    def first(self) -> bool:
        """Whether it also does what one process is enough for."""
        return self._orders.number == 0

    def answer_from(self, monitor: GatewayMonitor) -> None:
        """Answers the supervisor's questions from a monitor, from now on."""
        self._monitor = monitor

    def say_ready(self) -> None:
        """Tells the supervisor that calls are served."""
        self._say({"ready": True})

    async def follow(self, reader: asyncio.StreamReader) -> None:
        """Answers questions until the supervisor ends, which stops this process."""
        async for asked in said(reader):
            task = asyncio.create_task(self._answer(asked), name="answer")
            self._answers.add(task)
            task.add_done_callback(self._answers.discard)
        if self.stop.is_set():
            os._exit(1)  # a second signal has ended the supervisor, and ends the drain
        self.stop.set()

    async def _answer(self, asked: Mapping[str, Any]) -> None:
        answer: dict[str, object] = {"id": asked["id"], "serving": False, "families": []}
        if (monitor := self._monitor) is not None:
            answer["serving"] = await monitor.is_serving()
            if asked["fleet"]:
                await monitor.refresh()
            if asked["metrics"]:
                answer["families"] = tell(monitor.metrics.registry)
        self._say(answer)

    def _say(self, message: Mapping[str, object]) -> None:
        self._writer.write(json.dumps(message).encode() + b"\n")


@asynccontextmanager
async def tied(orders: Orders) -> AsyncIterator[Part]:
    """Follows the supervisor's cord while entered.

    SIGTERM and SIGINT set `stop`, and do nothing more when they come again: the supervisor passes
    them on, and an init system or a terminal may send them to every process as well.
    """
    reader, writer = await asyncio.open_unix_connection(sock=socket.socket(fileno=orders.cord))
    part = Part(orders, writer)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, part.stop.set)
    task = asyncio.create_task(part.follow(reader), name="supervisor")
    try:
        yield part
    finally:
        task.cancel()
        await asyncio.wait([task])
        writer.close()
