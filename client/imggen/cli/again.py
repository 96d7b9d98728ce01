"""A story's new try: a mark in its output folder, by which the next run goes on with it."""

import os
from contextlib import suppress
from pathlib import Path
from uuid import UUID, uuid4

from imggen.cli.story_content import StoryFile

_MARK = ".imggen-again"
_STORY = 12


class Try:
    """A new try of a story, or that of an earlier run which did not get to its end.

    Its mark is there before anything is asked for, and stays until all is drawn and saved: whenever
    the process dies, and whatever failed, the same command finds the same batch. Each story has a
    mark of its own, and each server. Of several runs at once, one makes it and the others read it.
    """

    def __init__(self, folder: Path, story: StoryFile, server: str) -> None:
        which = UUID(story.request_id("try", server, *story.content()))
        self.mark = folder / f"{_MARK}-{which.hex[:_STORY]}"
        folder.mkdir(parents=True, exist_ok=True)
        self.key = _made(self.mark)

    def end(self) -> None:
        """Removes the mark: all is saved, and the next run begins a new try."""
        if _read(self.mark) == self.key:  # another run may have ended this try, and begun one
            self.mark.unlink(missing_ok=True)


def _made(mark: Path) -> str:
    """Returns the key of a mark, which is made where there is none or half of one."""
    while (key := _read(mark)) is None:
        part = mark.with_name(f".imggen-{uuid4().hex}.part")
        part.write_text(f"{uuid4()}\n", "ascii")
        try:
            with suppress(FileExistsError):
                _link(part, mark)
        finally:
            part.unlink(missing_ok=True)
    return key


def _link(part: Path, mark: Path) -> None:
    """Gives a file a second name, with all that is in it; raises FileExistsError for one in use."""
    try:
        os.link(part, mark)
    except FileExistsError:
        raise
    except OSError:  # file systems without links, for instance FAT
        with mark.open("x", encoding="ascii") as file:
            file.write(part.read_text("ascii"))


def _read(mark: Path) -> str | None:
    """Returns the key of a mark; None without one, or for one that was only half written."""
    try:
        return str(UUID(mark.read_text("ascii").strip()))
    except FileNotFoundError:
        return None
    except ValueError:
        mark.unlink(missing_ok=True)
        return None
