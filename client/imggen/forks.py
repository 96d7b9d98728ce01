"""Forked processes: gRPC does not work in one whose parent was using it with asyncio.

Its poller is a thread, which a fork leaves behind, with locks that nobody will open (1.85). So
clients that are idle let go of gRPC before a fork: then it works in the child, and the parent
connects anew. Where that cannot be, the child gets an error at once instead of waiting for ever.

Channels without asyncio, of other libraries, hinder nobody where gRPC handles forks itself; where
it does not, its threads serve them, too, and are left behind in the same way.
"""

import gc
import os
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Protocol
from weakref import WeakSet, ref

from imggen.errors import ClientUnusable
from imggen.loading import HANDLES_FORKS, grpc

INHERITED = (
    "this process was forked while its parent was using gRPC, which does not work here: close the "
    "parent's clients before the fork, or start processes with 'spawn'"
)
_TASKS = Path("/proc/self/task")
_THREADS = ("event_engine", "grpc_global_tim", "lifeguard", "grpc_shutdown")
_ENDS_S = 5.0
# So long they may take under load; who lets go of no channel does not wait for it.
_ENDS_SOON_S = 0.1


class Idle(Protocol):
    """Something that can let go of gRPC while it is idle."""

    def rest(self) -> None:
        """Lets go of gRPC until the next call, if no call is under way."""


class _Process:
    """What this process has of gRPC, and what it inherited."""

    def __init__(self) -> None:
        self.idle: WeakSet[Idle] = WeakSet()
        self.channels: WeakSet[grpc.aio.Channel] = WeakSet()
        # It holds itself: even the end of the interpreter, which closes channels, leaves it alone.
        self.abandoned: list[object] = []
        self.abandoned.append(self.abandoned)
        self.inherited = False
        self.threads = _Threads()
        # Held while a channel is opened, and through a fork.
        self.opening = threading.Lock()
        self._at_work = False

    def before_fork(self) -> None:
        for each in list(self.idle):
            each.rest()
        self.opening.acquire()
        if _is_polled() and not self.channels:
            gc.collect()  # errors keep channels that are closed
        self._at_work = _is_polled() or not (HANDLES_FORKS or self.threads.ended())

    def in_parent(self) -> None:
        self.opening.release()

    def in_child(self) -> None:
        self.abandoned += [*self.channels, *self.idle]
        self.inherited = self.inherited or self._at_work or bool(self.channels)
        if self.inherited:
            gc.freeze()  # to collect a call of the parent's would run gRPC, and crash or wait
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


class _Threads:
    """gRPC's own threads, which end a moment after its last channel; Linux shows them."""

    def __init__(self) -> None:
        # Whether this client has closed a channel since they were last waited for.
        self.ending = False
        self._lasting: set[str] = set()
        self._other: Callable[[], object] = lambda: None

    def ended(self) -> bool:
        """Returns whether they have ended; waits for those that are about to."""
        began = time.monotonic()
        soon = began + (_ENDS_SOON_S if self.ending else 0.0)
        self.ending, looked = False, False
        while waited := _threads() - self._lasting:
            now = time.monotonic()
            if now >= soon and not looked:
                looked = True
                if self._serve_others():
                    return False
            if now > began + _ENDS_S:
                self._lasting |= waited  # no other fork waits for them
                return False
            time.sleep(0.001)
        self._lasting &= _threads()
        return not self._lasting

    def _serve_others(self) -> bool:
        """Returns whether there is a channel or a server without asyncio, which no client has."""
        if self._other() is None:
            kinds = {*grpc.Channel.__subclasses__(), *grpc.Server.__subclasses__()}
            for thing in gc.get_objects():
                if type(thing) in kinds:
                    self._other = ref(thing)
                    break
        return self._other() is not None


def _threads() -> set[str]:
    """Returns the ids of gRPC's own threads."""
    try:
        return {task.name for task in _TASKS.iterdir() if _name_of(task) in _THREADS}
    except OSError:
        return set()


def _name_of(task: Path) -> str:
    with suppress(OSError):  # it has ended
        return (task / "comm").read_text("ascii", "replace").strip()
    return ""


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
        _process.channels.add(channel)
    return channel


def closed(channel: grpc.aio.Channel) -> None:
    """Notes that a channel is closed."""
    _process.channels.discard(channel)
    _process.threads.ending = True


def rests(idle: Idle) -> None:
    """Notes something that can let go of gRPC before a fork."""
    _process.idle.add(idle)


def abandon(inherited: object) -> None:
    """Keeps something of the parent's for ever: to end it would disturb the parent."""
    _process.abandoned.append(inherited)
