"""The places of the gRPC port: connections that make no call give theirs up when few are left.

gRPC refuses new connections once it has as many as it may, and keeps those that say nothing: until
the limit of the handshake, or for good once they have begun to speak HTTP/2.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from socket import SHUT_RDWR

from server.edge.files import open_descriptors, sockets_of

_LOOK_S = 0.5
_BETWEEN_LINES_S = 60.0
_log = logging.getLogger(__name__)


class Places:
    """Which connections have made calls, and room for others when three of four are taken."""

    def __init__(self, most: int, listed: Callable[[], Sequence[int]] = open_descriptors) -> None:
        """Takes how many connections the port may have, and what lists those of the process."""
        self._most = most
        self._listed = listed
        self._called: set[int] = set()
        self._seen: set[int] = set()
        self._may_log_at = 0.0

    def heard(self, peer: str) -> None:
        """Notes the peer of a call, such as `ipv4:192.0.2.1:50000`."""
        # Two peers with one port count as one: at worst a silent one is kept.
        with suppress(ValueError):  # a peer without a port, on a socket of Unix
            self._called.add(int(peer.rpartition(":")[2]))

    @asynccontextmanager
    async def kept(self, port: int) -> AsyncIterator[None]:
        """Makes room on a port while entered."""
        task = asyncio.create_task(self._keep(port), name="places")
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    def make_room(self, port: int) -> int:
        """Ends connections that have made no call, if few places are left; returns how many.

        Only those that a look before this one has seen, too: the others may still shake hands.
        """
        called = set(self._called)  # others call meanwhile
        peers: set[int] = set()
        for each in sockets_of(port):
            with suppress(OSError):  # the one that listens has no peer
                peers.add(each.getpeername()[1])
        if self._spare(len(peers)):
            self._seen = set()
            return 0
        self._called -= called - peers
        silent = peers - self._called
        ended = silent & self._seen
        self._seen = silent
        for each in sockets_of(port) if ended else ():
            with suppress(OSError):  # it has ended by itself
                if each.getpeername()[1] in ended:
                    each.shutdown(SHUT_RDWR)
        return len(ended)

    def _look(self, port: int) -> int:
        """Makes room if the process has so many descriptors that the port may need it."""
        return 0 if self._spare(len(self._listed())) else self.make_room(port)

    def _spare(self, taken: int) -> bool:
        """Returns whether a quarter of the places is free."""
        return taken * 4 < self._most * 3

    async def _keep(self, port: int) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(_LOOK_S)
            # To list many takes a while, and to look at each of them longer.
            ended = await asyncio.to_thread(self._look, port)
            if ended and loop.time() >= self._may_log_at:
                self._may_log_at = loop.time() + _BETWEEN_LINES_S
                fields = {"port": "grpc", "most": self._most, "ended": ended}
                _log.warning("too many connections", extra=fields)
