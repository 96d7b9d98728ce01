"""Ports that the processes of one supervisor share, and nobody else gets."""

import errno
import socket
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from server.causes import CannotStart
from server.edge.binding import cannot_listen

_TRIES = 20


def refuse_elsewhere(processes: int, platform: str = sys.platform) -> None:
    """Raises CannotStart where the kernel does not divide connections among processes."""
    if platform != "linux":
        raise CannotStart(
            f"IMGGEN_PROCESSES: {processes} processes share their ports on Linux only, where the "
            f"kernel divides connections among them; this is {platform}, use 1",
            lasting=True,
        )


@contextmanager
def held_port(setting: str, host: str, port: int) -> Iterator[int]:
    """Holds a port while entered, and yields it; port 0 takes a free one.

    Processes of this user may listen on it if they set SO_REUSEPORT before they bind; one that does
    not is refused, and so is another supervisor. Raises CannotStart.
    """
    with ExitStack() as stack:
        try:
            taken = _taken(host, port)
        except OSError as error:
            raise cannot_listen(setting, host, port, error) from error
        for each in taken:
            stack.enter_context(each)
        yield int(taken[0].getsockname()[1])


def _taken(host: str, port: int) -> list[socket.socket]:
    """Returns a socket for each address of a host, all on one port."""
    for _ in range(_TRIES):
        number = port or _free(host)
        try:
            return _all(host, number)
        except OSError as error:
            # A free port may be taken by another process in between, or on another address.
            if port or error.errno != errno.EADDRINUSE:
                raise
    return _all(host, _free(host))


def _all(host: str, port: int) -> list[socket.socket]:
    taken: list[socket.socket] = []
    try:
        for family, address in _places(host, port):
            taken.append(_take(family, address))
    except OSError:
        for each in taken:
            each.close()
        raise
    return taken


def _take(family: int, address: tuple[object, ...]) -> socket.socket:
    """Takes an address alone, then lets others listen there that ask for it as sharers do."""
    holder = socket.socket(family, socket.SOCK_STREAM)
    try:
        # As servers do: connections that are just closed keep no port.
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            holder.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        holder.bind(address)
        # A socket that listens excludes all others. Only then is it changed to one that shares, so
        # that of two supervisors that start at once one is refused; its own SO_REUSEADDR would
        # admit servers that do not share.
        holder.listen(1)
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 0)
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        # It keeps the port and gets no connections any more.
        holder.shutdown(socket.SHUT_RDWR)
    except OSError:
        holder.close()
        raise
    return holder


def _free(host: str) -> int:
    """Returns a port that is free on the first address of a host.

    The kernel would take back one that it chose itself from a socket that ends to listen.
    """
    family, address = _places(host, 0)[0]
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.bind(address)
        return int(probe.getsockname()[1])


def _places(host: str, port: int) -> list[tuple[int, tuple[object, ...]]]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    return list(dict.fromkeys((int(each[0]), each[4]) for each in found))
