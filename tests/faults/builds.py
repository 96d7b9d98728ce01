"""Builds: the checkout, and copies of it in which one clause is broken on purpose."""

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
    """A replacement of a text in a file, which must hold it `times` times."""

    file: str
    old: str
    new: str
    times: int = 1


@dataclass(frozen=True, slots=True)
class Mutation:
    """A deliberate change: edits of the source, new files, and statements run on the database."""

    name: str
    edits: tuple[Edit, ...]
    statements: tuple[str, ...] = ()
    files: tuple[tuple[str, str], ...] = ()
    """What is added to the source: each file's path and text."""


@dataclass(frozen=True, slots=True)
class Build:
    """A tree of packages that processes are started from."""

    root: Path
    name: str = ""
    statements: tuple[str, ...] = ()

    def environment(self) -> dict[str, str]:
        """Returns the environment of a process of this build, without inherited settings."""
        plain = {key: value for key, value in os.environ.items() if not key.startswith("IMGGEN_")}
        return plain | {"PYTHONPATH": f"{self.root}:{self.root / 'client'}"}


SOUND = Build(ROOT)
"""The checkout."""


@contextmanager
def built(mutation: Mutation | None) -> Iterator[Build]:
    """Yields the build with a mutation; unchanged files are links to the checkout.

    So is their bytecode, which fits them by time and size; Python replaces a link that no longer
    does. Raises ValueError when an edit no longer matches the code.
    """
    if mutation is None:
        yield SOUND
        return
    with TemporaryDirectory(prefix="imggen-build-") as folder:
        root = Path(folder)
        for package in _PACKAGES:
            shutil.copytree(ROOT / package, root / package, copy_function=os.symlink)
        for edit in mutation.edits:
            _apply(edit, root)
        for path, text in mutation.files:
            (root / path).write_text(text)
        yield Build(root, mutation.name, mutation.statements)


def _apply(edit: Edit, root: Path) -> None:
    path = root / edit.file
    text = path.read_text()
    if text.count(edit.old) != edit.times:
        raise ValueError(
            f"{edit.file}: {edit.old!r} occurs {text.count(edit.old)} times, not {edit.times};"
            " update the mutation in tests/faults/mutations.py"
        )
    path.unlink()
    path.write_text(text.replace(edit.old, edit.new))
