"""Builds: the program as it is, and copies of it in which one clause is broken on purpose."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from cluster.embedded.processes import ROOT

_PACKAGES = ("actors", "client/imggen", "cluster", "server", "tests")


@dataclass(frozen=True, slots=True)
class Edit:
    """Replaces a text in a file, which must be there that many times."""

    file: str
    old: str
    new: str
    times: int = 1


@dataclass(frozen=True, slots=True)
class Mutation:
    """Is a deliberate fault: the edits of its source, and what is done to its database."""

    name: str
    edits: tuple[Edit, ...]
    statements: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Build:
    """Is a tree of the packages that processes are started from."""

    root: Path
    name: str = ""
    statements: tuple[str, ...] = ()

    def environment(self) -> dict[str, str]:
        """Returns the environment of a process of this build, without settings of our own."""
        plain = {key: value for key, value in os.environ.items() if not key.startswith("IMGGEN_")}
        return plain | {"PYTHONPATH": f"{self.root}:{self.root / 'client'}"}


SOUND = Build(ROOT)
"""Is the checkout."""


@contextmanager
def built(mutation: Mutation | None) -> Iterator[Build]:
    """Gives the build with a mutation; the files that it leaves alone are links to the checkout.

    Raises ValueError where the code is no longer what an edit was written for.
    """
    if mutation is None:
        yield SOUND
        return
    with TemporaryDirectory(prefix="imggen-build-") as folder:
        root = Path(folder)
        for package in _PACKAGES:
            shutil.copytree(
                ROOT / package,
                root / package,
                copy_function=os.symlink,
                ignore=shutil.ignore_patterns("__pycache__"),
            )
        for edit in mutation.edits:
            _apply(edit, root)
        yield Build(root, mutation.name, mutation.statements)


def _apply(edit: Edit, root: Path) -> None:
    path = root / edit.file
    text = path.read_text()
    if text.count(edit.old) != edit.times:
        raise ValueError(
            f"{edit.file}: {edit.old!r} is there {text.count(edit.old)} times, not {edit.times};"
            " the mutation has to follow the code"
        )
    path.unlink()
    path.write_text(text.replace(edit.old, edit.new))
