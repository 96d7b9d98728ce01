"""The gateway as a child process, and the lock, ports and secrets of an embedded imggen."""

import ctypes
import fcntl
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
_ERROR = "error: "
_READY_S = 30.0
_DRAIN_S = 25.0
_GONE_S = 10.0
_LOOKS, _BETWEEN_S = 4, 0.1
_PR_SET_PDEATHSIG = 1  # linux/prctl.h
_PORTS = range(20_000, 32_768)
"""Above Ray's range of workers, below Linux's of ephemeral ports."""


MARK = "IMGGEN_EMBEDDED_IN"
"""The environment variable that marks the processes of an embedded imggen; its folder."""


class StartFailed(Exception):
    """A part that did not start; the message has the end of its log."""


@contextmanager
def only_one(folder: Path) -> Iterator[None]:
    """Locks the data against a second imggen; raises StartFailed if it is locked."""
    with (folder / "lock").open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            raise StartFailed(
                f"imggen already runs on {folder}, as process {lock.read().strip()}; "
                "stop it first, or use another --folder"
            ) from None
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield


def end_leftovers(folder: Path) -> None:
    """Kills the processes that an imggen left on the same data, under `only_one`'s lock."""
    _end(lambda: _marked(folder))


def end_users(folder: Path) -> None:
    """Kills the processes that have files open in a folder, as all those of a Ray have in its own.

    Its agents outlive it by minutes. Their environment does not show whose they are: they have
    overwritten a part of it with their title.
    """
    _end(lambda: _using(folder))


def _end(find: Callable[[], list[int]]) -> None:
    """Kills processes until none has been found several times.

    An agent that is killed before its raylet is started again by it, and a process that is just
    being started shows neither environment nor files for a moment.
    """
    deadline, clear = time.monotonic() + _GONE_S, 0
    while clear < _LOOKS and time.monotonic() < deadline:
        left = find()
        clear = 0 if left else clear + 1
        for process in left:
            with suppress(OSError):  # it has ended
                os.kill(process, signal.SIGKILL)
        time.sleep(0.02 if left else _BETWEEN_S)


def _marked(folder: Path) -> list[int]:
    """Returns the ids of the processes that run for the data in a folder."""
    mark, found = f"{MARK}={folder}".encode(), []
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it has ended, or belongs to another user
            if mark in (process / "environ").read_bytes().split(b"\0"):
                found.append(int(process.name))
    return found


def _using(folder: Path) -> list[int]:
    """Returns the ids of the other processes that have a file open in a folder, or had one."""
    inside, found = f"{folder}{os.sep}", []
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it has ended, or belongs to another user
            opened = (str(file.readlink()) for file in (process / "fd").iterdir())
            if int(process.name) != os.getpid() and any(one.startswith(inside) for one in opened):
                found.append(int(process.name))
    return found


@contextmanager
def gateway(
    environment: Mapping[str, str], folder: Path, log: Path
) -> Iterator[Callable[[], dict[str, str]]]:
    """Runs `python -m server`, and drains it at the end.

    Yields a function that waits until it listens and returns its addresses; the function raises
    StartFailed if the gateway ends or does not listen in time.
    """
    ready = folder / "gateway.json"
    ready.unlink(missing_ok=True)
    with log.open("ab") as out:
        child = subprocess.Popen(
            [sys.executable, "-m", "server", "--ready-file", str(ready)],
            cwd=ROOT,
            env={**environment},
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            # Ctrl-C reaches all processes of a terminal's session; this one is stopped in order.
            start_new_session=True,
            preexec_fn=end_with_parent,  # noqa: PLW1509  # it takes no lock
        )
        try:
            yield lambda: _await_file(child, ready, log)
        finally:
            stop(child, _DRAIN_S)
            ready.unlink(missing_ok=True)


def end_with_parent(number: signal.Signals = signal.SIGTERM) -> None:
    """Has the kernel send a signal to this process when its parent dies, even by SIGKILL."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, number)


def stop(child: "subprocess.Popen[bytes]", patience_s: float) -> None:
    """Sends SIGTERM to a child, and kills it if it has not ended after `patience_s`."""
    if child.poll() is None:
        child.send_signal(signal.SIGTERM)
        try:
            child.wait(patience_s)
        except (subprocess.TimeoutExpired, KeyboardInterrupt):
            child.kill()
            child.wait()


def _await_file(child: "subprocess.Popen[bytes]", ready: Path, log: Path) -> dict[str, str]:
    deadline = time.monotonic() + _READY_S
    while not ready.exists():
        if child.poll() is not None or time.monotonic() > deadline:
            lines = log.read_text(errors="replace").splitlines()[-5:]
            if child.poll() is not None and lines and lines[-1].startswith(_ERROR):
                raise StartFailed(f"the gateway did not start: {lines[-1].removeprefix(_ERROR)}")
            last = "\n".join(lines)
            raise StartFailed(f"the gateway did not start; {log} ends with:\n{last}")
        time.sleep(0.02)
    addresses: dict[str, str] = json.loads(ready.read_text())
    return addresses


def free_port() -> int:
    """Returns a port of 127.0.0.1 that is free at the moment.

    It is none of those that the kernel gives to sockets which name no port, and none that Ray
    gives to its workers, so that it is still free when it is used.
    """
    while True:
        port = _PORTS.start + secrets.randbelow(len(_PORTS))
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


def kept_secret(file: Path) -> str:
    """Returns the secret in a file, created if missing, so that URLs survive a restart."""
    if not file.exists():
        partial = file.with_name(f"{file.name}.partial")
        partial.touch(mode=0o600)
        partial.write_text(secrets.token_urlsafe(48))
        partial.replace(file)
    return file.read_text()


def kept_port(file: Path) -> int:
    """Returns the port in a file, or a new one that is kept there, so that URLs survive a restart.

    Where another program has taken it since, they do not.
    """
    with suppress(FileNotFoundError, ValueError):
        port = int(file.read_text())
        if port in _PORTS and _may_listen(port):
            return port
    port = free_port()
    file.write_text(f"{port}\n")
    return port


def _may_listen(port: int) -> bool:
    with socket.socket() as probe:
        # As the gateway does: connections that have just ended do not count.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True
