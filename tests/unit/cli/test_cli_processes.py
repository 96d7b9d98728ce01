"""The `imggen` command in a process of its own: interrupts, and a terminal."""

import json
import os
import signal
import subprocess
import sys

import pytest

from imggen import SyncClient
from imggen.testing import FakeService


def process(
    *arguments: str, stderr: int = subprocess.PIPE, **environment: str
) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, *arguments],
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=stderr,
        text=True,
    )


@pytest.mark.skipif(sys.platform == "win32", reason="Windows interrupts no single process")
def test_an_interrupt_leaves_the_job_and_says_how_to_cancel_it(
    fake: FakeService, client: SyncClient, mia: str
) -> None:
    fake.hold()
    job = client.generate_portrait(mia, style="anime").job_id
    watching = process("-m", "imggen.cli", "watch", job, "--json", "--server", fake.target)
    with watching:
        assert watching.stdout is not None
        assert watching.stderr is not None
        assert json.loads(watching.stdout.readline())["job"]["status"] == "JOB_STATUS_QUEUED"
        watching.send_signal(signal.SIGINT)
        errors = watching.stderr.read()
        assert watching.wait(30) == 130, errors
    assert f"the job continues. Cancel it: imggen cancel {job}" in errors
    assert "Traceback" not in errors
    assert client.cancel(job).status


@pytest.mark.skipif(sys.platform == "win32", reason="Windows interrupts no single process")
def test_events_are_followed_until_an_interrupt_which_says_how_to_resume(
    fake: FakeService, client: SyncClient, mia: str
) -> None:
    job = client.generate_portrait(mia, style="anime")
    client.wait(job)
    arguments = ("-m", "imggen.cli", "events", "--server", fake.target)
    with process(*arguments, "--after", "oldest", "--kind", "job", "--json") as following:
        assert following.stdout is not None
        assert following.stderr is not None
        events = [json.loads(following.stdout.readline()) for _ in range(3)]
        assert [one["job"]["status"] for one in events] == [
            *("JOB_STATUS_QUEUED", "JOB_STATUS_PROCESSING", "JOB_STATUS_COMPLETED")
        ]
        following.send_signal(signal.SIGINT)
        errors = following.stderr.read()
        assert following.wait(30) == 130, errors
    told = json.loads(errors.splitlines()[-1])["error"]["message"]
    resumed = told.rpartition("resume with: imggen events --after event-")[2].split()
    assert resumed[1:] == ["--kind", "job", "--server", fake.target, "--json"]
    assert "Traceback" not in errors
    client.delete_image(job.image_id)
    with process(*arguments, "--after", events[-1]["cursor"]) as following:
        assert following.stdout is not None
        line = following.stdout.readline()
        following.send_signal(signal.SIGINT)
        assert following.wait(30) == 130
    assert line.split("\t")[1:4] == ["image", job.image_id, "deleted"]


def test_a_terminal_shows_a_bar_with_stages_and_steps(
    fake: FakeService, client: SyncClient, mia: str
) -> None:
    fake.hold()
    job = client.generate_portrait(mia, style="anime").job_id
    terminal, end = os.openpty()
    with process(
        *("-m", "imggen.cli", "watch", job, "--server", fake.target), TERM="xterm", stderr=end
    ) as watching:
        os.close(end)
        shown = ""
        while chunk := read_terminal(terminal):
            shown += chunk
            if "queued" in shown:
                fake.release()
    os.close(terminal)
    assert watching.returncode == 0
    assert "0 %" in shown


def read_terminal(terminal: int) -> str:
    """Returns the next text of a terminal; empty once the other end is closed (EIO on Linux)."""
    try:
        return os.read(terminal, 4096).decode(errors="replace")
    except OSError:
        return ""


@pytest.mark.parametrize("library", ["click", "rich"])
def test_without_the_extra_the_command_names_it(library: str) -> None:
    code = f"import sys; sys.modules[{library!r}] = None; from imggen.cli import main; main()"
    with process("-c", code) as without:
        _, errors = without.communicate(timeout=30)
    assert without.returncode == 1
    needed = "pip install 'click>=8.1' 'pyyaml>=6.0' 'rich>=13.7'"
    assert errors == f"imggen: the command needs {library}: {needed}\n"
