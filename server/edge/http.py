"""Serves HTTP to a bounded number of connections, none of which keeps its place by doing nothing.

A connection that has no request in progress for `QUIET_S` is closed, whether it is idle or sends
its headers byte by byte, and so is one that reads nothing of its answer for `UNREAD_S`. When all
connections are taken, the oldest that has no request in progress makes room for a new one, else the
one whose answer takes longest, if that is more than `ANSWER_S`; else the new one is closed.
"""

import asyncio
import errno
import logging
import socket
import struct
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from weakref import WeakKeyDictionary

from aiohttp import web
from aiohttp.abc import AbstractStreamWriter

QUIET_S = 20.0
UNREAD_S = 60.0
ANSWER_S = 600.0
_MOST = 1_000
_SHUTDOWN_S = 5.0
_BACKLOG = 128
_RETRY_S = 0.1
_BETWEEN_LINES_S = 60.0
_NONE_LEFT = {errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM}
_log = logging.getLogger(__name__)


def _uncounted() -> None:
    """Counts nothing."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """What one port may take: `most` connections; `closed` is called for each that is too many.

    `port` is its name in the log. `shared` lets other processes listen on it that share it, too.
    """

    port: str = "http"
    most: int = _MOST
    quiet_s: float = QUIET_S
    unread_s: float = UNREAD_S
    answer_s: float = ANSWER_S
    closed: Callable[[], None] = _uncounted
    shared: bool = False


class FileAnswer(web.FileResponse):
    """A file as an answer, to a peer that may stop reading it."""

    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter | None:
        """Sends the file; raises ConnectionResetError where its bound ends the connection."""
        try:
            return await super().prepare(request)
        except TimeoutError as error:
            # To aiohttp 3.14 all but a ConnectionError is a fault, whose traceback it logs.
            raise ConnectionResetError("the peer does not read") from error


@asynccontextmanager
async def serve_http(
    app: web.Application, host: str, port: int, bounds: Bounds = Bounds()
) -> AsyncIterator[int]:
    """Serves an application and yields the port that was bound; 0 takes a free one.

    At the end it stops accepting, and open answers have 5 seconds to finish.
    """
    runner = web.AppRunner(
        app,
        access_log=None,
        shutdown_timeout=_SHUTDOWN_S,
        keepalive_timeout=bounds.quiet_s,  # counts from the connection's start, too (aiohttp 3.14)
    )
    answers = _Answers(bounds.answer_s)
    app.on_response_prepare.append(answers.begin)
    await runner.setup()
    assert runner.server is not None
    async with AsyncExitStack() as stack:
        stack.push_async_callback(runner.cleanup)
        made = await _listeners(host, port, bounds.shared)
        listeners = [stack.enter_context(each) for each in made]
        door = _Door(runner.server, bounds, answers)
        tasks = [asyncio.create_task(door.keep(each), name="http") for each in listeners]
        stack.push_async_callback(_end, tasks)
        yield int(listeners[0].getsockname()[1])


class _Answers:
    """When the connections of a server began to be answered, the last time."""

    def __init__(self, longest_s: float) -> None:
        self._longest_s = longest_s
        self._began: WeakKeyDictionary[asyncio.BaseTransport, float] = WeakKeyDictionary()

    async def begin(self, request: web.Request, _response: web.StreamResponse) -> None:
        """Notes that an answer begins."""
        if request.transport is not None:
            self._began[request.transport] = asyncio.get_running_loop().time()

    def overdue(self, connections: Iterable[web.RequestHandler]) -> asyncio.Transport | None:
        """Returns the one that has been answered for longest, if that is too long."""
        transports = [each.transport for each in connections if each.transport is not None]
        answered = [each for each in transports if each in self._began]
        first = min(answered, key=self._began.__getitem__, default=None)
        now = asyncio.get_running_loop().time()
        return first if first is not None and now - self._began[first] > self._longest_s else None


class _Door:
    """Accepts connections for a server.

    asyncio's own loop knows no bound, and without descriptors logs a hundred tracebacks at once
    and again (Python 3.11).
    """

    def __init__(self, server: web.Server, bounds: Bounds, answers: _Answers) -> None:
        self._server = server
        self._bounds = bounds
        self._answers = answers
        self._may_log_at = 0.0

    async def keep(self, listener: socket.socket) -> None:
        """Accepts connections until it is cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            try:
                connection, _ = await loop.sock_accept(listener)
            except OSError as error:
                if self._may_log():
                    _log.warning("connection not accepted", extra={"error": str(error)})
                if error.errno in _NONE_LEFT:
                    self._make_room()
                await asyncio.sleep(_RETRY_S)
                continue
            if len(self._server.connections) >= self._bounds.most and not self._make_room():
                connection.close()
                continue
            with suppress(OSError):  # it has gone again
                _bound_writes(connection, self._bounds.unread_s)
                await loop.connect_accepted_socket(self._server, connection)

    def _make_room(self) -> bool:
        """Closes the connection that is missed least, if there is one."""
        self._bounds.closed()
        if self._may_log():
            _log.warning(
                "too many connections", extra={"port": self._bounds.port, "most": self._bounds.most}
            )
        for each in self._server.connections:
            if _is_idle(each):
                each.force_close()
                return True
        overdue = self._answers.overdue(self._server.connections)
        if overdue is None:
            return False
        _cut(overdue)
        return True

    def _may_log(self) -> bool:
        """Returns whether a minute has passed since it last did; the next minute begins now."""
        now = asyncio.get_running_loop().time()
        if now < self._may_log_at:
            return False
        self._may_log_at = now + _BETWEEN_LINES_S
        return True


