"""The file descriptors of a process: its limit, and who may take how many.

A connection takes one. Without a bound, connections that say nothing take those of the database,
the storage and the health checks.
"""

import resource
from dataclasses import dataclass

_ENOUGH = 65_536
_OF_THE_PROCESS = 40  # its log, listeners, pollers, the listening connection, files that are read
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
