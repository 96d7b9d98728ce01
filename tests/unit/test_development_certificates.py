"""The development certificate of a folder is one, whoever else makes it at the same moment."""

import stat
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from actors.credentials.development import Development

NOW = datetime(2026, 11, 30, tzinfo=UTC)
ROUNDS = 8
KEEP = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from actors.credentials.development import Development

for folder in sys.stdin:
    made = Development.kept(Path(folder.strip()), datetime(2026, 11, 30, tzinfo=UTC))
    print(repr(made), flush=True)
"""


def damaged(folder: Path) -> None:
    folder.mkdir()
    (folder / "development.pem").write_text("damaged")


def ending(folder: Path) -> None:
    Development.kept(folder, NOW - timedelta(days=3640))


def nothing(folder: Path) -> None:
    """Leaves the folder to be made."""


@pytest.mark.parametrize("before", [nothing, damaged, ending])
def test_processes_that_start_at_once_have_one_certificate(tmp_path: Path, before: object) -> None:
    assert callable(before)
    pipe = subprocess.PIPE
    command = [sys.executable, "-c", KEEP]
    both = [subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) for _ in range(2)]
    for folder in (tmp_path / str(round_) for round_ in range(ROUNDS)):
        before(folder)
        for one in both:
            assert one.stdin is not None
            one.stdin.write(f"{folder}\n")
            one.stdin.flush()
        told = [one.stdout.readline().strip() for one in both if one.stdout]
        kept = Development.kept(folder, NOW)
        assert told == [repr(kept), repr(kept)]
        assert (folder / "development-root.pem").read_bytes() == kept.root
        assert stat.S_IMODE((folder / "development.pem").stat().st_mode) == 0o600
        assert len(list(folder.iterdir())) == 2
    for one in both:
        one.communicate(timeout=60)
        assert one.returncode == 0
