"""Prometheus' own tool, which checks metrics, rules and the tests of rules."""

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.markdown import ROOT

_AT_HAND = ROOT / ".tools" / "prometheus"


def find_promtool() -> str:
    """Returns the program; skips the test where there is none."""
    found = shutil.which("promtool", path=str(_AT_HAND)) or shutil.which("promtool")
    if found is None:
        pytest.skip("skipped: there is no promtool; `make promtool` takes it from Debian")
    return found


def promtool(*arguments: str | Path, given: str = "") -> str:
    """Returns what the program says of what it is given; empty where all is well.

    Raises AssertionError with its output where it finds a fault.
    """
    done = subprocess.run(
        [find_promtool(), *arguments], input=given, capture_output=True, check=False, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stderr
