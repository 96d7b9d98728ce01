"""A story's new try: a mark in its output folder, by which the next run goes on with it."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from uuid import UUID, uuid4

_MARK = ".imggen-again"


@contextmanager
def new_try(folder: Path) -> Iterator[str]:
    """Yields the key of a new try, or that of one in this folder that did not get to its end.

    The mark is there before anything is asked for, and goes once the block has ended without an
    error: whenever the process dies, the same command finds the same batch.
    """
    mark, made = folder / _MARK, not folder.exists()
    folder.mkdir(parents=True, exist_ok=True)
    key = _read(mark)
    if key is None:
        key = str(uuid4())
        mark.write_text(f"{key}\n", "ascii")
    yield key
    mark.unlink(missing_ok=True)
    if made:
        with suppress(OSError):  # pictures are in it
            folder.rmdir()


def _read(mark: Path) -> str | None:
    """Returns the key of a mark; None without one, or for one that was only half written."""
    with suppress(FileNotFoundError, ValueError):
        return str(UUID(mark.read_text("ascii").strip()))
    return None
