"""Forked processes: gRPC does not work in one whose parent was using it with asyncio.

Its poller is a thread, which a fork leaves behind, with locks that nobody will open (1.85). So
clients that are idle let go of gRPC before a fork: then it works in the child, and the parent
connects anew. Where that cannot be, the child gets an error at once instead of waiting for ever.
"""

import gc
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Protocol
from weakref import WeakSet

import grpc.aio

from imggen.errors import ClientUnusable
from imggen.loading import LOADING

INHERITED = (
    "this process was forked while its parent was using gRPC, which does not work here: close the "
    "parent's clients before the fork, or start processes with 'spawn'"
)
_TASKS = Path("/proc/self/task")
_THREADS = ("event_engine", "grpc_global_tim", "lifeguard", "grpc_shutdown")
_ENDS_S = 5.0


class Idle(Protocol):
    """Something that can let go of gRPC while it is idle."""

    def rest(self) -> None:
        """Lets go of gRPC until the next call, if no call is under way."""


class _Process:
    """What this process has of gRPC, and what it inherited."""

    def __init__(self) -> None:
        self.idle: WeakSet[Idle] = WeakSet()
        self.channels: WeakSet[grpc.aio.Channel] = WeakSet()
        self.abandoned: list[object] = []
        self.inherited = False
        # Held while a channel is opened, and through a fork.
        self.opening = threading.Lock()
        self._at_work = False

    def before_fork(self) -> None:
        for each in list(self.idle):
            each.rest()
        self.opening.acquire()
        if _is_polled() and not self.channels:
            gc.collect()  # errors keep channels that are closed
        self._at_work = _is_polled() or not _ended()

    def in_parent(self) -> None:
        self.opening.release()

    def in_child(self) -> None:
        self.abandoned += [*self.channels, *self.idle]
        self.inherited = self.inherited or self._at_work or bool(self.channels)
        if self.inherited:
            gc.freeze()  # to collect a call of the parent's would run gRPC, and crash
        self.idle, self.channels = WeakSet(), WeakSet()
        self.opening = threading.Lock()


def _is_polled() -> bool:
    """Returns whether grpc.aio is in use, by this client or by another library.

    Its poller runs from the first channel, or server, to the end of the last.
    """
    return any(
        getattr(getattr(thread, "_target", None), "__name__", "") == "_poll_wrapper"
        for thread in threading.enumerate()
    )


def _ended() -> bool:
    """Returns whether gRPC's own threads have ended, which takes a moment; Linux shows them."""
    until = time.monotonic() + _ENDS_S
    while any(name in _THREADS for name in _thread_names()):
        if time.monotonic() > until:
            return False
        time.sleep(0.001)
    return True


def _thread_names() -> Iterator[str]:
    try:
        tasks = list(_TASKS.iterdir())
    except OSError:
        return
    for task in tasks:
        with suppress(OSError):  # it has ended
            yield (task / "comm").read_text("ascii", "replace").strip()


_process = _Process()
# Absent on Windows, which has no fork.
if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=_process.before_fork,
        after_in_parent=_process.in_parent,
        after_in_child=_process.in_child,
    )


def check() -> None:
    """Raises ClientUnusable in a process that was forked while its parent was using gRPC."""
    if _process.inherited:
        raise ClientUnusable(INHERITED)


def opened(opening: Callable[[], grpc.aio.Channel]) -> grpc.aio.Channel:
    """Opens a channel; forks wait for it."""
    with _process.opening:
        channel = opening()
        LOADING.done()
        _process.channels.add(channel)
    return channel


def closed(channel: grpc.aio.Channel) -> None:
    """Notes that a channel is closed."""
    _process.channels.discard(channel)


def rests(idle: Idle) -> None:
    """Notes something that can let go of gRPC before a fork."""
    _process.idle.add(idle)


def abandon(inherited: object) -> None:
    """Keeps something of the parent's for ever: to end it would disturb the parent."""
    _process.abandoned.append(inherited)
