"""`python -m cluster.embedded.local` in a terminal: its output, and the processes it leaves."""

import os
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

import asyncpg
import pytest
from PIL import Image

from cluster.embedded.guardian import guarded_folder
from cluster.embedded.postgres import embedded_postgres
from cluster.embedded.processes import MARK, ROOT

_DEADLINE_S = 240.0
_NOISE = re.compile(r"raylet|serve \d+|Warning|Traceback|\bINFO\b|^[IWE]\d{4} |\x1b")


@dataclass
class Command:
    """A run of the command in its own process group, as a shell starts it."""

    child: "subprocess.Popen[str]"
    mark: str
    lines: list[str] = field(default_factory=list)

    def reads(self, text: str) -> str:
        """Reads until a line contains the text, and returns that line."""
        assert self.child.stdout is not None
        for line in self.child.stdout:
            self.lines.append(line.rstrip("\n"))
            if text in line:
                return line
        raise AssertionError(f'no "{text}" in: {self.lines}')

    def ends(self) -> int:
        """Reads to the end and returns the exit status."""
        assert self.child.stdout is not None
        self.lines += [line.rstrip("\n") for line in self.child.stdout]
        return self.child.wait(_DEADLINE_S)

    def interrupt(self) -> None:
        """Sends SIGINT to the whole group, as Ctrl-C does."""
        os.killpg(self.child.pid, signal.SIGINT)

    def left(self) -> list[str]:
        """Returns the command lines of its processes that still run."""
        found = []
        for process in Path("/proc").glob("[0-9]*"):
            try:
                ours = f"IMGGEN_TEST_RUN={self.mark}".encode() in (process / "environ").read_bytes()
                words = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            except OSError:
                continue
            if ours and words:
                found.append(words)
        return found


@pytest.fixture
def folder() -> Iterator[Path]:
    with guarded_folder("imggen-local-") as folder:
        yield folder


@contextmanager
def started(command: str, folder: Path, **settings: str) -> Iterator[Command]:
    mark = uuid4().hex
    child = subprocess.Popen(
        [sys.executable, "-m", "cluster.embedded.local", command, "--folder", str(folder)],
        cwd=ROOT,
        env={**os.environ, "IMGGEN_TEST_RUN": mark, **settings},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    # `with` waits for the child, so one that a failed test leaves behind is killed within it.
    with child:
        try:
            running = Command(child, mark)
            yield running
            if child.poll() is None:
                running.interrupt()
                running.ends()
        finally:
            if child.poll() is None:
                child.kill()


async def rows(folder: Path, query: str) -> list[tuple[object, ...]]:
    with embedded_postgres(folder / "db") as url:
        connection = await asyncpg.connect(url)
        try:
            return [tuple(row) for row in await connection.fetch(query)]
        finally:
            await connection.close()


async def test_a_demo_ends_with_its_pictures_and_a_second_one_keeps_them(folder: Path) -> None:
    sheets = []
    for _ in range(2):
        with started("demo", folder) as demo:
            assert demo.ends() == 0, demo.lines
        sheets.append(next(line for line in demo.lines if line.endswith("contact-sheet.png")))
        assert [line for line in demo.lines if line.endswith(".png")][-1] == sheets[-1]
        assert not [line for line in demo.lines if _NOISE.search(line)]
        assert re.search(r"  done in \d+ s$", demo.lines[-1])
        assert demo.left() == []
    assert len(set(sheets)) == 2
    for sheet in sheets:
        with Image.open(sheet) as picture:
            assert picture.width > 1500
        assert len(list(Path(sheet).parent.glob("*.jpg"))) == 5
    statuses = await rows(folder, "SELECT status, count(*) FROM images GROUP BY 1")
    assert statuses == [("completed", 8)]  # the second demo finds its portraits


async def test_ctrl_c_in_the_middle_of_a_render_leaves_nothing_running(folder: Path) -> None:
    with started("demo", folder) as demo:
        demo.reads(": rendering")
        demo.interrupt()
        assert demo.ends() == 130, demo.lines
    assert not [line for line in demo.lines if _NOISE.search(line)]
    assert demo.left() == []
    [(processing,)] = await rows(
        folder, "SELECT count(*) FROM image_generation_jobs WHERE status = 'processing'"
    )
    assert processing == 0
    with started("up", folder) as up:
        up.reads("imggen answers on")
        up.reads("Ctrl-C")
        up.child.terminate()
        assert up.ends() == 130, up.lines
    assert up.left() == []


def test_a_second_ctrl_c_stops_at_once_and_still_leaves_nothing_running(folder: Path) -> None:
    with started("demo", folder) as demo:
        demo.reads(": rendering")
        demo.interrupt()
        demo.reads("stopping")
        demo.interrupt()
        assert demo.ends() == 130, demo.lines
    assert demo.left() == []


def test_sigterm_ends_a_background_job_of_a_shell_in_the_middle_of_a_render(folder: Path) -> None:
    # A background job ignores SIGINT, and its children inherit that.
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with started("demo", folder) as demo:
            demo.reads(": rendering")
            demo.child.terminate()
            assert demo.ends() == 130, demo.lines
    finally:
        signal.signal(signal.SIGINT, before)
    assert demo.left() == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_to_the_whole_group_leaves_nothing_running(
    folder: Path, number: signal.Signals
) -> None:
    # As `timeout` and a closed terminal do it; tests that run under nohup ignore SIGHUP.
    before = signal.signal(number, signal.SIG_DFL)
    try:
        with started("up", folder) as up:
            up.reads("imggen answers on")
            os.killpg(up.child.pid, number)
            assert up.ends() == 130, up.lines
    finally:
        signal.signal(number, before)
    assert up.left() == []


def test_ctrl_c_while_it_starts_leaves_nothing_running(folder: Path) -> None:
    with started("up", folder) as up:
        up.reads("loading the model")
        up.interrupt()
        assert up.ends() == 130, up.lines
    assert up.left() == []


def test_processes_of_a_killed_run_are_ended_and_those_of_a_live_one_are_not(folder: Path) -> None:
    with started("up", folder) as killed:
        killed.reads("imggen answers on")
        assert len(killed.left()) > 5
        with started("up", folder) as second:
            assert second.ends() == 1
        assert any(f"already runs on {folder}, as process" in line for line in second.lines)
        runs = int((folder / "lock").read_text())
        killed.child.kill()
        killed.child.wait()
    with started("up", folder) as up:
        up.reads("imggen answers on")
        # As an agent of Ray that has just been started when its raylet ends.
        late = subprocess.Popen(
            ["sleep", "60"], env={**os.environ, MARK: str(folder)}, start_new_session=True
        )
        up.interrupt()
        assert up.ends() == 130, up.lines
    assert late.wait() == -signal.SIGKILL
    assert (killed.left(), up.left()) == ([], [])
    assert not list(Path(tempfile.gettempdir()).glob(f"imggen-ray-{runs}-*"))


def test_a_model_that_cannot_be_loaded_is_reported_and_ends_the_run(folder: Path) -> None:
    with started("up", folder, IMGGEN_MODEL_PATH="/nonexistent") as up:
        assert up.ends() == 1
    assert any("/nonexistent" in line for line in up.lines), up.lines
    assert not any("Traceback" in line for line in up.lines)
    assert up.left() == []
