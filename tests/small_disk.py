"""A disk of a few megabytes: a file system of its own, which only root can mount."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


@contextmanager
def small_disk(folder: Path, megabytes: int, *, options: str = "") -> Iterator[Path]:
    """Mounts a disk on a new folder and yields it; skips the test where that is not allowed."""
    folder.mkdir()
    wanted = f"size={megabytes}m{options}"
    mount = ["mount", "-t", "tmpfs", "-o", wanted, "imggen-tests", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("mounting a small disk needs root, and a machine that allows it")
    try:
        yield folder
    finally:
        # A file that is still open keeps it from being unmounted, but not from going away.
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def remount(folder: Path, options: str) -> None:
    """Changes the options of a disk, such as `ro`."""
    subprocess.run(["mount", "-o", f"remount,{options}", str(folder)], check=True)


def fill(folder: Path) -> Path:
    """Fills a disk and returns the file that does it."""
    filler = folder / "filler"
    with filler.open("wb") as file:
        try:
            while True:
                file.write(bytes(1 << 16))
                file.flush()
        except OSError:
            return filler
