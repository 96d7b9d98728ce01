"""A Postgres server for the length of a block."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cluster.embedded.postgres import embedded_postgres


@contextmanager
def temporary_postgres() -> Iterator[str]:
    """Yields the URL of a Postgres server on new data, which are removed at the end."""
    # Not in pytest's folder: Postgres may run as another user, who cannot enter it.
    with (
        tempfile.TemporaryDirectory(
            prefix="imggen-postgres-", ignore_cleanup_errors=True
        ) as folder,
        embedded_postgres(Path(folder) / "data") as url,
    ):
        yield url
