"""A terminal as the output of what runs in the test's own process."""

import os
import re
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Literal

import pytest

_CODES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


def shown_on_terminal(
    monkeypatch: pytest.MonkeyPatch,
    stream: Literal["stdout", "stderr"],
    columns: int,
    act: Callable[[], object],
) -> str:
    """Returns what a terminal of so many columns shows of an act, without its codes."""
    monkeypatch.setenv("COLUMNS", str(columns))
    monkeypatch.setenv("TERM", "xterm")
    ours, its = os.openpty()
    with ThreadPoolExecutor(1) as reader:
        shown = reader.submit(_read, ours)
        with os.fdopen(its, "w") as terminal, monkeypatch.context() as patched:
            patched.setattr(sys, stream, terminal)
            act()
        text = shown.result()
    os.close(ours)
    return _CODES.sub("", text.replace("\r\n", "\n"))


def _read(terminal: int) -> str:
    """Returns all that a terminal shows, until its other end is closed (EIO on Linux)."""
    shown = b""
    try:
        while chunk := os.read(terminal, 4096):
            shown += chunk
    except OSError:
        pass
    return shown.decode()
