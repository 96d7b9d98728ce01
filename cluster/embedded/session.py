"""Running a command in a session of its own, out of reach of signals to its process group."""

import os
import signal
import sys
import time
from collections.abc import Callable, Iterable
from types import FrameType
from typing import NoReturn

from cluster.embedded.processes import end_with_parent

_ENDING = {signal.SIGINT, signal.SIGTERM, signal.SIGHUP}
_LOOK_S = 0.5


def in_own_session(command: Callable[[], int]) -> int:
    """Runs a command in a child process with its own session, and returns its exit status.

    Ctrl-C, SIGTERM and a closed terminal interrupt the command (KeyboardInterrupt). A terminal and
    `timeout` send them to the whole process group, in which Ray starts its processes; a command
    that loses those is ended by Ray after a minute, or by a segmentation fault (Ray 2.60). So the
    command and its Ray get a session of their own: a signal to the group reaches this process
    alone, which interrupts the child, and the child stops Ray in order. The child does not outlive
    this process. Call it before any thread is started: it forks.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    # By default it may be dropped even where it is blocked.
    signal.signal(signal.SIGCHLD, lambda *_: None)
    # No signal may come between the fork and the handlers.
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, {*_ENDING, signal.SIGCHLD})
    parent = os.getpid()
    child = os.fork()
    if child == 0:
        os.setsid()
        end_with_parent(signal.SIGKILL)
        if os.getppid() != parent:  # it ended before the line above
            os._exit(1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        # Not the inherited handler: the background job of a shell ignores SIGINT.
        signal.signal(signal.SIGINT, signal.default_int_handler)
        for number in _ENDING - {signal.SIGINT}:
            signal.signal(number, _end_as_ctrl_c_does)
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        sys.exit(command())
    # What is ignored stays so, as nohup leaves SIGHUP. All stay blocked: a second Ctrl-C that comes
    # once the command has ended changes nothing.
    heard = [number for number in _ENDING if signal.getsignal(number) is not signal.SIG_IGN]
    code = os.waitstatus_to_exitcode(_ended(child, heard))
    return code if code >= 0 else 128 - code  # as shells report a signal


def until_interrupted() -> NoReturn:
    """Waits for Ctrl-C, which raises KeyboardInterrupt.

    `signal.pause` would go on for ever where the signal comes just before it, or to another thread.
    """
    while True:
        time.sleep(_LOOK_S)


def _ended(child: int, heard: Iterable[signal.Signals]) -> int:
    """Interrupts a child at each of these signals, and returns the status that it ends with.

    Not by handlers: a signal that came just before `waitpid` would be handled after it.
    """
    while True:
        if signal.sigwait({*heard, signal.SIGCHLD}) != signal.SIGCHLD:
            os.kill(child, signal.SIGINT)
            continue
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return status


def _end_as_ctrl_c_does(number: int, frame: FrameType | None) -> None:
    """Handles a signal as SIGINT is handled at the moment."""
    handler = signal.getsignal(signal.SIGINT)
    (handler if callable(handler) else signal.default_int_handler)(number, frame)
