"""The exit codes of the command; `imggen --help` and the client's README show this table."""

from collections.abc import Mapping
from types import MappingProxyType

DONE = 0
FAILED = 1
USAGE = 2
LOST = 3
INTERRUPTED = 130
UNREAD = 141

EXITS: Mapping[int, str] = MappingProxyType(
    {
        DONE: "done",
        FAILED: "an error of the service or of a file, a picture that was not drawn, or one that"
        " `verify` finds changed",
        USAGE: "wrong usage, or a story file with errors; nothing was asked for",
        LOST: "with --strict: all was drawn, but not everything as told",
        INTERRUPTED: "Ctrl-C; the job or the batch goes on",
        UNREAD: "the reader of the pipe ended before the output, as `head` does",
    }
)
"""What each code means."""


def exit_table() -> str:
    """Returns the codes as lines of a help text."""
    return "\n".join(f"  {code:<4} {meaning}" for code, meaning in EXITS.items())
