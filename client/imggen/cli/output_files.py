"""Files that the command writes: whether it may, looked at before anything is asked for."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from uuid import uuid4

import click

_PROBE = b"\0" * 2**20
_FORCE = "imggen.force"


class CannotSave(click.ClickException):
    """A file or folder to which nothing can be saved; nothing was asked for yet."""

    exit_code = 2


def _keep_force(context: click.Context, option: click.Parameter, given: bool) -> None:
    context.meta[_FORCE] = given


# Read first, since what is written to is checked as it is read.
force_option = click.option(
    "--force",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_keep_force,
    help="Overwrite files that are there already.",
)


def forced() -> bool:
    """Returns whether the running command has --force."""
    return bool(click.get_current_context().meta.get(_FORCE))


def checked_file(context: click.Context, option: click.Parameter, path: Path | None) -> Path | None:
    """Returns the file that an option names; raises CannotSave, before anything is asked for."""
    if path is not None and not context.resilient_parsing:
        check_file(path, force=bool(context.meta.get(_FORCE)))
    return path


def _refuse_dash(path: Path) -> None:
    """Refuses `-`, which other commands take for stdout: it would be a file that is named so."""
    if str(path) == "-":
        raise CannotSave("- stands for stdout, and pictures are saved to files; give a name")


def check_file(path: Path, *, force: bool) -> None:
    """Raises CannotSave for a file that cannot be written, or that `force` alone overwrites."""
    _refuse_dash(path)
    with _told(path, "give another file"):
        if path.exists() and not path.is_file():
            raise FileExistsError(errno.EEXIST, "is there, and is no file")
        if path.exists() and not force:
            raise CannotSave(f"{path} is there already; use another name, or --force")
        if not path.parent.is_dir():
            raise FileNotFoundError(errno.ENOENT, f"there is no folder {path.parent}")
        _try_writing(path.parent)
        if not path.exists():  # a name may be too long, or hold what the file system refuses
            path.open("xb").close()
            path.unlink()


def check_folder(path: Path) -> None:
    """Raises CannotSave for a folder that cannot be made, or in which nothing can be written."""
    _refuse_dash(path)
    with _told(path, "give another folder with --output"):
        made = [each for each in (path, *path.parents) if not each.exists()]
        try:
            path.mkdir(parents=True, exist_ok=True)
            _try_writing(path)
        finally:
            for each in made:  # it is made again once there are pictures
                with suppress(OSError):  # there is none, or somebody else has used it
                    each.rmdir()


def why(error: OSError | ValueError) -> str:
    """Returns the words of the operating system for an error, without its number.

    A ValueError is one of a name that cannot be that of a file.
    """
    return ((isinstance(error, OSError) and error.strerror) or str(error)).lower()


def _try_writing(folder: Path) -> None:
    """Writes a megabyte to a folder and removes it: a full disk may still take a name."""
    probe = folder / f".imggen-{uuid4().hex}.part"
    try:
        with probe.open("xb") as file:
            file.write(_PROBE)
            file.flush()
            os.fsync(file.fileno())
    finally:
        probe.unlink(missing_ok=True)


@contextmanager
def _told(path: Path, hint: str) -> Iterator[None]:
    """Says of the operating system's errors what they were about and what to do."""
    try:
        yield
    except (OSError, ValueError) as error:
        raise CannotSave(f"cannot save to {path}: {why(error)}; {hint}") from error
