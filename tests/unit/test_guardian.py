"""A process that is killed leaves no Postgres behind, and none of its data."""

import os
import select
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from cluster.embedded.guardian import guarded
from cluster.embedded.processes import ROOT

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux has a guardian")


# Each says where its data are and when its Postgres runs, and then waits to be killed; `new_imggen`
# starts Ray later, and Ray ends with its starter by itself.
_MAKERS = {
    "temporary_postgres": """
from tests.temporary_postgres import temporary_postgres

with temporary_postgres() as url:
    print(url.rpartition("host=")[2])
    print("runs", flush=True)
    input()
""",
    "new_imggen": """
from tests.integration.local_ray import new_imggen

def settings(folder):
    print(folder / "db")
    return {}

def say(line):
    if line != "starting Postgres":
        print("runs", flush=True)
        input()

with new_imggen(settings, say):
    pass
""",
}


@pytest.mark.parametrize("maker", _MAKERS)
def test_a_killed_test_session_leaves_no_server_and_no_data(maker: str) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", _MAKERS[maker]],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as session:
        assert session.stdout is not None
        data = Path(session.stdout.readline().strip())
        assert session.stdout.readline() == "runs\n"
        server = os.pidfd_open(int((data / "postmaster.pid").read_text().split()[0]))
        session.send_signal(signal.SIGKILL)
    try:
        ended, _, _ = select.select([server], [], [], 60)
        assert ended
    finally:
        with suppress(ProcessLookupError):
            signal.pidfd_send_signal(server, signal.SIGKILL)
        os.close(server)


def test_a_test_session_that_ends_in_order_leaves_no_folder() -> None:
    done = subprocess.run(
        [sys.executable, "-c", _MAKERS["temporary_postgres"]],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        input="\n",
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    assert not Path(done.stdout.splitlines()[0]).parent.exists()


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