def _is_idle(connection: web.RequestHandler) -> bool:
    # aiohttp 3.14 tells nobody else until when it makes an answer; the rest may still be unread.
    sent = connection.transport is None or not connection.transport.get_write_buffer_size()
    return sent and not connection._request_in_progress


def _cut(transport: asyncio.Transport) -> None:
    """Ends a connection as its peer would; nothing more of its answer is sent.

    `close` waits until all is read, and `abort` leaves asyncio's `sendfile` waiting (Python 3.11).
    """
    connection = transport.get_extra_info("socket")
    with suppress(OSError):  # it has ended by itself
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.shutdown(socket.SHUT_RDWR)


def _bound_writes(connection: socket.socket, unread_s: float) -> None:
    """Has the system end a connection whose peer takes nothing of what is sent for so long.

    Without it a peer that answers probes and never reads is served for good (RFC 1122, 4.2.2.17).
    Each byte that it takes begins the time anew. macOS has no such bound.
    """
    option = getattr(socket, "TCP_USER_TIMEOUT", None)
    if option is not None:
        connection.setsockopt(socket.IPPROTO_TCP, option, int(unread_s * 1000))


async def _listeners(host: str, port: int, shared: bool) -> list[socket.socket]:
    """Returns a listening socket for each address of a host; raises OSError with the address."""
    found = await asyncio.get_running_loop().getaddrinfo(
        host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )
    made: list[socket.socket] = []
    try:
        for family, address in dict.fromkeys((each[0], each[4]) for each in found):
            made.append(_listener(family, address, shared))
    except OSError:
        for each in made:
            each.close()
        raise
    return made


def _listener(family: int, address: tuple[object, ...], shared: bool) -> socket.socket:
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setblocking(False)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if shared:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        if family == socket.AF_INET6:
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        listener.bind(address)
        listener.listen(_BACKLOG)
    except OSError as error:
        listener.close()
        where = f"{address[0]}:{address[1]}"
        raise OSError(error.errno, f"cannot listen on {where}: {error.strerror}") from error
    return listener


async def _end(tasks: list["asyncio.Task[None]"]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
