"""The suite that draws at the real service, here at its stand-in; nothing runs it by chance."""

import os
import subprocess
import sys
from pathlib import Path

from tests.wire.server import WireServer

ROOT = Path(__file__).parents[2]


def run(*options: str, **settings: str) -> tuple[int, str]:
    """Runs the suite under settings alone; returns its exit code and what it printed."""
    command = [sys.executable, "-m", "pytest", "tests/live", "-p", "no:cacheprovider", *options]
    clean = {name: value for name, value in os.environ.items() if not name.startswith("IMGGEN_")}
    done = subprocess.run(
        command, cwd=ROOT, env=clean | settings, capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout + done.stderr


def test_it_passes_at_the_stand_in_in_the_cheapest_quality_and_smallest_size(
    wire: WireServer,
) -> None:
    code, said = run(
        "-m", "live", IMGGEN_OPENAI_API_KEY=wire.api_key, IMGGEN_OPENAI_BASE_URL=wire.base_url
    )
    assert code == 0, said
    assert "skipped" not in said
    sent = [(one.fields["size"], one.fields["quality"]) for one in wire.journal.accepted]
    assert set(sent) == {("1024x640", "low")}


def test_without_a_key_it_is_skipped_and_says_why() -> None:
    code, said = run("-m", "live")
    assert code == 0, said
    assert "IMGGEN_OPENAI_API_KEY: not set" in said
    assert "passed" not in said


def test_it_is_not_run_unless_it_is_asked_for(wire: WireServer) -> None:
    _, said = run(IMGGEN_OPENAI_API_KEY=wire.api_key, IMGGEN_OPENAI_BASE_URL=wire.base_url)
    assert "deselected" in said
    assert wire.journal.accepted == wire.journal.probes == []
