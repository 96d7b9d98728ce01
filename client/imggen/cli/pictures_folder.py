"""A folder of pictures that the command saves, where nothing is overwritten without asking."""

import errno
from pathlib import Path

import click

from imggen.cli.consoles import echo
from imggen.cli.file_names import FileNames, with_id
from imggen.cli.output_files import check_folder, why
from imggen.downloading import whole_file
from imggen.errors import ImggenError
from imggen.fields import AssetKindName
from imggen.sync import SyncClient

_SUFFIXES = {b"\x89PNG\r\n\x1a\n": ".png", b"\xff\xd8\xff": ".jpg"}
"""The endings of pictures, by the first bytes of their files."""


class Pictures:
    """Saves pictures to a folder, each to a file of its own.

    A file that holds anything else, an earlier picture too, is overwritten with `force` alone: the
    picture gets another name. `failed` has a line for each that could not be saved.
    """

    def __init__(self, folder: Path, kind: AssetKindName, *, force: bool = False) -> None:
        self.folder = folder
        self.failed: list[str] = []
        self._kind: AssetKindName = kind
        self._suffix = ".png" if kind == "original" else ".jpg"
        self._force = force
        self._names = FileNames()

    def check(self) -> None:
        """Raises CannotSave where nothing can be saved there."""
        check_folder(self.folder)

    def name(self, text: str, image_id: str) -> str:
        """Returns the name of a picture's file, for instance `page-3.jpg`; no other one has it.

        Its ending is that of most pictures; `save` gives it the picture's own.
        """
        return self._names.of(text, image_id, self._suffix)

    def save(self, client: SyncClient, image_id: str, name: str) -> Path | None:
        """Saves a picture, or says why not on stderr and returns None."""
        path = self.folder / name
        try:
            data = client.download(image_id, kind=self._kind)
            path = _ending(path, data)
            self.folder.mkdir(parents=True, exist_ok=True)
            path = self._free(path, image_id, data)
            with whole_file(path) as file:
                file.write(data)
        except (OSError, ValueError, ImggenError) as error:  # ValueError: no name for a file
            reason = error.message if isinstance(error, ImggenError) else why(error)
            self.failed.append(f"{path} was not saved: {reason}")
            _note(self.failed[-1])
            return None
        return path

    def end(self) -> None:
        """Exits with code 1 where a picture could not be saved."""
        if self.failed:
            raise click.exceptions.Exit(1)

    def _free(self, path: Path, image_id: str, data: bytes) -> Path:
        """Returns a path that may be written: this one, or one with the image's id."""
        if self._may_write(path, data):
            return path
        other = path.with_name(f"{with_id(path.stem, image_id, path.suffix)}{path.suffix}")
        if not self._may_write(other, data):
            raise FileExistsError(errno.EEXIST, "is there already; --force overwrites it")
        _note(f"{path} is kept: it is an earlier picture, or another file; --force overwrites it")
        return other

    def _may_write(self, path: Path, data: bytes) -> bool:
        if self._force or not path.exists():
            return True
        return path.is_file() and path.read_bytes() == data


def _ending(path: Path, data: bytes) -> Path:
    """Returns a path with the ending of its picture: one with transparent parts is a PNG."""
    for start, suffix in _SUFFIXES.items():
        if data.startswith(start):
            return path.with_suffix(suffix)
    return path.with_suffix(".webp") if data[8:12] == b"WEBP" else path


def _note(text: str) -> None:
    echo(f"imggen: {text}", err=True)
