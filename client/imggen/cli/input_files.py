"""Files that people hand to the command: read, or refused with the line and what to do."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from imggen.certificates import are_certificates
from imggen.cli.consoles import echo

_MOST_BYTES = 8 * 2**20
_WORDS_SHOWN = 20
_MARKS = (
    (b"\xef\xbb\xbf", "utf-8"),
    (b"\xff\xfe\x00\x00", "utf-32-le"),
    (b"\x00\x00\xfe\xff", "utf-32-be"),
    (b"\xff\xfe", "utf-16-le"),
    (b"\xfe\xff", "utf-16-be"),
)
"""Byte order marks; the longer ones come first."""
_OTHERS = {
    b"\x89PNG": "a PNG picture",
    b"\xff\xd8\xff": "a JPEG picture",
    b"GIF8": "a GIF picture",
    b"%PDF": "a PDF document",
    b"PK\x03\x04": "a ZIP archive or an office document",
    b"\x1f\x8b": "compressed with gzip",
}


class FileWrong(click.ClickException):
    """A file with errors; the message has a line for each, with its line number."""

    exit_code = 2

    def __init__(self, wrong: Sequence[str]) -> None:
        super().__init__("\n".join(wrong))

    def show(self, file: Any = None) -> None:
        """Prints `file:line: ...` without a prefix, so that editors can jump there."""
        echo(self.message, err=True)


def read_text(path: Path) -> str:
    """Returns the text of a file in UTF-8, or in UTF-16 or UTF-32; raises FileWrong."""
    data = read_bytes(path)
    for start, what in _OTHERS.items():
        if data.startswith(start):
            raise FileWrong([f"{path}:1: is {what}; it must be a text file, in UTF-8"])
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return _decoded(path, data[len(mark) :], encoding)
    return _decoded(path, data, _unmarked(data))


def read_bytes(path: Path, most: int = _MOST_BYTES) -> bytes:
    """Returns what is in a file, a pipe or a device; raises FileWrong, also where it is too much.

    A pipe that nobody writes to is empty.
    """
    try:
        with open(path, "rb", opener=_without_waiting) as file:
            data = file.read(most + 1)
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise FileWrong([f"{path}: cannot be read: {why}"]) from error
    if len(data) > most:
        raise FileWrong([f"{path}: has more than {most // 2**20} MiB; is it the right file?"])
    return data


def read_certificates(path: Path) -> bytes:
    """Returns the CA certificates in a PEM file; raises UsageError for what holds none."""
    data = read_bytes(path)
    if not are_certificates(data):
        wrong = f"{path} holds no CA certificates in PEM, `-----BEGIN CERTIFICATE-----` and so on"
        raise click.UsageError(wrong)
    return data


def _without_waiting(path: str, flags: int) -> int:
    """Opens a file as open() does, but does not wait for somebody to write to a pipe."""
    if not hasattr(os, "O_NONBLOCK"):  # as on Windows, which has no such pipes
        return os.open(path, flags)
    opened = os.open(path, flags | os.O_NONBLOCK)
    os.set_blocking(opened, True)
    return opened


def _unmarked(data: bytes) -> str:
    """Returns the encoding of a text without a mark: what is ASCII has a zero in UTF-16."""
    start = data[:256]
    low, high = start[::2].count(0), start[1::2].count(0)
    if max(low, high) * 4 < len(start) or min(low, high):
        return "utf-8"
    return "utf-16-le" if high else "utf-16-be"


def _decoded(path: Path, data: bytes, encoding: str) -> str:
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        before = data[: error.start].decode(encoding, "ignore")
        raise FileWrong([_undecoded(path, before, data[error.start], encoding)]) from error
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise FileWrong([f"{path}:{line}: has a zero byte; it must be a text file, in UTF-8"])
    return text


def _undecoded(path: Path, before: str, byte: int, encoding: str) -> str:
    """Returns what is wrong with a byte after the text before it."""
    line, last = before.count("\n") + 1, before.rpartition("\n")[2].split()
    near = f' after "{last[-1][-_WORDS_SHOWN:]}"' if last else ""
    wrong = f"{path}:{line}: is not {encoding.upper()}: byte 0x{byte:02X}{near}; save it as UTF-8"
    if encoding != "utf-8":
        return wrong
    return f"{wrong} (from Windows-1252: iconv -f CP1252 -t UTF-8 {path.name})"
