"""Processes that a killed imggen left on its data."""

import os
import subprocess
import sys
from pathlib import Path

from cluster.embedded.processes import MARK, end_leftovers

# As a raylet starts its agents again; the agents end by themselves after a minute.
RAYLET = "import subprocess\nwhile True: subprocess.Popen(['sleep', '60']).pid"


def marked(folder: Path) -> list[str]:
    """Returns the command lines of the processes of a folder's imggen."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            variables = (process / "environ").read_bytes().split(b"\0")
            if f"{MARK}={folder}".encode() in variables:
                found.append((process / "cmdline").read_text())
        except OSError:
            continue
    return found


def test_agents_that_are_started_again_meanwhile_are_ended_too(tmp_path: Path) -> None:
    environment = {**os.environ, MARK: str(tmp_path)}
    with subprocess.Popen([sys.executable, "-c", RAYLET], env=environment) as raylet:
        try:
            while len(marked(tmp_path)) < 5:
                assert raylet.poll() is None
            end_leftovers(tmp_path)
            assert marked(tmp_path) == []
        finally:
            raylet.kill()
            end_leftovers(tmp_path)
