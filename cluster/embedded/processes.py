"""The gateway as a child process, and what the processes of one machine agree on."""

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
_READY_S = 30.0
_DRAIN_S = 25.0
_PR_SET_PDEATHSIG = 1  # linux/prctl.h


MARK = "IMGGEN_EMBEDDED_IN"
"""The variable by which the processes of an embedded imggen are known: its folder."""


class StartFailed(Exception):
    """Says which part did not start, and what its log says last."""


@contextmanager
def only_one(folder: Path) -> Iterator[None]:
    """Keeps a second imggen away from the same data; raises StartFailed."""
    with (folder / "lock").open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            raise StartFailed(
                f"imggen runs on {folder} already, as process {lock.read().strip()}; "
                "stop it first, or use another --folder"
            ) from None
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield


def end_leftovers(folder: Path) -> None:
    """Ends what an imggen on the same data left when it was killed; needs the lock of `only_one`.

    Ray's agents outlive their Ray by minutes.
    """
    mark = f"{MARK}={folder}".encode()
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it has ended, or is somebody else's
            if mark in (process / "environ").read_bytes().split(b"\0"):
                os.kill(int(process.name), signal.SIGKILL)


@contextmanager
def gateway(
    environment: Mapping[str, str], folder: Path, log: Path
) -> Iterator[Callable[[], dict[str, str]]]:
    """Runs `python -m server`, and drains it at the end.

    Gives what waits until it listens and then returns its addresses; that raises StartFailed
    when it ends or does not listen in time.
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
            # Ctrl-C reaches every process of a terminal's group; this one is stopped in its turn.
            start_new_session=True,
            preexec_fn=_end_with_parent,  # noqa: PLW1509  # it takes no lock
        )
        try:
            yield lambda: _await_file(child, ready, log)
        finally:
            stop(child, _DRAIN_S)
            ready.unlink(missing_ok=True)


def _end_with_parent() -> None:
    """Has the kernel send SIGTERM to this process when its parent dies, be it by SIGKILL."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def stop(child: "subprocess.Popen[bytes]", patience_s: float) -> None:
    """Asks a child to end, and ends it when it does not."""
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
            last = "\n".join(log.read_text(errors="replace").splitlines()[-5:])
            raise StartFailed(f"the gateway did not start; {log} ends with:\n{last}")
        time.sleep(0.02)
    addresses: dict[str, str] = json.loads(ready.read_text())
    return addresses


def free_port() -> int:
    """Returns a port of 127.0.0.1 that nobody listens on at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def kept_secret(file: Path) -> str:
    """Returns the secret in a file, made when there is none, so that URLs outlive a restart."""
    if not file.exists():
        partial = file.with_name(f"{file.name}.partial")
        partial.touch(mode=0o600)
        partial.write_text(secrets.token_urlsafe(48))
        partial.replace(file)
    return file.read_text()
