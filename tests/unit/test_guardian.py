"""A process that is killed leaves no Postgres behind, and none of its data."""

import os
import select
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from cluster.embedded.guardian import guarded
from cluster.embedded.processes import ROOT

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux has a guardian")

_MAKER = """
from tests.temporary_postgres import temporary_postgres

with temporary_postgres() as url:
    print(url, flush=True)
    input()
"""


def test_a_killed_test_session_leaves_no_server_and_no_data() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", _MAKER],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as maker:
        assert maker.stdout is not None
        data = Path(maker.stdout.readline().strip().rpartition("host=")[2])
        server = os.pidfd_open(int((data / "postmaster.pid").read_text().split()[0]))
        maker.send_signal(signal.SIGKILL)
    ended, _, _ = select.select([server], [], [], 60)
    os.close(server)
    assert ended


def test_what_ends_in_order_is_left_to_its_maker(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    with guarded(tmp_path):
        (tmp_path / "data" / "postmaster.pid").write_text(f"{os.getpid()}\n")
    assert (tmp_path / "data").is_dir()


def test_a_process_that_works_elsewhere_is_no_server(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "postmaster.pid").write_text(f"{os.getpid()}\n")
    with pytest.raises(ValueError, match="as if killed"), guarded(tmp_path):
        raise ValueError("as if killed")
    assert not (tmp_path / "data").exists()
