"""The file descriptors of a process: its limit, and who may take how many.

A connection takes one. Without a bound, connections that say nothing take those of the database,
the storage and the health checks.
"""

import os
import resource
import socket
import stat
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

_ENOUGH = 65_536
_OF_THE_PROCESS = 40  # its log, listeners, pollers, the listening connection, files that are read
_DESCRIPTORS = Path("/dev/fd")
_MOST_MEDIA, _MOST_MONITOR = 1_000, 100


@dataclass(frozen=True, slots=True)
class Shares:
    """The most connections of each port."""

    grpc: int
    media: int
    monitor: int


def raise_file_limit() -> int:
    """Raises the soft limit of open files as far as it is of use and allowed; returns it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY:
        return _ENOUGH
    most = _ENOUGH if hard == resource.RLIM_INFINITY else min(hard, _ENOUGH)
    if most > soft:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
    return max(soft, most)


def shares(limit: int, database_connections: int) -> Shares:
    """Divides the descriptors that the process and its database leave; an eighth stays free."""
    spare = max(limit - _OF_THE_PROCESS - database_connections, limit // 4)
    return Shares(
        grpc=max(spare // 2, 1),
        media=max(min(spare // 4, _MOST_MEDIA), 1),
        monitor=max(min(spare // 8, _MOST_MONITOR), 1),
    )


def file_limit() -> int:
    """Returns how many files may be open now."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return _ENOUGH if soft == resource.RLIM_INFINITY else soft


def hang_up(port: int) -> None:
    """Ends the connections that this process has accepted on a port."""
    for each in sockets_of(port):
        with suppress(OSError):  # it has ended by itself
            each.shutdown(socket.SHUT_RDWR)


def sockets_of(port: int, folder: Path = _DESCRIPTORS) -> Iterator[socket.socket]:
    """Yields the sockets of this process at a port; they are lent, and not to be kept or closed.

    `folder` is where the system lists descriptors.
    """
    for number in open_descriptors(folder):
        try:
            if not stat.S_ISSOCK(os.fstat(number).st_mode):
                continue
            found = socket.socket(fileno=number)
        except OSError:  # it has been closed, as that of the listing
            continue
        try:
            if _is_at(found, port):
                yield found
        finally:
            found.detach()


def open_descriptors(folder: Path = _DESCRIPTORS) -> Sequence[int]:
    """Returns the descriptors that are open, or all possible ones where the system cannot say.

    It cannot in a container without /proc, nor to a process that has no descriptor left.
    """
    try:
        return [int(each.name) for each in folder.iterdir()]
    except OSError:
        return range(file_limit())


def _is_at(found: socket.socket, port: int) -> bool:
    with suppress(OSError):
        if found.family in (socket.AF_INET, socket.AF_INET6):
            return bool(found.getsockname()[1] == port)
    return False
