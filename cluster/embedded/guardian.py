"""The guardian of a temporary folder: ends its Postgres and removes it if its maker is killed.

Run as a script it is the guardian, which needs nothing but Python.
"""

import os
import select
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_DONE = b"."
_PATIENCE_S = 30.0


@contextmanager
def guarded_folder(prefix: str, within: Path | None = None) -> Iterator[Path]:
    """Yields a new guarded folder, which is removed at the end.

    Postgres may run as another user, who cannot enter those of pytest.
    """
    with (
        tempfile.TemporaryDirectory(
            prefix=prefix, dir=within, ignore_cleanup_errors=True
        ) as folder,
        guarded(Path(folder)),
    ):
        yield Path(folder)


@contextmanager
def guarded(folder: Path) -> Iterator[None]:
    """Has a folder removed, and the Postgres servers on data in it ended, if its maker is killed.

    What ends in order removes them itself. Only Linux tells which process is such a server.
    """
    if sys.platform != "linux":
        yield
        return
    watched, held = os.pipe()  # no program that this process starts has them
    try:
        guardian = subprocess.Popen(
            [sys.executable, "-I", __file__, str(folder)],
            stdin=watched,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            # Out of reach of the signals that end its maker.
            start_new_session=True,
        )
    finally:
        os.close(watched)
    try:
        yield
        os.write(held, _DONE)
    finally:
        os.close(held)
        guardian.wait()


def _guard(folder: Path) -> None:
    """Waits until the maker of a folder has ended; ends and removes what it has left."""
    if os.read(sys.stdin.fileno(), 1) == _DONE:
        return
    for file in folder.glob("*/postmaster.pid"):
        _end_server(file)
    shutil.rmtree(folder, ignore_errors=True)


def _end_server(file: Path) -> None:
    """Ends the server that has written a file with its process id, if it still runs."""
    with suppress(OSError, ValueError, IndexError):  # it has ended, or has not begun
        process = int(file.read_text().split()[0])
        handle = os.pidfd_open(process)
        # Its id may be another process's by now; a server works in the folder of its data.
        if Path(f"/proc/{process}/cwd").resolve() == file.parent.resolve():
            for number in (signal.SIGINT, signal.SIGKILL):
                signal.pidfd_send_signal(handle, number)
                if select.select([handle], [], [], _PATIENCE_S)[0]:
                    break
        os.close(handle)


if __name__ == "__main__":
    _guard(Path(sys.argv[1]))
